"""Random valid projects: a JSON value for each file below configs/, and nothing of the oracle."""

import re
from dataclasses import dataclass, field
from random import Random

from tests.generated.expressions import TYPES, Expressions

Json = dict[str, object]

NAMES = (
    "select", "order", "group", "user", "table", "limit", "all", "end", "values", "case", "from",
    "where", "join", "index", "rows", "x", "a1", "partition", "filter", "interval", "date", "null",
    "true", "count", "sum", "key", "type", "name", "desc", "with", "window", "left",
    "cross", "time", "timestamp", "string", "float", "events", "stored", "merged", "their_a",
    "fields", "parsed",
    "features", "labels", "votes", "step_2", "entities", "grouped", "other", "found", "payload",
)  # fmt: skip
KEYS = ("k", "Kind", '"odd key"', '"ü"', '"a.b"', "select", '"$x"', '"it\'s"')
PYTHON = """
def known(table):
    return [known_of_row(*row.values()) for row in table.to_pylist()]


def known_of_row(*values):
    return sum(value is not None for value in values) or None
"""
PERIODS = ("daily", "2d_by_day", "3d_by_day", "weekly_by_day")
AGGREGATES = {
    "string": (
        "COUNT",
        "COUNT_DISTINCT",
        "APPROX_COUNT_DISTINCT",
        "MIN",
        "MAX",
        "FIRST",
        "LAST",
        "MODE",
        "ENTROPY",
    ),
    "bigint": ("SUM", "AVG", "MIN", "MAX", "COUNT_DISTINCT", "LAST", "MODE", "VARIANCE"),
    "float": ("SUM", "AVG", "MAX", "FIRST", "STDDEV", "VARIANCE", "COUNT"),
    "boolean": ("COUNT_IF", "SUM", "AVG", "BOOL_OR", "BOOL_AND", "LAST"),
    "timestamp": ("MIN", "MAX", "LAST", "COUNT"),
    "date": ("MIN", "COUNT_DISTINCT", "MODE"),
}
RESULTS = {
    "COUNT": "bigint", "COUNT_DISTINCT": "bigint", "APPROX_COUNT_DISTINCT": "bigint",
    "COUNT_IF": "bigint", "AVG": "float",
    "STDDEV": "float", "VARIANCE": "float", "ENTROPY": "float", "BOOL_OR": "boolean",
    "BOOL_AND": "boolean",
}  # fmt: skip
DEPTH = 5
"""How deep features of features are nested."""


@dataclass
class Made:
    """A thing that others read: its name and the types of what it has."""

    name: str
    types: dict[str, str] = field(default_factory=dict)
    key_type: str = "string"
    periods: tuple[str, ...] = ()


class Projects:
    """Makes one project from one chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.files: Json = {}
        self._names = chance.sample(NAMES, len(NAMES))
        self._count = 0
        self.events: list[Made] = []
        self.families: list[Made] = []
        self.rows: list[Made] = []
        self.tables: list[Made] = []
        self.daily = False

    def make(self) -> Json:
        """Make events, tables, families, row families, labels and sometimes a model."""
        chance = self.chance
        for _ in range(chance.choice((1, 1, 2))):
            self._event()
        if chance.random() < 0.5:
            self._table()
        for _ in range(chance.choice((1, 1, 2))):
            self._family()
        for _ in range(chance.choice((1, 1, 2))):
            self._row()
        if chance.random() < 0.6:
            self._labels()
        self.files["environments/local.json"] = self._environment()
        return self.files

    def _name(self) -> str:
        self._count += 1
        return self._names.pop() if self._names else f"n{self._count}"

    def _environment(self) -> Json:
        sources: Json = {
            f"raw_{n}": {"format": "json", "path": f"raw/r{n}/{{date}}.jsonl", "late_days": n}
            for n in range(2)
        }
        day = "-{date}" if self.daily else ""
        for table in self.tables:
            sources[f"file_{table.name}"] = {"format": "csv", "path": f"raw/{table.name}{day}.csv"}
        return {
            "name": "local",
            "warehouse": {"type": "duckdb", "path": "lake"},
            "models": {"path": "models"},
            "sources": sources,
            "event_defaults": {"event_type": "kind", "time": "at", "id": "meta:id"},
        }

    def _event(self) -> None:
        chance, made = self.chance, Made(self._name())
        fields: Json = {}
        for place in range(chance.randint(4, 6)):
            name, kind = self._name(), chance.choice(TYPES) if place > 2 else TYPES[place % 2]
            path = f"p{place // 4}:{chance.choice(KEYS)}" if place % 2 else f"q{place}[0]:v"
            if place > 2 and chance.random() < 0.2:
                path, kind = f"q{place}[*]:v", "string"
            fields[name] = f"{path}::{kind}"
            made.types[name] = kind
        for _ in range(chance.randint(1, 3)):
            name, kind = self._name(), chance.choice(TYPES)
            fields[name] = self._versioned(kind, made.types)
            made.types[name] = kind
        event: Json = {"name": made.name, "source": f"raw_{chance.randint(0, 1)}", "fields": fields}
        if self.events or chance.random() < 0.8:
            event["event_name"] = f"type {made.name}"
        if chance.random() < 0.3:
            event["where"] = Expressions(chance, made.types).of("boolean") + " IS NOT TRUE"
        if chance.random() < 0.2:
            event["time"] = "own:time"
        if chance.random() < 0.2:
            event["id"] = "own:id"
        made.types = {**made.types, "event_time": "timestamp", "event_id": "string"}
        self.files[f"events/{made.name}.json"] = event
        self.events.append(made)

    def _versioned(self, kind: str, scope: dict[str, str]) -> Json:
        first: Json = {"function": self._reading(kind, scope), "type": kind}
        if self.chance.random() < 0.75:
            return first
        second: Json = {"function": self._reading(kind, scope), "type": kind}
        default = self.chance.choice((1, 2))
        return {"default_version": default, "versions": {"1": first, "2": second}}

    def _reading(self, kind: str, scope: dict[str, str]) -> str:
        """Make an expression that reads something: one of literals alone says nothing."""
        expressions = Expressions(self.chance, scope)
        texts = (expressions.of(kind) for _ in range(9_999))
        return next(t for t in texts if re.search(r"\$[a-z]", t.replace("'$x @F(1)'", "")))

    def _table(self) -> None:
        made = Made(self._name(), key_type=self.chance.choice(("string", "bigint")))
        columns = {"code": made.key_type, "risk": "float", "group": "string", "select": "boolean"}
        self.daily = self.chance.random() < 0.5
        made.types = {n: kind for n, kind in columns.items() if n != "code"}
        self.files[f"tables/{made.name}.json"] = {
            "name": made.name,
            "source": f"file_{made.name}",
            "key": "code",
            "snapshot": "daily" if self.daily else "static",
            "columns": columns,
        }
        self.tables.append(made)

    def _family(self) -> None:
        chance = self.chance
        made = Made(self._name(), key_type=chance.choice(("string", "bigint")))
        made.periods = tuple(sorted(chance.sample(PERIODS, chance.choice((1, 1, 2)))))
        groups: list[Json] = []
        for event in chance.sample(self.events, chance.randint(1, len(self.events))):
            keys = [n for n, kind in event.types.items() if kind == made.key_type]
            entity = next((n for n in keys if n != "event_id"), keys[0] if keys else None)
            if entity is not None:
                groups.append(self._group(event, entity, made))
        if not groups:
            event = self.events[0]
            made.key_type = "string"
            entity = next(n for n, kind in event.types.items() if kind == "string")
            groups.append(self._group(event, entity, made))
        siblings = self._nested(made, chance.randint(0, 2))
        groups[0]["features"] = {**groups[0]["features"], **siblings}  # type: ignore[dict-item]
        self.files[f"features/{made.name}.json"] = {
            "name": made.name,
            "granularity": self._name(),
            "granularity_type": made.key_type,
            "period": list(made.periods),
            "groups": groups,
        }
        self.families.append(made)

    def _group(self, event: Made, entity: str, made: Made) -> Json:
        chance = self.chance
        features: Json = {}
        for _ in range(chance.randint(2, 5)):
            name = self._name()
            text, kind = self._aggregate(event)
            features[name], made.types[name] = {"function": text, "type": kind}, kind
        group: Json = {"source": event.name, "granularity_field": entity, "features": features}
        if chance.random() < 0.3:
            group["where"] = Expressions(chance, event.types).of("boolean") + " IS NOT FALSE"
        return group

    def _aggregate(self, event: Made) -> tuple[str, str]:
        chance = self.chance
        if chance.random() < 0.2:
            return "@COUNT(*)", "bigint"
        kind = chance.choice(TYPES)
        function = chance.choice(AGGREGATES[kind])
        text = f"@{function}({Expressions(chance, event.types).of(kind, 1)})"
        if chance.random() < 0.25:
            text += f" FILTER (WHERE {Expressions(chance, event.types).of('boolean', 1)})"
        result = RESULTS.get(function, kind)
        result = "bigint" if (function, kind) == ("SUM", "boolean") else result
        if result in ("bigint", "float") and chance.random() < 0.2:
            return f"{text} / @COUNT(*)", "float"
        return text, result

    def _nested(self, made: Made, count: int) -> Json:
        """Make features of features, each reading the one before it if types allow."""
        found: Json = {}
        for _ in range(count):
            name, kind = self._name(), self.chance.choice(TYPES)
            if self.chance.random() < 0.15:
                inputs = [f"${it}" for it in self.chance.sample(sorted(made.types), 2)]
                found[name] = {"python": "odd:known", "inputs": inputs, "type": "bigint"}
                made.types = {**made.types, name: "bigint"}
                continue
            found[name] = self._versioned(kind, made.types)
            made.types = {**made.types, name: kind}
        return found

    def _row(self) -> None:
        chance, event = self.chance, self.chance.choice(self.events)
        made = Made(self._name())
        own: Json = {}
        for field_name, kind in list(event.types.items())[:3]:
            name = self._name()
            own[name] = f"${field_name}"
            made.types[name] = kind
        keys = [n for n, kind in event.types.items() if kind == "string" and n != "event_id"]
        base = {"source": event.name, "granularity_field": chance.choice(keys), "features": own}
        if chance.random() < 0.3:
            base["where"] = Expressions(chance, event.types).of("boolean") + " IS NOT TRUE"
        groups: list[Json] = [base]
        groups += self._joins(made)
        groups.append({"features": self._nested(made, DEPTH)})
        chance.shuffle(groups)
        self.files[f"features/{made.name}.json"] = {
            "name": made.name,
            "granularity": self._name(),
            "granularity_type": "string",
            "groups": groups,
        }
        self.rows.append(made)

    def _joins(self, made: Made) -> list[Json]:
        chance = self.chance
        own, groups = dict(made.types), []
        for other in (*self.families, *self.tables, *self.rows):
            matches = [name for name, kind in own.items() if kind == other.key_type]
            if not matches:
                continue
            prefix = f"p{len(groups)}_"
            match: Json = {"field": chance.choice(matches)}
            if other.periods:
                match["period"] = chance.choice(other.periods)
            names = chance.sample(sorted(other.types), chance.randint(1, len(other.types)))
            group: Json = {
                "source": other.name,
                "granularity_match": match,
                "prefix": prefix,
                "features": names,
            }
            if other.periods and chance.random() < 0.3:
                group["no_match"] = "zero"
            if chance.random() < 0.15 and other not in self.tables:
                group["as_of"] = "same_day"
            groups.append(group)
            made.types |= {f"{prefix}{name}": other.types[name] for name in names}
        return groups

    def _labels(self) -> None:
        chance, row = self.chance, self.rows[-1]
        name = self._name()
        weak: Json = {
            self._name(): {"when": Expressions(chance, row.types).of("boolean"), "vote": vote}
            for vote in ("good", "bad", "bad")
        }
        condition = Expressions(chance, row.types).of("boolean")
        weak[self._name()] = {"function": f"CASE WHEN {condition} THEN 'good' ELSE 'odd' END"}
        weights = {next(iter(weak)): 2.5}
        plural, weighted = self._name(), self._name()
        strong: Json = {
            plural: {"method": "plurality_vote", "ties": chance.choice(("abstain", "bad"))},
            weighted: {"method": "weighted_vote", "weights": weights, "default": "good"},
        }
        self.files[f"labels/{name}.json"] = {
            "name": name,
            "family": row.name,
            "classes": ["good", "bad"],
            "weak_labels": weak,
            "strong_labels": strong,
        }
        if chance.random() < 0.25:
            self._model(row, name, weighted)

    def _model(self, row: Made, labels: str, label: str) -> None:
        """Add a model of the rows' features, and features over its scores."""
        name, score = self._name(), self._name()
        inputs = self.chance.sample(sorted(row.types), min(3, len(row.types)))
        self.files[f"models/{name}.json"] = {
            "name": name,
            "training_delay_delta_days": 1,
            "training_time_delta_days": 1,
            "input_features": [{"family_name": row.name, "feature_names": {"all": inputs}}],
            "truth_label": {"source": labels, "name": label},
            "output_features": [score],
            "retrain": {"every_days": 1},
            "promotion": {"metric": "average_precision", "min": 0},
            "allow_incomplete": True,
            "allow_shared": dict.fromkeys(inputs, "a test"),
        }
        family: Json = self.files[f"features/{row.name}.json"]  # type: ignore[assignment]
        risk = {"function": f"$s_{score} > 0.5 OR $s_{score} IS NULL", "type": "boolean"}
        family["groups"] += [  # type: ignore[operator]
            {"source": name, "prefix": "s_", "features": [score]},
            {"features": {self._name(): risk}},
        ]
