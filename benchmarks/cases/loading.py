"""Loading a project as Dagster's definitions, for three sizes."""

from pathlib import Path

from benchmarks import ours
from benchmarks.case import Bench, Case, Competitor, Facts, Ratio, Start, Work
from benchmarks.projects import write

SIZES = (500, 5_000, 20_000)
SEED = 7


def cases() -> tuple[Case, ...]:
    """List the case."""
    small, middle, large = (f"{ours.NAME}, {size:,} features" for size in SIZES)
    competitors = tuple(
        Competitor(f"{ours.NAME}, {size:,} features", _starting(size), facts=_facts)
        for size in SIZES
    )
    ratios = (
        Ratio("loading_5000_over_500_features", middle, small),
        Ratio("loading_20000_over_5000_features", large, middle),
    )
    title = "Reading the configuration, resolving the graph and building Dagster's definitions"
    return (Case("loading", title, lambda bench: bench.root, competitors, ratios=ratios),)


def _starting(size: int) -> Start:
    def start(bench: Bench, folder: Path) -> Work:
        import dagster  # noqa: F401 - importing is starting

        from benchmarks.validate_features import project
        from fig_assets.project import load_project

        write(project(bench.count(size, least=100), SEED), folder)

        def work() -> None:
            with load_project(folder / "configs") as loaded:
                repository = loaded.definitions().get_repository_def()
                count = len(repository.asset_graph.get_all_asset_keys())
            (folder / "assets").write_text(str(count), encoding="utf-8")

        return work

    return start


def _facts(bench: Bench, folder: Path) -> Facts:
    return {"assets": int((folder / "assets").read_text(encoding="utf-8"))}
