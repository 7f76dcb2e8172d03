"""Random valid projects: a JSON value for each file below configs/, and nothing of the oracle."""

import re
from dataclasses import dataclass, field
from random import Random

from tests.generated.checks import with_checks
from tests.generated.expressions import TYPES, Expressions
from tests.generated.readers import labels_of, model_of

Json = dict[str, object]

NAMES = (
    "select", "order", "group", "user", "table", "limit", "all", "end", "values", "case", "from",
    "where", "join", "index", "rows", "x", "a1", "partition", "filter", "interval", "date", "null",
    "true", "count", "sum", "key", "type", "name", "desc", "with", "window", "left",
    "cross", "time", "timestamp", "string", "float", "events", "stored", "merged", "their_a",
    "fields", "parsed",
    "features", "labels", "votes", "step_2", "entities", "grouped", "other", "found", "payload",
    "value", "row", "current", "days", "l", "r", "e", "b", "s", "source_file", "source_line",
    "state", "lateral", "unnest", "struct", "map", "list", "lambda", "qualify", "pivot", "asof",
)  # fmt: skip
KEYS = ("k", "Kind", '"odd key"', '"ü"', '"a.b"', "select", '"$x"', '"it\'s"')
PYTHON = """
def known(table):
    return [known_of_row(*row.values()) for row in table.to_pylist()]


def known_of_row(*values):
    return sum(value is not None for value in values) or None


def pair(table):
    return [pair_of_row(*row.values()) for row in table.to_pylist()]


def pair_of_row(*values):
    number = sum(value is not None for value in values)
    return [number, len(values), 0.5] if number % 2 else None
"""
PERIODS = ("daily", "2d_by_day", "3d_by_day", "weekly_by_day")
VECTOR = "embedding(3)"
MOMENT = {"event_time", "event_id"}
KEY_TYPES = ("string", "string", "bigint", "bigint", "float", "boolean", "date", "timestamp")
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
WITHOUT_CANCELLING = ("@ABS({})", "@GREATEST(@LEAST({}, 1000), -1000)")
"""Of sums like 1e308 + 1 - 1e308 the language does not say what is left."""
DEPTHS = (1, 1, 2, 5)
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
        self.fields_of: dict[str, dict[str, str]] = {}
        self.daily = False

    def make(self) -> Json:
        """Make events, tables, families, row families, labels and sometimes a model."""
        chance = self.chance
        for _ in range(chance.choice((1, 1, 1, 2))):
            self._event()
        if chance.random() < 0.5:
            self._table()
        for _ in range(chance.choice((1, 1, 1, 2))):
            self._family()
        for _ in range(chance.choice((1, 1, 1, 2))):
            self._row()
        if chance.random() < 0.2:
            self._family(self.rows)
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
        for place in range(chance.randint(4, 5)):
            name, kind = self._name(), chance.choice(TYPES) if place > 2 else TYPES[place % 2]
            path = f"p{place // 4}:{chance.choice(KEYS)}" if place % 2 else f"q{place}[0]:v"
            if place > 2 and chance.random() < 0.2:
                path, kind = f"q{place}[*]:v", "string"
            fields[name] = with_checks(chance, {"json": f"{path}::{kind}"}, kind)
            made.types[name] = kind
        if chance.random() < 0.3:
            name = self._name()
            fields[name], made.types[name] = f"vectors[1]::{VECTOR}", VECTOR
        for _ in range(chance.randint(1, 2)):
            self._define(fields, made)
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
            return with_checks(self.chance, first, kind)
        second: Json = {"function": self._reading(kind, scope), "type": kind}
        default = self.chance.choice((1, 2))
        return {"default_version": default, "versions": {"1": first, "2": second}}

    def _define(self, found: Json, made: Made) -> None:
        """Add an expression over what was made before, with a pin where it has two versions."""
        vectors = [n for n, of_kind in made.types.items() if of_kind == VECTOR]
        chance, name = self.chance, self._name()
        kind = VECTOR if vectors and chance.random() < 0.15 else chance.choice(TYPES)
        definition = self._versioned(kind, made.types)
        found[name] = definition
        if "versions" in definition:
            made.types[f"{name}@{3 - int(str(definition['default_version']))}"] = kind
        made.types[name] = kind

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

    def _family(self, sources: list[Made] | None = None) -> None:
        chance, sources = self.chance, sources or self.events
        made = Made(self._name(), key_type=chance.choice(KEY_TYPES))
        made.periods = tuple(sorted(chance.sample(PERIODS, chance.choice((1, 1, 2)))))
        groups: list[Json] = []
        for event in chance.sample(sources, chance.randint(1, len(sources))):
            keys = [n for n, kind in event.types.items() if kind == made.key_type and "@" not in n]
            own = sources is self.events
            entity = next((n for n in keys if n not in MOMENT), keys[0] if keys and own else None)
            if entity is not None:
                groups.append(self._group(event, entity, made))
        if not groups:
            keys = [n for n, kind in sources[0].types.items() if kind in KEY_TYPES and "@" not in n]
            entity = next(it for it in keys if it not in MOMENT)
            made.key_type = sources[0].types[entity]
            groups.append(self._group(sources[0], entity, made))
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
        for _ in range(chance.choice((1, 2, 2, 5))):
            name = self._name()
            text, kind = self._aggregate(event)
            features[name] = with_checks(chance, {"function": text, "type": kind}, kind)
            made.types[name] = kind
        group: Json = {"source": event.name, "granularity_field": entity, "features": features}
        if chance.random() < 0.3:
            group["where"] = Expressions(chance, event.types).of("boolean") + " IS NOT FALSE"
        return group

    def _aggregate(self, event: Made) -> tuple[str, str]:
        chance = self.chance
        if chance.random() < 0.2:
            return "@COUNT(*)", "bigint"
        vectors = [name for name, kind in event.types.items() if kind == VECTOR]
        if vectors and chance.random() < 0.2:
            return f"@COUNT(${vectors[0]})", "bigint"
        kind = chance.choice(TYPES)
        function = chance.choice(AGGREGATES[kind])
        argument = Expressions(chance, event.types).of(kind, 1)
        if kind == "float" and function in ("SUM", "AVG"):
            argument = chance.choice(WITHOUT_CANCELLING).format(argument)
        text = f"@{function}({argument})"
        if chance.random() < 0.25:
            text += f" FILTER (WHERE {Expressions(chance, event.types).of('boolean', 1)})"
        if function in ("STDDEV", "VARIANCE"):
            text = f"@ROUND({text}, 6)"  # Of what is all alike it may be 1e-17.
        result = RESULTS.get(function, kind)
        result = "bigint" if (function, kind) == ("SUM", "boolean") else result
        if result in ("bigint", "float") and chance.random() < 0.2:
            return f"{text} / @COUNT(*)", "float"
        return text, result

    def _nested(self, made: Made, count: int) -> Json:
        """Make features of features, each reading the one before it if types allow."""
        found: Json = {}
        for _ in range(count):
            if self.chance.random() < 0.2:
                self._python(found, made, made.types)
            else:
                self._define(found, made)
        return found

    def _python(self, found: Json, made: Made, scope: dict[str, str]) -> None:
        chance, name = self.chance, self._name()
        inputs = [f"${it}" for it in chance.sample(sorted(scope), min(2, len(scope)))]
        function, kind = chance.choice((("known", "bigint"), ("known", "string"), ("pair", VECTOR)))
        found[name] = {"python": f"odd:{function}", "inputs": inputs, "type": kind}
        made.types[name] = kind

    def _row(self) -> None:
        chance, event = self.chance, self.chance.choice(self.events)
        keys = [n for n, kind in event.types.items() if kind in TYPES and "@" not in n]
        key = chance.choice([n for n in keys if event.types[n] in ("string", "bigint")])
        key = chance.choice(keys) if chance.random() < 0.15 else key
        made = Made(self._name(), key_type=event.types[key])
        own: Json = {}
        vectors = [n for n, kind in event.types.items() if kind == VECTOR]
        for field_name in [*list(event.types)[: chance.randint(1, 3)], *vectors]:
            name = self._name()
            own[name] = f"${field_name}"
            made.types[name] = event.types[field_name]
        if chance.random() < 0.2:
            self._python(own, made, event.types)
        base = {"source": event.name, "granularity_field": key, "features": own}
        if chance.random() < 0.3:
            base["where"] = Expressions(chance, event.types).of("boolean") + " IS NOT TRUE"
        groups: list[Json] = [base]
        groups += self._joins(made, {**event.types, **made.types})
        groups.append({"features": self._nested(made, chance.choice(DEPTHS))})
        chance.shuffle(groups)
        self.files[f"features/{made.name}.json"] = {
            "name": made.name,
            "granularity": self._name(),
            "granularity_type": made.key_type,
            "groups": groups,
        }
        self.fields_of[made.name] = event.types
        made.types |= {"event_time": "timestamp", "event_id": "string"}
        self.rows.append(made)

    def _joins(self, made: Made, scope: dict[str, str]) -> list[Json]:
        """Join what has a key of a type that the row has: itself on the days before, too."""
        chance, groups = self.chance, []
        itself = [Made(made.name, dict(made.types), made.key_type)]
        others = (*self.families, *self.tables, *self.rows, *itself * (chance.random() < 0.2))
        for other in others:
            matches = [n for n, kind in scope.items() if kind == other.key_type and "@" not in n]
            if not matches:
                continue
            prefix = f"p{len(groups)}_"
            match: Json = {"field": chance.choice(matches)}
            if other.periods:
                match["period"] = chance.choice(other.periods)
            known = sorted({*other.types} - MOMENT)
            names = chance.sample(known, chance.randint(1, min(4, len(known))))
            group: Json = {
                "source": other.name,
                "granularity_match": match,
                "prefix": prefix,
                "features": names,
            }
            if other.periods and chance.random() < 0.3:
                group["no_match"] = "zero"
            if not other.periods and other not in self.tables and chance.random() < 0.5:
                match["within_days"] = chance.choice((1, 2, 30))
            if chance.random() < 0.15 and other not in self.tables and other not in itself:
                group["as_of"] = "same_day"
            groups.append(group)
            made.types |= {f"{prefix}{name}": other.types[name] for name in names}
        return groups

    def _labels(self) -> None:
        """Label the last rows, and now and then score them, twice in a chain."""
        chance, row = self.chance, self.rows[-1]
        features = dict(row.types)
        scope = {**self.fields_of[row.name], **features}
        labels, label = labels_of(chance, self._name, family=row.name, scope=scope)
        self.files[f"labels/{labels['name']}.json"] = labels
        self._later(labels, row)
        inputs = sorted(features.keys() - MOMENT)
        kinds = {n: kind for n, kind in features.items() if n in inputs}
        for _ in range(chance.choice((0, 0, 0, 0, 0, 1, 2))):
            name, score, risk = self._name(), self._name(), self._name()
            truth = str(labels["name"]), label
            chosen = chance.sample(sorted(kinds), min(3, len(kinds)))
            self.files[f"models/{name}.json"] = model_of(
                name, score, family=row.name, inputs=chosen, truth=truth
            )
            family: Json = self.files[f"features/{row.name}.json"]  # type: ignore[assignment]
            text = f"$s_{score} > 0.5 OR $s_{score} IS NULL"
            family["groups"] += [  # type: ignore[operator]
                {"source": name, "prefix": "s_", "features": [score]},
                {"features": {risk: {"function": text, "type": "boolean"}}},
            ]
            kinds = {**kinds, f"s_{score}": "float", risk: "boolean"}

    def _later(self, labels: Json, row: Made) -> None:
        """Let labels know of later days what has a key of the rows' type.

        By a chance of its own: the projects are those that they were, with something more.
        """
        chance = Random(str(labels["name"]))
        if chance.random() < 0.5:
            return
        joins: list[Json] = []
        for source in (*self.events, *self.tables, *self.rows):
            fields = [n for n, k in source.types.items() if k == row.key_type and "@" not in n]
            if source in self.tables:
                fields = ["code"] * (source.key_type == row.key_type)
            if source in self.rows:
                fields = [n for n in fields if n not in MOMENT]
            known = sorted(source.types.keys() - (MOMENT if source in self.rows else set()))
            known = [name for name in known if "@" not in name]
            if not fields or not known:
                continue
            join: Json = {"source": source.name, "field": chance.choice(fields)}
            if source not in self.tables or self.daily:
                join["within_days"] = chance.choice((0, 1, 1))
            join["prefix"] = f"later{len(joins)}_"
            read = f"$later{len(joins)}_{chance.choice(known)}"
            weak: Json = labels["weak_labels"]  # type: ignore[assignment]
            weak[self._name()] = {"when": f"{read} IS NOT NULL", "vote": "good"}
            joins.append(join)
        if joins:
            labels["joins"] = joins
            project = {"name": "test", "start_date": "2024-02-27", "end_date": "2024-02-29"}
            self.files["project.json"] = project
