"""The explained scores of a model as rows: one for each attribute that made a score.

They are stored with the scores, in one file that is published at once, and so never of another
champion than the scores beside them.
"""

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.graph.nodes import Graph, Model
from fig_assets.language.duck import call, number, text, try_cast
from fig_assets.sql.expressions import column, named
from fig_assets.sql.relations import score_columns

PREFIX = "explanations/"
"""Before the name of a model: how people ask for its explanations."""
RANK, TRAINED_FOR = "rank", "trained_for"
PARTS: dict[str, pa.DataType] = {
    "attribute": pa.string(),
    "version": pa.int64(),
    "attribute_id": pa.int64(),
    "value": pa.string(),
    "contribution": pa.float64(),
}
"""What is told of each attribute; the value as text, the contribution in log odds."""
_STORED = '[{"attribute":"VARCHAR","id":"BIGINT","contribution":"DOUBLE","value":"VARCHAR"}]'
"""What a text holds; older ones have no `id` and no `value`, which are then NULL."""
_LIST, _PART = "explanation__parts", "explanation__part"


def explanation_columns(graph: Graph, model: Model) -> dict[str, pa.DataType]:
    """Return the columns of a model's explanations, `day` and the key first.

    What is told is called `explained_<name>` where the key itself has that name.
    """
    key = graph.row_families[model.family].granularity
    stored = score_columns(graph, model.title)
    leading = {DAY: stored[DAY], key: stored[key]}
    told = {RANK: pa.int64(), **PARTS, TRAINED_FOR: stored[TRAINED_FOR]}
    return leading | {apart(name, key): kind for name, kind in told.items()}


def apart(name: str, key: str) -> str:
    """Name a column beside the key."""
    return f"explained_{name}" if name == key else name


def unfold(scores: exp.Table, key: str) -> exp.Subquery:
    """Make a row of each attribute in the texts of explanations; rank 1 contributed most."""
    attributes = call("JSON_EXTRACT", column("explanation"), text("$.attributes"))
    listed = call("FROM_JSON", attributes, text(_STORED))
    texts = exp.select(*_carried(key), named(listed, _LIST)).from_(scores)
    texts.where(exp.Not(this=column("explanation").is_(exp.null())), copy=False)
    ranks = call("RANGE", number(1), exp.Add(this=call("LEN", column(_LIST)), expression=number(1)))
    parts = exp.select(
        *_carried(key),
        named(call("UNNEST", ranks), apart(RANK, key)),
        named(call("UNNEST", column(_LIST)), _PART),
    ).from_(texts.subquery("texts"))
    told = {
        "attribute": call("SPLIT_PART", _field("attribute"), text("@"), number(1)),
        "version": try_cast(
            call("SPLIT_PART", _field("attribute"), text("@"), number(2)), "BIGINT"
        ),
        "attribute_id": _field("id"),
        "value": _field("value"),
        "contribution": _field("contribution"),
    }
    columns = [named(tree, apart(name, key)) for name, tree in told.items()]
    shown = exp.select(*_carried(key), column(apart(RANK, key)), *columns)
    return shown.from_(parts.subquery("parts")).subquery("stored")


def _carried(key: str) -> list[exp.Expr]:
    return [column(name) for name in (DAY, key, TRAINED_FOR)]


def _field(name: str) -> exp.Expr:
    return call("STRUCT_EXTRACT", column(_PART), text(name))
