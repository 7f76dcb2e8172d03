"""What a group of a row family joins: which features it takes over, by which key, of which day."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from fig_assets.config.load import Definition
from fig_assets.config.rules import RESERVED
from fig_assets.config.schema import Family as FamilySpec
from fig_assets.config.schema import Group, JoinedOptions
from fig_assets.errors import Problem, Where
from fig_assets.graph.definitions import Joined
from fig_assets.graph.families import FamilyOwner
from fig_assets.graph.models import ModelOwner, ModelVersion
from fig_assets.graph.nodes import Attribute, Join, Table, model_title
from fig_assets.graph.owners import Choice, Rows
from fig_assets.graph.period import DAY_BEFORE, SAME_DAY, Period, Reach
from fig_assets.graph.scope import Refused, Scope
from fig_assets.graph.version import Part
from fig_assets.language.types import BIGINT, BOOLEAN, FLOAT, STRING, Type, convertible

Source = Table | FamilyOwner | ModelOwner | Rows

LONGEST = 63
"""How many characters a name may have."""


@dataclass(frozen=True, eq=False)
class Taken:
    """A feature that a join takes over: its name at the source, and its options by version."""

    group: int
    name: str
    options: Mapping[int, JoinedOptions]


@dataclass(frozen=True, eq=False)
class JoinedGroup:
    """The group at `index` of the row family `definition`, which joins another source."""

    scope: Scope
    definition: Definition[FamilySpec]
    index: int
    tables: Mapping[str, Table]

    @property
    def group(self) -> Group:
        """What is written."""
        return self.definition.spec.groups[self.index]

    def at(self, *path: str | int) -> Where:
        """Return the place of a part of the group."""
        return self.definition.where("groups", self.index, *path)

    def source(self) -> Source:  # noqa: RET503 - a refusal raises
        """Return what is joined; raises Refused where there is no such thing."""
        name = self.group.source or ""
        if name in self.tables:
            return self.tables[name]
        owner = self.scope.owner(name)
        if isinstance(owner, FamilyOwner | ModelOwner | Rows):
            return owner
        if owner is not None:
            fix = "join a family, a table or a model"
            self.scope.refuse(self.at("source"), f"{owner.what} cannot be joined yet", fix)
        fix = self.scope.nearest(name, [*self.scope.owners, *self.tables])
        self.scope.refuse(self.at("source"), f"source '{name}' is not defined", fix)

    def apart(self, version: int) -> int:
        """Return the version that is joined on its own: that of a model; 0 for all else."""
        source = self.source()
        return (version or source.default) if isinstance(source, ModelOwner) else 0

    def offered(self) -> Mapping[str, Choice]:
        """Return every feature of the source with its versions; a table's columns have one."""
        source = self.source()
        if isinstance(source, Table):
            return {name: Choice(1, (1,)) for name in source.columns if name != source.key}
        return source.names()

    def _early(self, asked: Mapping[str, JoinedOptions] | None) -> Mapping[str, Choice]:
        """Return what a row family has of its own and of no rows, where that is all it is asked."""
        source = self.source()
        if asked is None or not isinstance(source, Rows):
            return {}
        early = source.early_names()
        return early if all(name.partition("@")[0] in early for name in asked) else {}

    def taken(self) -> Iterator[tuple[str, Taken, Choice]]:
        """Yield the features that are taken over, with their names in the family.

        A feature that the source does not have is recorded as a problem and left out.
        """
        asked = self.group.joined
        if asked is None:
            self._refuse_circle("*", {})
        offered = self._early(asked) or self.offered()
        wanted = dict.fromkeys(offered, JoinedOptions()) if asked is None else asked
        taken: dict[str, dict[int, JoinedOptions]] = {}
        for written, options in wanted.items():
            name, _, pin = written.partition("@")
            if name not in offered or (pin and int(pin) not in offered[name].versions):
                self._refuse_circle(written, offered)
                self._tell_missing(written, offered)
                continue
            version = int(pin) if pin else self._chosen(name, offered[name])
            taken.setdefault(name, {})[version] = options
        for name, by_version in taken.items():
            default, versions = offered[name].default, tuple(sorted(by_version))
            choice = Choice(default if default in versions else versions[0], versions)
            yield self._named(name), Taken(self.index, name, by_version), choice

    def place_of(self, name: str, version: int) -> Where:
        """Return where a feature that is taken over is asked for."""
        asked = self.group.features
        if asked == "*":
            return self.at("features")
        written = f"{name}@{version}" if f"{name}@{version}" in asked else name
        if isinstance(asked, tuple):
            return self.at("features", asked.index(written))
        return self.definition.where("groups", self.index, "features", written, key=True)

    def _tell_missing(self, written: str, offered: Mapping[str, Choice]) -> None:
        """Record that the source does not have, or no longer has, the feature `written`."""
        name, _, pin = written.partition("@")
        where = self.place_of(name, int(pin or 0))
        source = self.source()
        self.scope.unsure.add(self.definition.spec.name)
        with suppress(Refused):
            if not isinstance(source, Table):
                self.scope.refuse_retired(source, name, int(pin) if pin else None, where)
                if source.name in self.scope.unsure:
                    return
            message = f"'{written}' is not a feature of '{self.group.source}'"
            fix = self.scope.nearest(written, _written(offered))
            self.scope.report(Problem(where, message, fix))

    @property
    def prefix(self) -> str:
        """What stands before the names of its features: `asn_weekly_`, or `employees_`."""
        if self.group.prefix is not None:
            return self.group.prefix
        source = self.source()
        if not isinstance(source, FamilyOwner):
            return f"{source.name}_"
        return f"{source.name}_{self._period(source).word}_"

    def join(self, match: Attribute | None, column: str | None, version: int) -> Join:
        """Say how a row finds its match: `column` holds the value of `match` meanwhile.

        The versions of a model are relations of their own; of all else `version` says nothing.

        Raises:
            Refused: a key is missing, superfluous or of another type, or an option is reserved.
        """
        if self.group.as_of == "event_time":
            fix = 'leave it out: a row sees the day before, or write "same_day"'
            message = "as_of 'event_time' is reserved and not available yet"
            self.scope.refuse(self.at("as_of"), message, fix)
        if self.group.where is not None:
            fix = "filter in the family that is joined"
            self.scope.refuse(self.at("where"), "a join has no where", fix)
        source = self.source()
        if not isinstance(source, FamilyOwner):
            self._without_effect(source)
        if isinstance(source, ModelOwner):
            return self._of_model(source, source.versions[version])
        if isinstance(source, FamilyOwner):
            self._period(source)
        if match is None or column is None:
            fix = 'add "granularity_match": {"field": "..."}'
            self.scope.refuse(self.at(), "the join does not say how rows match", fix)
        if isinstance(source, Rows):
            return self._of_rows(source, match, column)
        self._without_within_days()
        if isinstance(source, Table):
            self._without_period(f"table '{source.name}'")
            self._fits(match, source.columns[source.key])
            reach = self._reach("a snapshot that was taken") if self.group.as_of else source.reach
            return Join(source.name, source.relation, source.key, column, reach)
        period = self._period(source)
        self._fits(match, source.granularity_type)
        relation = f"families/{source.name}/{period.name}"
        reach = self._reach("events that came")
        return Join(source.name, relation, source.spec.granularity, column, reach, period)

    def _of_rows(self, source: Rows, match: Attribute, column: str) -> Join:
        """Take the newest row of the key from a day up to the day before."""
        self._without_period(source.what)
        self._fits(match, source.granularity_type)
        is_same_day = self._reach("rows that came") == SAME_DAY
        if is_same_day and source.name == self.definition.spec.name:
            fix = "leave as_of out to see the newest row of the days before"
            self.scope.refuse(self.at("as_of"), "a row would be joined to itself", fix)
        within = self.group.granularity_match.within_days if self.group.granularity_match else None
        last = 0 if is_same_day else -1
        reach = Reach(None if within is None else last + 1 - within, last)
        relation = f"families/{source.name}"
        return Join(source.name, relation, source.granularity, column, reach)

    def _refuse_circle(self, written: str, offered: Mapping[str, Choice]) -> None:
        """Refuse to ask for what a row family has while its names are still being found."""
        source, name = self.source(), self.definition.spec.name
        if not isinstance(source, Rows) or not source.is_collecting:
            return
        fix = self.scope.nearest(written, offered) if written != "*" else "name the features"
        message = f"'{written}' is no feature that '{name}' has before it is joined to itself"
        if source.name != name:
            message = f"'{written}' of '{source.name}' goes in a circle: '{source.name}' takes"
            message += f" features over from '{name}' too"
            fix = f"take it from where '{source.name}' has it, or name others"
        self.scope.refuse(self.at("features"), message, fix)

    def _without_within_days(self) -> None:
        match = self.group.granularity_match
        if match is not None and match.within_days is not None:
            at = self.at("granularity_match", "within_days")
            message = '"within_days" is for joins of row families'
            self.scope.refuse(at, message, "leave it out")

    def _without_effect(self, source: Table | ModelOwner | Rows) -> None:
        """Refuse options that say which window is seen, where the source has no windows."""
        dated = isinstance(source, Rows) or (isinstance(source, Table) and source.is_daily)
        for key in ("no_match",) if dated else ("as_of", "no_match"):
            if key in self.group.model_fields_set:
                message = f'"{key}" is for windowed families; {source.name} has no windows'
                fix = "leave it out"
                if key == "no_match":
                    fix += '; the "default" of a feature says what stands where nothing matches'
                self.scope.refuse(self.at(key), message, fix)

    def check_default(self, name: str, default: object, kind: Type) -> None:
        """Refuse a default for the joined feature `name` that is no value of its type."""
        fitting: tuple[Type, ...] = (STRING,)
        if isinstance(default, bool):
            fitting = (BOOLEAN,)
        elif isinstance(default, int):
            fitting = (BIGINT, FLOAT)
        elif isinstance(default, float):
            fitting = (FLOAT,)
        if default is not None and kind not in fitting:
            message = f"the default {default!r} is no {kind.name}"
            self.scope.refuse(self.at("features", name), message, f"write a {kind}")

    def _chosen(self, name: str, choice: Choice) -> int:
        source = self.source()
        if isinstance(source, Table):
            return choice.default
        with self.scope.pins.reading(f"{self.definition.spec.name}.{self.prefix}{name}"):
            return self.scope.chosen(source, name, choice, self.at("features"))

    def _named(self, name: str) -> str:
        found = f"{self.prefix}{name}"
        if found in RESERVED or found.startswith("window_") or len(found) > LONGEST:
            why = "is longer than 63 characters" if len(found) > LONGEST else "is taken"
            message = f"the joined feature's name '{found}' {why}"
            self.scope.report(Problem(self.at("features"), message, 'give it another "prefix"'))
        return found

    def _of_model(self, owner: ModelOwner, model: ModelVersion) -> Join:
        family = self.definition.spec
        named = {group.family_name for group in model.spec.input_features}
        if not named <= {*self.scope.owners}:
            raise Refused  # The model itself says so.
        if named != {family.name}:
            fix = f"join it in '{min(named)}'"
            message = f"{owner.what} scores other rows than those of '{family.name}'"
            self.scope.refuse(self.at("source"), message, fix)
        if self.group.granularity_match is not None:
            message = f"{owner.what} has the same rows; nothing is to be matched"
            self.scope.refuse(self.at("granularity_match"), message, "leave it out")
        title = model_title(model.name, model.version)
        return Join(title, f"scores/{title}", family.granularity, None, SAME_DAY)

    def _period(self, family: FamilyOwner) -> Period:
        match = self.group.granularity_match
        if match is None or match.period is None:
            names = [f'"{period.name}"' for period in family.periods]
            period = f'"period": {" or ".join(names)}'
            fix = f'"granularity_match": {{"field": "...", {period}}}' if match is None else period
            at = self.at("granularity_match")
            self.scope.refuse(at, f"joining {family.what} needs a period", f"add {fix}")
        return family.period(match.period, self.at("granularity_match", "period"))

    def _reach(self, seen: str) -> Reach:
        if self.group.as_of is None:
            return DAY_BEFORE
        name, source = self.definition.spec.name, self.group.source
        message = f"'{name}' joins '{source}' of the same day: a row sees {seen} after it"
        fix = "leave as_of out to see what was there the day before"
        self.scope.warn(self.at("as_of"), message, fix)
        return SAME_DAY

    def _without_period(self, what: str) -> None:
        match = self.group.granularity_match
        if match is not None and match.period is not None:
            at = self.at("granularity_match", "period")
            self.scope.refuse(at, f"{what} has no periods", 'leave "period" out')

    def _fits(self, match: Attribute, key: Type) -> None:
        if not convertible(match.type, key):
            at = self.at("granularity_match", "field")
            message = f"'{match.name}' is a {match.type}, and '{self.group.source}' is by {key}"
            self.scope.refuse(at, message, "match by a field of that type")


def in_written_order(
    made: Mapping[tuple[int, int], Join],
) -> tuple[tuple[Join, ...], dict[int, int]]:
    """Put joins, by group and version, into the order of their groups.

    Returns:
        The joins, and the place of each by the place where it stands in `made`.
    """
    keys = list(made)
    order = {keys.index(key): place for place, key in enumerate(sorted(keys))}
    return tuple(made[key] for key in sorted(keys)), order


def renumbered(attribute: Attribute, order: Mapping[int, int]) -> Attribute:
    """Point a joined attribute at its place among the joins instead of among the groups."""
    definition = attribute.definition
    if not isinstance(definition, Joined):
        return attribute
    return replace(attribute, definition=replace(definition, join=order[definition.join]))


def _written(offered: Mapping[str, Choice]) -> list[str]:
    """List names as people may write them: pinned too, where there is a choice."""
    pinned = [
        f"{name}@{version}"
        for name, choice in offered.items()
        if len(choice.versions) > 1
        for version in choice.versions
    ]
    return [*offered, *pinned]


def joined_meaning(
    join: Join, column: str, options: JoinedOptions, match: Attribute | None
) -> tuple[Part, ...]:
    """Say in a fingerprint what is joined: from where, which days, by which field, what else."""
    period = join.period.name if join.period else ""
    parts = ("joined", join.source, period, column, _reach_meaning(join.reach), options.default)
    # The key of a table is chosen in the table; that of a family is part of what it is.
    key = (join.key,) if join.relation.startswith("tables/") else ()
    return (*parts, match.identity if match else "", *key)


def _reach_meaning(reach: Reach | None) -> Part:
    """Say in a fingerprint which days a join sees; None for a table without days."""
    if reach is None or reach.first == reach.last:
        return reach.first if reach else None
    return [reach.first, reach.last]
