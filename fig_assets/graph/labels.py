"""Configured label sets -> `LabelSet` nodes: weak labels vote, strong labels combine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from fig_assets.config.labels import StrongLabel
from fig_assets.config.load import Definition
from fig_assets.config.schema import LabelSet as LabelSetSpec
from fig_assets.errors import Problem, Where
from fig_assets.graph.definitions import Combined, Computed, Learned, Voted
from fig_assets.graph.families import in_order
from fig_assets.graph.label_joins import LabelJoins
from fig_assets.graph.mends import comparison
from fig_assets.graph.nodes import Attribute, Input, LabelSet, Table
from fig_assets.graph.owners import Choice, Rows, Symbol
from fig_assets.graph.period import SAME_DAY
from fig_assets.graph.scope import Scope, about, attribute_key, bind, choices, place
from fig_assets.graph.strong import ABSTAIN, combine, learned
from fig_assets.graph.truth import build_truth
from fig_assets.graph.version import Part, fingerprint
from fig_assets.language.parse import excerpt
from fig_assets.language.types import BOOLEAN, FLOAT, STRING, Type


class LabelOwner:
    """Resolves the weak and strong labels of one label set."""

    def __init__(
        self, scope: Scope, definition: Definition[LabelSetSpec], tables: Mapping[str, Table]
    ) -> None:
        self.scope = scope
        self.definition = definition
        self.spec = definition.spec
        self.name = definition.spec.name
        self.what = f"label set '{self.name}'"
        both = set(self.spec.weak_labels) & set(self.spec.strong_labels)
        for name in sorted(both):
            at = definition.where("strong_labels", name)
            message = f"label '{name}' is a weak label too"
            scope.report(Problem(at, message, "rename one of them"))
        self._models = self._label_models()
        self._names = choices({**self.spec.weak_labels, **self.spec.strong_labels})
        self._names |= {name: self._names[of] for name, of in self._models.items()}
        self._tables = tables
        self.joins = LabelJoins(scope, definition, tables, lambda: self.family)

    def names(self) -> Mapping[str, Choice]:
        """See `Owner.names`."""
        return self._names

    @property
    def family(self) -> Rows:
        """The row family that is labelled."""
        return self.scope.rows(self.spec.family, self.definition.where("family"))

    def resolve(self, symbol: Symbol) -> Attribute:
        """See `Owner.resolve`."""
        if symbol.name in self.spec.weak_labels:
            return self._weak(symbol)
        if symbol.name in self._models:
            return self._probability(symbol)
        return self._strong(symbol)

    def weight_in_place_of(self, name: str) -> str:
        """Tell how to weigh rows by a probability where `name` is none."""
        probability = f"{name}_probability"
        if probability in self._models:
            return f"write {probability}"
        if self._models:
            return self.scope.nearest(name, list(self._models))
        return 'leave it out, or give a strong label "method": "label_model"'

    def node(self) -> LabelSet:
        """Build the whole set; raises Refused when a part of it is refused."""
        where = self.definition.where("weak_labels")
        joins = self.scope.each(partial(getattr, join, "node") for join in self.joins.every())
        found = self.scope.each(
            partial(self.scope.attribute, Symbol(self.name, name, version), where)
            for name, choice in self._names.items()
            for version in choice.versions
        )
        return LabelSet(
            name=self.name,
            family=self.family.name,
            classes=self.spec.classes,
            labels=in_order(found),
            about=about(self.definition, self.spec),
            joins=tuple(joins),
            truth=build_truth(self.scope, self.definition, self._tables, self.family),
        )

    def _label_models(self) -> dict[str, str]:
        """Name the probability of each strong label that a label model gives, in every version."""
        found = {}
        for name, versions in self.spec.strong_labels.items():
            methods = {spec.method == "label_model" for spec in versions.all.values()}
            live = any(not spec.retired for spec in versions.all.values())
            probability = f"{name}_probability"
            if probability in {*self.spec.weak_labels, *self.spec.strong_labels}:
                if True in methods:
                    at = self.definition.where("strong_labels", name)
                    message = f"'{probability}' is what label model '{name}' gives, and a label too"
                    self.scope.report(Problem(at, message, "rename one of them"))
            elif methods == {True} and live:
                found[probability] = name
        return found

    def _weak(self, symbol: Symbol) -> Attribute:
        versions = self.spec.weak_labels[symbol.name]
        spec = versions.all[symbol.version]
        path = place(versions, ("weak_labels", symbol.name), symbol.version)
        where = self.definition.where(*path, "when" if spec.when is not None else "function")
        family = self.family
        text = spec.when if spec.when is not None else spec.function or ""
        joins = self.joins
        bound = bind(self.scope, text, where, lambda ref: joins.look(ref, where), joins.column)
        self._gives(bound.computed, BOOLEAN if spec.when is not None else STRING, where)
        if spec.vote is not None:
            self._class(spec.vote, self.definition.where(*path, "vote"))
        # Votes over fields of the event alone still stand in the rows of the family.
        inputs, later = joins.inputs(bound.attributes), joins.later(bound.attributes)
        on_rows = any(it.key[:2] == ("features", family.name) and it.reach == SAME_DAY
                      for it in inputs)  # fmt: skip
        rows = () if on_rows else family.rows_made_by
        if not on_rows and not rows:
            message = f"the group of '{family.name}' that reads events has no feature"
            self.scope.refuse(where, message, "add one to that group, such as the time")
        joined = joins.meaning(bound.attributes)
        return self._attribute(
            symbol,
            definition=Voted(bound.computed, spec.vote, later),
            inputs=(*inputs, Input(family.base_field.key), *rows),
            meaning=("weak", list(self.spec.classes), spec.vote, bound.meaning, *joined),
            path=path,
        )

    def _gives(self, computed: Computed, wanted: Type, where: Where) -> None:
        text, found = computed.expression.text, computed.result
        if found == wanted:
            return
        fix = f"write CASE WHEN {text} THEN '{self.spec.classes[-1]}' END"
        if wanted == BOOLEAN or found != BOOLEAN:
            fix = comparison(text, found) if wanted == BOOLEAN else "give the name of a class"
        message = f"gives a {found}, not a {wanted}"
        self.scope.refuse(where, message, fix, excerpt(text, 0, len(text)))

    def _strong(self, symbol: Symbol) -> Attribute:
        versions = self.spec.strong_labels[symbol.name]
        spec = versions.all[symbol.version]
        path = place(versions, ("strong_labels", symbol.name), symbol.version)
        where = self.definition.where(*path)
        self._refuse_other_classes(spec, path)
        votes = self.scope.each(
            partial(self.scope.attribute, self.scope.pick(self, name, None, where), where)
            for name in self.spec.weak_labels
            if name in self._names
        )
        if not votes:
            fix = 'write "retired": true for it too'
            self.scope.refuse(where, f"'{symbol.name}' has no weak label left that votes", fix)
        self._refuse_other_voters(spec, path, [a.name for a in votes])
        combined = combine(spec, self.spec.classes, votes)
        definition, inputs, meaning = learned(spec, self.spec.classes, votes, combined)
        return self._attribute(
            symbol, definition=definition, inputs=inputs, meaning=meaning, path=path
        )

    def _probability(self, symbol: Symbol) -> Attribute:
        """Resolve how likely the class of a label model is: a column beside it."""
        label = self.scope.attribute(
            Symbol(self.name, self._models[symbol.name], symbol.version),
            self.definition.where("strong_labels"),
        )
        made = label.definition
        if not isinstance(made, Learned):
            raise TypeError(label.identity)
        return replace(
            label,
            key=attribute_key("labels", self.name, name=symbol.name, version=symbol.version),
            name=symbol.name,
            type=FLOAT,
            definition=replace(made, is_probability=True),
            fingerprint=fingerprint("label probability", label.fingerprint),
            about=replace(label.about, description=f"How likely the class of {label.name} is."),
            checks=(),
        )

    def _refuse_other_classes(self, spec: StrongLabel, path: tuple[str | int, ...]) -> None:
        """Refuse what names no class of the set."""
        where = self.definition.where
        for key, named in (("default", spec.default), ("vote", spec.vote)):
            if named is not None:
                self._class(named, where(*path, key))
        for key, named in (("ties", spec.ties), ("conflicts", spec.conflicts)):
            if named not in (None, ABSTAIN):
                self._class(str(named), where(*path, key))
        for name in spec.class_prior:
            self._class(name, where(*path, "class_prior", name))
        lacking = [c for c in self.spec.classes if spec.class_prior and c not in spec.class_prior]
        if lacking or any(not share > 0 for share in spec.class_prior.values()):
            fix = "write the share of each class, above 0: " + ", ".join(self.spec.classes)
            message = "class_prior leaves out a class, or gives one no share"
            self.scope.refuse(where(*path, "class_prior"), message, fix)

    def _refuse_other_voters(
        self, spec: StrongLabel, path: tuple[str | int, ...], voters: Sequence[str]
    ) -> None:
        """Refuse what names no weak label that votes."""
        where = self.definition.where
        places: list[tuple[str, str | int, str]] = [("weights", n, n) for n in spec.weights]
        places += [("order", index, name) for index, name in enumerate(spec.order)]
        for key, at, name in sorted(places, key=str):
            if name not in voters:
                fix = self.scope.nearest(name, voters, quote='"')
                self.scope.refuse(where(*path, key, at), f"'{name}' is not a weak label", fix)

    def _class(self, name: str, where: Where) -> None:
        if name not in self.spec.classes:
            fix = self.scope.nearest(name, self.spec.classes, quote='"')
            self.scope.refuse(where, f"'{name}' is not one of the classes", fix)

    def _attribute(
        self,
        symbol: Symbol,
        *,
        definition: Voted | Combined | Learned,
        inputs: tuple[Input, ...],
        meaning: tuple[Part, ...],
        path: tuple[str | int, ...],
    ) -> Attribute:
        label = symbol.name in self.spec.weak_labels
        written = self.spec.weak_labels if label else self.spec.strong_labels
        spec = written[symbol.name].all[symbol.version]
        return Attribute(
            key=attribute_key("labels", self.name, name=symbol.name, version=symbol.version),
            owner=self.name,
            name=symbol.name,
            version=symbol.version,
            type=STRING,
            definition=definition,
            inputs=tuple(dict.fromkeys(inputs)),
            fingerprint=fingerprint("label", *meaning),
            about=about(self.definition, spec, *path),
            checks=spec.checks,
            is_default=symbol.version == self._names[symbol.name].default,
        )
