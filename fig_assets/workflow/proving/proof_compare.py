"""Rows of two lakes -> counter-examples: which value of which row is not what it should be."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from fig_assets.workflow.proving.proof_lake import ProofLake, Relation, Row

MOST_DIFFERENCES = 20
RowKey = tuple[object, ...]


@dataclass(frozen=True)
class Difference:
    """A counter-example: one value of one row that is not what it should be, and what made it so.

    `key` is empty where a whole day differs.
    """

    relation: str
    day: date
    key: RowKey
    column: str
    expected: object
    found: object
    cause: str = ""

    def __str__(self) -> str:
        row = f", row ({', '.join(map(repr, self.key))})" if self.key else ""
        text = f"{self.relation} of {self.day}{row}, {self.column}: "
        text += f"{self.expected!r} is {self.found!r}"
        return f"{text}\n  because of {self.cause}" if self.cause else text


@dataclass
class Proof:
    """One promise: how many values were compared, and the counter-examples."""

    name: str
    promise: str
    values: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether there is no counter-example."""
        return not self.differences

    def add(self, difference: Difference) -> None:
        """Keep a counter-example, as long as there are few."""
        if len(self.differences) < MOST_DIFFERENCES:
            self.differences.append(difference)


def compare(proof: Proof, one: ProofLake, other: ProofLake, stored: Iterable[Relation]) -> None:
    """Compare whole days of relations, rows and values; floats to the last bit."""
    for name, day in sorted(stored):
        differing(proof, (name, day), one.rows(name, day), other.rows(name, day))


def compare_rows(
    proof: Proof,
    lakes: tuple[ProofLake, ProofLake],
    relation: Relation,
    keys: Collection[RowKey],
    columns: Collection[str],
) -> None:
    """Compare some columns of some rows of one day."""
    one, other = (
        {
            key: {name: row[name] for name in columns if name in row}
            for key, row in lake.rows(*relation).items()
            if key in keys
        }
        for lake in lakes
    )
    differing(proof, relation, one, other)


def differing(
    proof: Proof, relation: Relation, expected: dict[RowKey, Row], found: dict[RowKey, Row]
) -> None:
    """Compare rows by key."""
    name, day = relation
    for key in sorted(expected.keys() | found.keys(), key=repr):
        if key not in found or key not in expected:
            words = ("there", "missing") if key in expected else ("missing", "there")
            proof.add(Difference(name, day, key, "the row", *words))
            continue
        proof.values += len(expected[key])
        for column, value in expected[key].items():
            if not _same(found[key].get(column), value):
                proof.add(Difference(name, day, key, column, value, found[key].get(column)))


def _same(found: object, expected: object) -> bool:
    """Compare values as they are printed: a float to its last bit, 0.0 equal to -0.0."""
    return found == expected and type(found) is type(expected)
