"""Which version a reference without one stands for: the locked one for this consumer, if any."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Pins:
    """Chooses versions and records each choice under whoever reads.

    A consumer is an attribute version (`asn.failure_rate@1`), a joined feature without its version
    (`request.asn_weekly_failure_rate`), a model version (`scorer@1`), or an owner (`asn`), for what
    selects its rows. Moving a default version therefore moves no consumer that is locked.

    Attributes:
        locked: What the lock file says.
        made: What was chosen while this project was resolved.
    """

    locked: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    made: dict[str, dict[str, int]] = field(default_factory=dict)
    _readers: list[str] = field(default_factory=list)

    @contextmanager
    def reading(self, consumer: str) -> Iterator[None]:
        """Let `consumer` be the one that reads, inside the `with`."""
        self._readers.append(consumer)
        try:
            yield
        finally:
            self._readers.pop()

    @property
    def reader(self) -> str:
        """Who reads at this moment."""
        return self._readers[-1]

    def version(self, owner: str, name: str, default: int) -> int:
        """Return the version that the reader gets of `owner`'s attribute `name`."""
        reference = f"{owner}.{name}"
        chosen = self.locked.get(self.reader, {}).get(reference, default)
        self.made.setdefault(self.reader, {})[reference] = chosen
        return chosen
