"""Events and tables: what may be written, and what each mistake is told as."""

from pathlib import Path

import pytest

from fig_assets.graph.definitions import Extracted
from fig_assets.graph.period import Reach
from fig_assets.language.types import BIGINT, FLOAT
from tests.graph.projects import Change, drop, graph_of, problems_of, put

ORDER, COUNTRIES = "events/order.json", "tables/countries.json"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            put(ORDER, "fields", "is_refund", value={"function": "$amout < 0"}),
            "configs/events/order.json: /fields/is_refund/function\n"
            "  $amout is not a field of 'order'\n"
            "    $amout < 0\n"
            "    ^^^^^^\n"
            "  fix: write $amount",
            id="unknown field",
        ),
        pytest.param(
            put(ORDER, "fields", "is_refund", value={"function": "$amount < "}),
            "configs/events/order.json: /fields/is_refund/function\n"
            "  a value is expected, found the end\n"
            "    $amount < \n"
            "              ^",
            id="half an expression",
        ),
        pytest.param(
            put(ORDER, "fields", "country", value="a[*]:b::bigint"),
            "configs/events/order.json: /fields/country\n"
            "  every element together is an array, not a bigint\n"
            "    a[*]:b::bigint\n"
            "          ^^^^^^^^\n"
            "  fix: leave the type out, or name one element: [0]",
            id="type of one element for all",
        ),
        pytest.param(
            put(ORDER, "fields", "country", value={"json": "a[*]:b", "type": "float"}),
            "configs/events/order.json: /fields/country/type\n"
            "  every element together is an array, not a float\n"
            "  fix: leave the type out",
            id="declared type of one element for all",
        ),
        pytest.param(
            put(ORDER, "time", value="times[*]"),
            "configs/events/order.json: /time\n"
            "  'time' is one value, and '[*]' leads to many\n"
            "  fix: name one element: [0]",
            id="time of every element",
        ),
        pytest.param(
            put(ORDER, "fields", "is_refund", value={"function": "@SUM($amount) < 0"}),
            "configs/events/order.json: /fields/is_refund/function\n"
            "  an aggregate needs many rows, and here is one\n"
            "    @SUM($amount) < 0\n"
            "    ^^^^^^^^^^^^^\n"
            '  fix: aggregate in a family with a "period"',
            id="aggregate over one event",
        ),
        pytest.param(
            put(ORDER, "fields", "amount", value={"json": "amount", "type": "flot"}),
            "configs/events/order.json: /fields/amount/type\n"
            "  unknown type 'flot'\n"
            '  fix: write "float"',
            id="unknown type",
        ),
        pytest.param(
            put(ORDER, "fields", "is_refund", value={"function": "TRUE", "type": "timestamp"}),
            "configs/events/order.json: /fields/is_refund/type\n"
            "  a boolean cannot become a timestamp\n"
            '  fix: write "boolean"',
            id="impossible type",
        ),
        pytest.param(
            put(ORDER, "fields", "amount", value="amount::embedding(0)"),
            "configs/events/order.json: /fields/amount\n"
            "  an embedding has 1 to 16384 floats, not 'embedding(0)'\n"
            "    amount::embedding(0)\n"
            "            ^^^^^^^^^^^^",
            id="embedding of nothing",
        ),
        pytest.param(
            put(ORDER, "fields", "is_refund", value={"function": "TRUE", "type": "embedding(2)"}),
            "configs/events/order.json: /fields/is_refund/type\n"
            "  a boolean cannot become an embedding(2)\n"
            '  fix: write "boolean"',
            id="embedding of a boolean",
        ),
        pytest.param(
            put(ORDER, "fields", "place", value={"json": "p::embedding(2)", "checks": "unique"}),
            "configs/events/order.json: /fields/place/checks\n"
            "  'unique' cannot judge an embedding(2)\n"
            '  fix: write "checks": "nonnull", or leave it out',
            id="comparing check of an embedding",
        ),
        pytest.param(
            put(ORDER, "where", value="$amount + 1"),
            "configs/events/order.json: /where\n"
            "  gives a float, not a boolean\n"
            "    $amount + 1\n"
            "    ^^^^^^^^^^^\n"
            "  fix: write ($amount + 1) > 0",
            id="filter without an answer",
        ),
        pytest.param(
            put(ORDER, "source", value="event"),
            "configs/events/order.json: /source\n"
            "  source 'event' is not in environment 'local'\n"
            "  fix: write events",
            id="source that the environment lacks",
        ),
        pytest.param(
            put(ORDER, "source", value="countries"),
            "configs/events/order.json: /source\n"
            "  source 'countries' is csv; events are read from json lines\n"
            "  fix: use one of: events",
            id="source of another format",
        ),
        pytest.param(
            drop("project.json", "event_defaults", "time"),
            "configs/events/order.json:1:1\n"
            "  event 'order' has no time path\n"
            '  fix: add "time": "published", or set event_defaults in project.json',
            id="no time",
        ),
        pytest.param(
            put(COUNTRIES, "key", value="cod"),
            "configs/tables/countries.json: /key\n"
            "  key 'cod' is no column of table 'countries'\n"
            "  fix: write code",
            id="key that is no column",
        ),
        pytest.param(
            put(COUNTRIES, "source", value="events"),
            "configs/tables/countries.json: /source\n"
            "  source 'events' is json; tables are read from csv or parquet\n"
            "  fix: name another",
            id="table of lines",
        ),
        pytest.param(
            put(COUNTRIES, "columns", "risk", value="embedding(3)"),
            "configs/tables/countries.json: /columns/risk\n"
            "  tables hold no embeddings\n"
            '  fix: write "string", and "$<prefix>risk::embedding(3)" where it is joined',
            id="embedding in a table",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, change: Change, problem: str
) -> None:
    assert problems_of(tmp_path, change) == [problem]


def test_fields_have_types_paths_and_the_days_of_raw_files_they_read(tmp_path: Path) -> None:
    event = graph_of(tmp_path).events["order"]
    fields = {field.name: field for field in event.attributes}

    assert (fields["shop"].type, fields["amount"].type) == (BIGINT, FLOAT)
    assert isinstance(fields["session"].definition, Extracted)
    assert fields["session"].definition.path.steps == ("session", "id")
    assert [(read.key, read.reach) for read in fields["shop"].inputs] == [
        (("raw", "events"), Reach(0, 1))
    ]
    assert [read.key for read in fields["is_refund"].inputs] == [("events", "order", "amount__v1")]


def fingerprints(folder: Path, *changes: Change) -> dict[str, str]:
    event = graph_of(folder, *changes).events["order"]
    return {field.name: field.fingerprint for field in event.attributes}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put(ORDER, "fields", "session", value="session.id"), id="dot for colon"),
        pytest.param(
            put(ORDER, "fields", "amount", value={"json": "amount", "type": "double"}),
            id="type beside the path",
        ),
        pytest.param(
            put(ORDER, "fields", "is_refund", value={"function": " ($amount@1)<0.0 "}),
            id="spaces, parentheses and a pin",
        ),
        pytest.param(put(ORDER, "description", value="An order."), id="description"),
        pytest.param(
            put(ORDER, "fields", "shop", value={"json": "shop::int", "owner": "team:a"}),
            id="owner and alias",
        ),
        pytest.param(
            put("environments/local.json", "event_defaults", value={"time": "when"}),
            id="what the environment says",
        ),
    ],
)
def test_another_spelling_has_the_same_fingerprints(tmp_path: Path, change: Change) -> None:
    written = put(ORDER, "fields", "is_refund", value={"function": "$amount < 0.0"})

    assert fingerprints(tmp_path / "a", written, change) == fingerprints(tmp_path / "b", written)


@pytest.mark.parametrize(
    ("change", "other"),
    [
        pytest.param(
            put(ORDER, "fields", "country", value="a[0]"),
            put(ORDER, "fields", "country", value='a:"0"'),
            id="place and key",
        ),
        pytest.param(
            put(ORDER, "fields", "country", value={"json": "a::float", "type": "string"}),
            put(ORDER, "fields", "country", value="a"),
            id="through another type",
        ),
        pytest.param(
            put(ORDER, "where", value="$amount > 1"),
            put(ORDER, "where", value="$amount >= 1"),
            id="filter of the event",
        ),
        pytest.param(put(ORDER, "id", value="uuid"), put(ORDER, "id", value="number"), id="id"),
        pytest.param(put(ORDER, "time", value="a:b"), put(ORDER, "time", value="a:c"), id="time"),
    ],
)
def test_another_meaning_has_another_fingerprint(
    tmp_path: Path, change: Change, other: Change
) -> None:
    one, two = fingerprints(tmp_path / "a", change), fingerprints(tmp_path / "b", other)

    assert one["country"] != two["country"]


def test_the_spelling_of_the_event_itself_leaves_no_trace(tmp_path: Path) -> None:
    one = fingerprints(tmp_path / "a", put(ORDER, "where", value="$amount>1"))
    two = fingerprints(tmp_path / "b", put(ORDER, "where", value="( $amount@1 > 1 )"))

    assert one == two


@pytest.mark.parametrize(
    ("change", "reads"),
    [
        pytest.param(
            put("features/request.json", "groups", 0, "features", "shop", value="$account"),
            "account__v1",
            id="feature",
        ),
        pytest.param(put(ORDER, "where", value="$account = 'us'"), "account__v1", id="where"),
        pytest.param(put(ORDER, "fields", "account", value="payer"), "account__v1", id="own field"),
        pytest.param(put(ORDER, "description", value="$account"), None, id="nothing"),
    ],
)
def test_the_account_is_a_field_where_something_reads_it(
    tmp_path: Path, change: Change, reads: str | None
) -> None:
    columns = [field.column for field in graph_of(tmp_path, change).events["order"].attributes]
    assert [name for name in columns if "account" in name] == ([reads] if reads else [])


def test_a_field_called_account_is_read_from_the_payload(tmp_path: Path) -> None:
    event = graph_of(tmp_path, put(ORDER, "fields", "account", value="payer")).events["order"]
    (field,) = [field for field in event.attributes if field.name == "account"]
    assert isinstance(field.definition, Extracted)


@pytest.mark.parametrize(
    ("definition", "reads"),
    [
        pytest.param("$account", "events/order/account__v1", id="itself"),
        pytest.param("@UPPER($country)", "features/request/account__v1", id="another"),
    ],
)
def test_a_feature_called_account_comes_before_the_events_account_but_in_itself(
    tmp_path: Path, definition: str, reads: str
) -> None:
    graph = graph_of(
        tmp_path,
        put("features/request.json", "groups", 0, "features", "account", value=definition),
        put("features/request.json", "groups", 0, "features", "is_ours", value="$account = 'us'"),
    )
    features = {feature.name: feature for feature in graph.row_families["request"].features}
    if definition == "$account":
        assert ["/".join(read.key) for read in features["account"].inputs][:1] == [reads]
    else:
        assert ["/".join(read.key) for read in features["is_ours"].inputs][:1] == [reads]
