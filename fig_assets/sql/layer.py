"""An op of a windowed family -> which features it computes, and whether it makes the rows."""

from dataclasses import dataclass
from functools import lru_cache

from fig_assets.graph.nodes import Attribute, Family, Graph, Op
from fig_assets.graph.period import Period
from fig_assets.sql.state_columns import REMEMBERED


@dataclass(frozen=True, eq=False)
class Layer:
    """The features of one period that one op computes.

    Only the first op of a period makes its rows. A later one computes what reads Python features:
    it finds the rows stored, with the columns of the ops before it.
    """

    family: Family
    period: Period
    features: tuple[Attribute, ...]
    is_first: bool

    @property
    def relation(self) -> str:
        """The stored relation."""
        return self.family.relation(self.period)


@lru_cache(REMEMBERED)
def layer_of(graph: Graph, op: Op) -> Layer:
    """Return what a window op computes."""
    if op.period is None:
        raise ValueError(op.name)
    features = tuple(graph.attributes[key] for key in op.keys if key in graph.attributes)
    same = [o for o in graph.ops if (o.kind, o.owner, o.period) == (op.kind, op.owner, op.period)]
    is_first = op.stratum == min(other.stratum for other in same)
    return Layer(graph.families[op.owner], op.period, features, is_first)
