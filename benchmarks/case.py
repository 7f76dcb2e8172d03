"""A case: one task done by several competitors, whose results are compared before timing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

Work = Callable[[], None]
Facts = Mapping[str, float]

TINY = 0.01
"""Below this scale also days and windows are cut down: a test that everything works."""
TINY_WINDOWS = {1: 1, 7: 2, 30: 4, 90: 6}


@dataclass(frozen=True)
class Bench:
    """Where a benchmark keeps its files, and how large it is; 1.0 is the full size."""

    root: Path
    scale: float = 1.0

    @property
    def is_tiny(self) -> bool:
        """Whether only the working of the cases is tried."""
        return self.scale < TINY

    def count(self, full: int, least: int = 1) -> int:
        """Scale a number of rows, entities or values."""
        return max(least, round(full * self.scale))

    def days(self, full: int) -> int:
        """Return a number of days: the full one, or a tenth of it in a tiny run."""
        return max(2, full // 10) if self.is_tiny else full

    def window(self, full: int) -> int:
        """Return the length of a window in days: the full one, or a short one in a tiny run."""
        return TINY_WINDOWS[full] if self.is_tiny else full

    def cached(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the folder `name`, made once by `make` and kept for later runs of this scale."""
        folder = self.root / f"scale_{self.scale:g}" / name
        if not folder.is_dir():
            making = folder.with_name(f".{folder.name}-{uuid4().hex}")
            making.mkdir(parents=True)
            make(making)
            making.rename(folder)
        return folder


Start = Callable[[Bench, Path], Work]
"""Opens what is needed, in a fresh folder, and returns the work that is timed."""
Outputs = Callable[[Bench, Path], Mapping[str, Path]]
"""Title -> Parquet file of what a competitor made in a folder."""


@dataclass(frozen=True)
class Competitor:
    """One way to do the task of a case."""

    name: str
    start: Start
    outputs: Outputs | None = None
    """None where it makes nothing that could be compared."""
    reference: str = ""
    """The competitor whose results are the right ones, where it is not that of the case."""
    missing: Callable[[], str] = lambda: ""
    """Why it cannot run here, in words; empty where it can."""
    is_profiled: bool = False
    """Whether to tell, on every run, where the CPU seconds go."""
    facts: Callable[[Bench, Path], Facts] = lambda bench, folder: {}
    """More numbers to report, read from the folder after the work."""


@dataclass(frozen=True)
class Ratio:
    """CPU seconds of one competitor divided by those of another: `over` / `under`."""

    name: str
    over: str
    under: str


@dataclass(frozen=True)
class Case:
    """A task, its competitors, and what is claimed about them."""

    name: str
    title: str
    """What is done, at full size."""
    prepare: Callable[[Bench], object]
    competitors: tuple[Competitor, ...]
    reference: str = ""
    """The competitor whose results are the right ones; empty where nothing is compared."""
    key: tuple[str, ...] = ()
    """The columns that name a row in the outputs."""
    ratios: tuple[Ratio, ...] = ()


@dataclass(frozen=True)
class Measured:
    """What one run of a competitor took, of its process and that process's children."""

    cpu_s: float
    wall_s: float
    peak_mib: float
    startup_cpu_s: float
    """CPU seconds before the timed work: imports, opening, loading a project."""
    facts: Facts = field(default_factory=dict)
    profile: Mapping[str, float] = field(default_factory=dict)
    """CPU seconds by what the threads were doing, where that was asked for."""


@dataclass
class Outcome:
    """What a case gave: all runs of each competitor, and how many rows were compared."""

    case: Case
    runs: dict[str, list[Measured]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """Competitor -> why it did not run."""
    rows_compared: int = 0
    scale: float = 1.0
    """1 is the full size, which the titles speak of."""

    def best(self, competitor: str) -> Measured | None:
        """Return the run of a competitor that took the fewest CPU seconds."""
        runs = self.runs.get(competitor)
        return min(runs, key=lambda run: run.cpu_s) if runs else None

    def ratios(self) -> dict[str, float]:
        """Return the ratios of the case whose competitors ran."""
        found = {}
        for ratio in self.case.ratios:
            over, under = self.best(ratio.over), self.best(ratio.under)
            if over is not None and under is not None:
                found[ratio.name] = over.cpu_s / under.cpu_s
        return found
