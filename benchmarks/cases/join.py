"""A million requests, each joined to six relations of windows as of the day before it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from string import Template

import pyarrow as pa

from benchmarks import hand, ours
from benchmarks.case import Bench, Case, Competitor, Ratio
from benchmarks.events import Traffic
from benchmarks.projects import FIELDS, MERGEABLE, Files, Json, base, period

REQUESTS = 1_000_000
NUMBER_OF_DAYS = 10
SPANS = (7, 30)
FAMILIES = {
    "network": ("number", "bigint"),
    "address": ("address", "string"),
    "user": ("user", "string"),
}
FEATURES = ("event_count", "failure_count", "seconds_mean", "bytes_max")
ROWS = "request"


def traffic(bench: Bench) -> Traffic:
    """Return the requests of ten days, and of one day before them."""
    a_day = bench.count(REQUESTS // NUMBER_OF_DAYS, least=50)
    return Traffic(a_day, bench.count(5_000, least=5), bench.days(NUMBER_OF_DAYS) + 1)


def joined(bench: Bench) -> Sequence[date]:
    """Return the days of the requests."""
    return traffic(bench).dates[1:]


def earlier(bench: Bench) -> Sequence[date]:
    """Return the days of the windows."""
    return traffic(bench).dates[:-1]


def cases() -> tuple[Case, ...]:
    """List the case."""
    competitors = (
        Competitor(
            ours.NAME, ours.running(_with_windows, project, ours.step("row", joined)), _stored
        ),
        Competitor(
            hand.NAME,
            hand.copying(_statements),
            hand.copied(lambda bench: [str(day) for day in joined(bench)]),
        ),
    )
    title = (
        "One million requests of ten days joined to six relations of windows (networks, addresses, "
        "users; weekly and monthly) as of the day before: 24 joined columns"
    )
    ratios = (Ratio("point_in_time_join_vs_hand_sql", hand.NAME, ours.NAME),)
    name = "point_in_time_join"
    return (Case(name, title, _with_windows, competitors, hand.NAME, ("session_id",), ratios),)


def project(bench: Bench) -> Files:
    """Return three windowed families in two periods, and the rows that join them."""
    fields = {**FIELDS, "session": "session"}
    event: Json = {"name": "sign_in", "event_name": "sign_in", "fields": fields}
    files = {**base(), "events/sign_in.json": event}
    own: Json = {"number": "$number", "bytes": "$bytes"}
    groups: list[Json] = [
        {"source": "sign_in", "granularity_field": "session", "features": own},
    ]
    for family, (field, kind) in FAMILIES.items():
        features = {name: MERGEABLE[name] for name in FEATURES}
        group: Json = {"source": "sign_in", "granularity_field": field, "features": features}
        files[f"features/{family}.json"] = {
            "name": family,
            "granularity": f"{family}_key",
            "granularity_type": kind,
            "period": [period(bench.window(span)) for span in SPANS],
            "groups": [group],
        }
        for span in SPANS:
            match = {"field": field, "period": period(bench.window(span))}
            prefix = _prefix(family, span)
            groups.append(
                {"source": family, "granularity_match": match, "prefix": prefix, "features": "*"}
            )
    rows: Json = {"name": ROWS, "granularity": "session_id", "granularity_type": "string"}
    return {**files, "features/request.json": {**rows, "groups": groups}}


def _prefix(family: str, span: int) -> str:
    return f"{family}_{span}d_"


def _with_windows(bench: Bench) -> Path:
    return bench.cached("join", lambda folder: _build(bench, folder))


def _build(bench: Bench, folder: Path) -> None:
    made = traffic(bench)
    ours.write(project(bench), folder)
    with ours.load(folder) as opened:
        tables = (_with_session(made, day) for day in made.dates)
        ours.store_events(opened, ours.EVENT, tables, made.dates)
        for kind in ("states", "window"):
            ours.step(kind, earlier)(bench, opened)


def _with_session(made: Traffic, day: date) -> pa.Table:
    table = made.day(day)
    return table.append_column("session", table.column("event_id"))


def _stored(bench: Bench, folder: Path) -> Mapping[str, Path]:
    return {str(day): ours.stored(folder, f"families/{ROWS}", day) for day in joined(bench)}


def _statements(bench: Bench) -> Mapping[str, Template]:
    lake = _with_windows(bench)
    found = {}
    for day in joined(bench):
        joins, columns = [], []
        for family, (field, _) in FAMILIES.items():
            for span in SPANS:
                relation = f"families/{family}/{period(bench.window(span))}"
                path = ours.stored(lake, relation, day - timedelta(days=1))
                alias = f"{family}_{span}"
                same = f"{alias}.{family}_key = r.{field}__v1"
                joins.append(f"LEFT JOIN read_parquet('{path}') AS {alias} ON {same}")
                prefix = _prefix(family, span)
                columns += [f"{alias}.{name}__v1 AS {prefix}{name}" for name in FEATURES]
        requests = ours.stored(lake, f"events/{ours.EVENT}", day)
        found[str(day)] = hand.template(
            "join",
            columns=",\n    ".join(columns),
            joins="\n  ".join(joins),
            requests=str(requests),
        )
    return found
