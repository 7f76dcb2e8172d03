"""Files of the configuration that could not be used -> assets whose check fails with the reason."""

from collections.abc import Iterable

from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetKey,
    AssetSpec,
    asset_check,
)

from fig_assets.errors import Problem

GROUP = "broken_configuration"
CHECK = "is_valid"


def broken_files(
    problems: Iterable[Problem],
) -> tuple[list[AssetSpec], list[AssetChecksDefinition]]:
    """Describe each file with problems, so that one broken file does not hide the healthy rest.

    Returns:
        An asset for each file, whose description tells the problems, and its failing check.
    """
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        by_file.setdefault(problem.where.file, []).append(problem)
    specs, checks = [], []
    for file, found in sorted(by_file.items()):
        key = AssetKey(["configuration", *file.split("/")])
        text = "\n".join(map(str, found))
        words = f"`{file}` is not loaded, nor what reads it.\n\n```\n{text}\n```"
        specs.append(AssetSpec(key, group_name=GROUP, description=words))
        checks.append(_failing(key, text))
    return specs, checks


def _failing(key: AssetKey, text: str) -> AssetChecksDefinition:
    @asset_check(asset=key, name=CHECK, description="the file is valid")
    def is_valid() -> AssetCheckResult:
        return AssetCheckResult(
            passed=False, severity=AssetCheckSeverity.ERROR, description=text[:2000]
        )

    return is_valid
