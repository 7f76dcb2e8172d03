"""Configured models -> `Model` nodes: what they read, when they learn, what they give."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

from fig_assets.config.load import Definition
from fig_assets.config.schema import Model as ModelSpec
from fig_assets.graph.definitions import Joined, Learned, Scored
from fig_assets.graph.labels import LabelOwner
from fig_assets.graph.nodes import Attribute, Input, Key, Model, RowFamily, model_title
from fig_assets.graph.owners import Choice, Rows, Symbol
from fig_assets.graph.scope import Scope, about, attribute_key
from fig_assets.graph.version import Part, fingerprint
from fig_assets.language.types import FLOAT, STRING
from fig_assets.usercode.package import Package, find_package
from fig_assets.usercode.source import CodeError

NEVER = 0


class ModelOwner:
    """Resolves the live versions of a model, each with its outputs."""

    def __init__(self, scope: Scope, definitions: Sequence[Definition[ModelSpec]]) -> None:
        self.name = definitions[0].spec.name
        self.what = f"model '{self.name}'"
        live = [definition for definition in definitions if not definition.spec.retired]
        self.versions = {d.spec.version: ModelVersion(scope, d) for d in live}
        default = definitions[0].spec.default_version
        self.default = default if default in self.versions else min(self.versions, default=default)
        chosen = [d for d in definitions if d.spec.version == self.default]
        self.definition = (chosen or list(definitions))[0]

    def names(self) -> Mapping[str, Choice]:
        """See `Owner.names`."""
        having: dict[str, list[int]] = {}
        for version, model in sorted(self.versions.items()):
            for name in model.spec.output_features:
                having.setdefault(name, []).append(version)
        return {
            name: Choice(self.default if self.default in found else found[0], tuple(found))
            for name, found in having.items()
        }

    def resolve(self, symbol: Symbol) -> Attribute:
        """See `Owner.resolve`."""
        found = self.versions[symbol.version].resolve(symbol)
        return replace(found, is_default=symbol.version == self.names()[symbol.name].default)

    def nodes(self) -> list[Callable[[], Model]]:
        """Return what builds each version; it raises Refused when a part of it is refused."""
        return [partial(self._node, version) for version in self.versions]

    def _node(self, version: int) -> Model:
        return replace(self.versions[version].node(), is_default=version == self.default)


class ModelVersion:
    """Resolves one version of a model and its outputs."""

    def __init__(self, scope: Scope, definition: Definition[ModelSpec]) -> None:
        self.scope = scope
        self.definition = definition
        self.spec = definition.spec
        self.name = definition.spec.name
        self.what = f"model '{self.name}'"
        self.version = definition.spec.version

    def resolve(self, symbol: Symbol) -> Attribute:
        """Build one output of this version; raises Refused."""
        inputs, label, weight = self._inputs(), self._label(), self._weight()
        self._own_code()
        spec = self.spec.output_features[symbol.name]
        path: tuple[str | int, ...] = ("output_features", symbol.name)
        if self.definition.where(*path) == self.definition.where("output_features"):
            path = ("output_features", list(self.spec.output_features).index(symbol.name))
        shared = about(self.definition, self.spec, *path)
        return Attribute(
            key=attribute_key("scores", self.name, name=symbol.name, version=symbol.version),
            owner=self.name,
            name=symbol.name,
            version=symbol.version,
            type=FLOAT,
            definition=Scored(model_title(self.name, self.version)),
            inputs=(*(Input(a.key) for a in inputs), Input(self.key)),
            fingerprint=fingerprint("score", self._meaning(inputs, label, weight), symbol.name),
            about=replace(
                shared,
                description=spec.description or shared.description,
                owner=spec.owner or shared.owner,
                tags={**shared.tags, **spec.tags},
            ),
            checks=spec.checks,
        )

    @property
    def identity(self) -> str:
        """How people write it."""
        return f"{self.name}@{self.version}"

    @property
    def key(self) -> tuple[str, ...]:
        """The asset key of the model."""
        return ("models", f"{self.name}__v{self.version}")

    def node(self) -> Model:
        """Build the model; raises Refused when a part of it is refused."""
        spec = self.spec
        parts: list[Callable[[], object]] = [
            self._inputs,
            self._label,
            self._weight,
            self._own_code,
        ]
        self.scope.each(parts)
        inputs, label, family = self._inputs(), self._label(), self._family()
        weight = self._weight()
        where = self.definition.where("output_features")
        outputs = tuple(
            self.scope.attribute(Symbol(self.name, name, self.version), where)
            for name in spec.output_features
        )
        self._refuse_early_training()
        row_family = family.node()
        lookback = longest_window(row_family, [attribute.key for attribute in inputs])
        return Model(
            name=self.name,
            version=self.version,
            family=family.name,
            inputs=inputs,
            label=label,
            weight=weight,
            label_set=self._labels().name,
            positive=self._positive(),
            outputs=outputs,
            delay_days=spec.training_delay_delta_days,
            window_days=spec.training_time_delta_days,
            lookback_days=lookback,
            hyperparameters=dict(spec.hyperparameters),
            calibration=spec.calibration,
            every_days=(spec.retrain.every_days or NEVER) if spec.retrain else NEVER,
            max_drift_psi=spec.retrain.max_drift_psi,
            min_metric=dict(spec.retrain.min_metric),
            alerts_per_day=spec.alerts_per_day,
            promotion_metric=spec.promotion.metric if spec.promotion else "average_precision",
            promotion_min=(spec.promotion.min or 0.0) if spec.promotion else 0.0,
            promotion_min_gain=(spec.promotion.min_gain or 0.0) if spec.promotion else 0.0,
            promotion_days=spec.promotion.days if spec.promotion else 3,
            promotion_confident=spec.promotion.confident,
            explain_top=spec.explain.top_k if spec.explain else 0,
            explain_above=spec.explain.above if spec.explain else 1.0,
            allow_incomplete=spec.allow_incomplete,
            negatives=spec.sample.negatives,
            positives=spec.sample.positives,
            fingerprint=self._meaning(inputs, label, weight),
            about=about(self.definition, spec),
            own=self._own_code(),
            own_where=self.definition.where("location") if spec.location else None,
            number=self.scope.number(self.key),
        )

    def _family(self) -> Rows:
        names = [group.family_name for group in self.spec.input_features]
        where = self.definition.where("input_features")
        if len(set(names)) != 1:
            fix = f'take them all from "{names[0]}"'
            self.scope.refuse(where, "all input features must be of one row family", fix)
        return self.scope.rows(names[0], self.definition.where("input_features", 0, "family_name"))

    def _inputs(self) -> tuple[Attribute, ...]:
        found = self.scope.each(
            partial(self._input, written, ("input_features", index, "feature_names", title, place))
            for index, group in enumerate(self.spec.input_features)
            for title, names in group.feature_names.items()
            for place, written in enumerate(names)
        )
        return tuple({attribute.key: attribute for attribute in found}.values())

    def _input(self, written: str, path: tuple[str | int, ...]) -> Attribute:
        where = self.definition.where(*path)
        name, _, pin = written.partition("@")
        with self.scope.pins.reading(self.identity):
            symbol = self.scope.pick(self._family(), name, int(pin) if pin else None, where)
        return self.scope.attribute(symbol, where)

    def _labels(self) -> LabelOwner:
        where = self.definition.where("truth_label", "source")
        owner = self.scope.owner(self.spec.truth_label.source)
        if not isinstance(owner, LabelOwner):
            known = [o.name for o in self.scope.owners.values() if isinstance(o, LabelOwner)]
            fix = self.scope.nearest(self.spec.truth_label.source, known)
            message = f"'{self.spec.truth_label.source}' is not a label set"
            self.scope.refuse(where, message, fix)
        if owner.family.name != self._family().name:
            message = f"{owner.what} labels '{owner.spec.family}', not '{self._family().name}'"
            self.scope.refuse(where, message, "take labels and features of one family")
        return owner

    def _label(self) -> Attribute:
        where = self.definition.where("truth_label", "name")
        name, _, pin = self.spec.truth_label.name.partition("@")
        with self.scope.pins.reading(self.identity):
            symbol = self.scope.pick(self._labels(), name, int(pin) if pin else None, where)
        label = self.scope.attribute(symbol, where)
        if label.type != STRING:
            known = [n for n, found in self._labels().names().items() if found and n != name]
            fix = self.scope.nearest(name.removesuffix("_probability"), known)
            self.scope.refuse(where, f"'{name}' is a {label.type}, not a class", fix)
        return label

    def _positive(self) -> str:
        """Return the class that is scored against all others."""
        classes, written = self._labels().spec.classes, self.spec.truth_label.positive
        if written is not None and written not in classes:
            at = self.definition.where("truth_label", "positive")
            message = f"'{written}' is not one of the classes of '{self._labels().name}'"
            self.scope.refuse(at, message, self.scope.nearest(written, classes, quote='"'))
        return written or classes[-1]

    def _refuse_early_training(self) -> None:
        """Refuse to learn from days whose labels still wait for what is joined to them."""
        awaited = max((join.within_days for join in self._labels().spec.joins), default=0)
        delay = self.spec.training_delay_delta_days
        if delay < awaited:
            key = "training_delay_delta_days"
            days = f"{awaited} day{'s' * (awaited > 1)}"
            message = f"the labels of a row wait for {days} after it, and {delay} is less"
            self.scope.refuse(self.definition.where(key), message, f"write {awaited}")

    def _weight(self) -> Attribute | None:
        written = self.spec.truth_label.weight
        if written is None:
            return None
        where = self.definition.where("truth_label", "weight")
        name, _, pin = written.partition("@")
        labels = self._labels()
        with self.scope.pins.reading(self.identity):
            symbol = self.scope.pick(labels, name, int(pin) if pin else None, where)
        weight = self.scope.attribute(symbol, where)
        if not isinstance(weight.definition, Learned) or weight.type != FLOAT:
            message = f"'{name}' is no probability of a label model, and weighs nothing"
            self.scope.refuse(where, message, labels.weight_in_place_of(name))
        return weight

    def _own_code(self) -> Package | None:
        """Find the named package; nothing of it is run."""
        if self.spec.location is None:
            return None
        try:
            return self._found_code
        except CodeError as refusal:
            where = self.definition.where("location")
            self.scope.refuse(where, refusal.message, refusal.fix)

    @cached_property
    def _found_code(self) -> Package:
        return find_package(self.spec.location or "", self.scope.model_code)

    def _meaning(
        self, inputs: tuple[Attribute, ...], label: Attribute, weight: Attribute | None
    ) -> str:
        spec = self.spec
        return fingerprint(
            "model",
            self.version,
            [a.identity for a in inputs],
            label.identity,
            spec.training_delay_delta_days,
            spec.training_time_delta_days,
            spec.algorithm,
            {key: repr(value) for key, value in spec.hyperparameters.items()},
            spec.allow_incomplete,
            *self._chosen(weight),
        )

    def _chosen(self, weight: Attribute | None) -> tuple[Part, ...]:
        """Tell what was written: a model that leaves it out means what it always meant."""
        chosen: dict[str, str] = {}
        if self._positive() != self._labels().spec.classes[-1]:
            chosen["positive"] = self._positive()
        if shares := self.spec.sample.model_dump(exclude_defaults=True):
            chosen["sample"] = repr(sorted(shares.items()))
        if self.spec.calibration != "auto":
            chosen["calibration"] = self.spec.calibration
        if weight is not None:
            chosen["weight"] = weight.identity
        if self.spec.location is not None:
            chosen["location"] = self.spec.location
            chosen["code"] = self._found_code.digest
        return tuple(chosen.items())


def longest_window(family: RowFamily, wanted: Sequence[Key]) -> int:
    """Return how many days before a row the longest window that `wanted` depend on begins."""
    by_key = {attribute.key: attribute for attribute in family.features}
    seen: set[Key] = set()
    queue, longest = list(wanted), 0
    while queue:
        key = queue.pop()
        if key in seen or key not in by_key:
            continue
        seen.add(key)
        definition = by_key[key].definition
        if isinstance(definition, Joined):
            join = family.joins[definition.join]
            if join.period is not None and join.reach is not None:
                longest = max(longest, join.period.days - 1 - join.reach.last)
        queue += [read.key for read in by_key[key].inputs]
    return longest
