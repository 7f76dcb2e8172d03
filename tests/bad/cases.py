"""The bad configurations: a base project that is valid, and what each case lays over it."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from fig_assets.cli import main
from fig_assets.errors import ConfigError, Problem
from fig_assets.project import load_project

HERE = Path(__file__).parent
BASE = HERE / "base"
NOT_LAID = ("expected.txt", "case.json", "mend.json")


@dataclass(frozen=True)
class Case:
    """A folder with the files that differ from the base, and what `fig validate` says of them.

    `case.json` may name an environment (`env`), files of the base to leave out (`remove`),
    and that its mends need a human (`by_hand`);
    `mend.json` replaces texts by what the message proposes: `{file: [[old, new], ...]}`.
    """

    folder: Path

    @property
    def title(self) -> str:
        return self.folder.relative_to(HERE).as_posix()

    @property
    def expected(self) -> Path:
        return self.folder / "expected.txt"

    @property
    def mends(self) -> dict[str, list[tuple[str, str]]]:
        return _read(self.folder / "mend.json")

    @property
    def by_hand(self) -> bool:
        """Whether its mends need a human: they offer a choice, or words only."""
        return bool(_read(self.folder / "case.json").get("by_hand"))

    @property
    def environment(self) -> str:
        return str(_read(self.folder / "case.json").get("env", "local"))

    def write(self, folder: Path) -> Path:
        """Write the project of this case below `folder`; gives the project's folder."""
        configs = folder / "configs"
        shutil.copytree(BASE, configs)
        for name in _read(self.folder / "case.json").get("remove", []):
            (configs / name).unlink()
        for file in sorted(self.folder.rglob("*")):
            if file.is_file() and file.name not in NOT_LAID:
                target = configs / file.relative_to(self.folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
        return configs


def cases() -> list[Case]:
    return [Case(file.parent) for file in sorted(HERE.glob("*/*/expected.txt"))]


def validate(configs: Path, environment: str = "local", *options: str) -> tuple[int, str, str]:
    """Run the real command; gives its exit status, what it printed, and its messages."""
    words = ["validate", "--project", str(configs), "--env", environment, *options]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr.replace(str(configs.parent), "<root>")


def problems_of(configs: Path, environment: str = "local") -> tuple[Problem, ...]:
    """Give the mistakes of a project; nothing where it is valid."""
    try:
        load_project(configs, environment).close()
    except ConfigError as refusal:
        return refusal.problems
    return ()


def _read(file: Path) -> dict:  # type: ignore[type-arg]
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
