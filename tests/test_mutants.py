"""Valid projects with one thing broken: every mutant is refused where it was broken."""

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bad.cases import problems_of

HERE = Path(__file__).parent
PROJECTS = {
    "base": HERE / "bad" / "base",
    "configs": HERE.parent / "configs",
    "flights": HERE.parent / "examples" / "flights" / "configs",
}
SAMPLED = {"base": 6, "configs": 1, "flights": 1}
"""How many mutants of each kind are tried at most."""
KEYS = (
    "classes|columns|event_name|family|family_name|feature_names|fields|function|granularity"
    "|groups|input_features|json|key|method|name|output_features|period|source|training_delay_delta_days"
    "|truth_label|type|vote|weak_labels|when"
)


def valued(keys: str, suffix: str = "_zz") -> tuple[str, str]:
    """Break the text that is the value of one of `keys`."""
    return rf'("(?:{keys})": "[^"]+)(")', rf"\1{suffix}\2"


@dataclass(frozen=True)
class Kind:
    """What is broken: a pattern in files below `folder`, and what stands there then.

    A project with `shift` has mistakes elsewhere too: what was written means something else.
    """

    folder: str
    pattern: str
    broken: str
    shift: bool = False


KINDS = {
    "reference": Kind("*", r"(\$[a-z][a-z0-9_]*)(?![a-z0-9_])", r"\1_zz"),
    "version of a reference": Kind("*", r"(\$[a-z][a-z0-9_]*)(?:@\d+)?(?![a-z0-9_@])", r"\1@77"),
    "version zero": Kind("*", r"(\$[a-z][a-z0-9_]*)(?![a-z0-9_@])", r"\1@0"),
    "function": Kind("*", r"(@[A-Z][A-Z_0-9]*)(?=\()", r"\1ZZ"),
    "function without at": Kind("*", r"@([A-Z][A-Z_0-9]*\()", r"\1"),
    "call without its end": Kind("features", r"(@[A-Z_]+\([^()\"]*)\)(?=\")", r"\1"),
    "column without a dollar": Kind("*", r"(?<=\")\$([a-z][a-z0-9_]*)(?=[\" ])", r"\1 "),
    "type": Kind("*", *valued('type(?=": "(?:string|bigint|float|boolean|timestamp|datetime))')),
    "type of a path": Kind("events", r"(::[a-z]+)(?=\")", r"\1zz"),
    "type of a column": Kind("tables", r'(": "(?:string|bigint|float|boolean))(?=")', r"\1zz"),
    "type of a granularity": Kind("features", *valued("granularity_type")),
    "period": Kind("features", r'((?:weekly|monthly)_by_day)(?=")', r"\1zz"),
    "source of a group": Kind("features", *valued("source")),
    "source of a table": Kind("tables", *valued("source")),
    "source of an event": Kind("events", *valued("source")),
    "granularity field": Kind("features", *valued("granularity_field")),
    "field of a match": Kind("features", *valued("field")),
    "family of labels": Kind("labels", *valued("family")),
    "family of a model": Kind("models", *valued("family_name")),
    "label of a model": Kind("models", r'("truth_label": {.*"name": "[a-z_]+)', r"\1_zz"),
    "label set of a model": Kind("models", r'("truth_label": {.*"source": "[a-z_]+)', r"\1_zz"),
    "class": Kind("labels", *valued("vote|default")),
    "method": Kind("labels", *valued("method")),
    "metric": Kind("models", *valued("metric")),
    "key of a table": Kind("tables", *valued("key")),
    "format of a source": Kind("environments", *valued("format")),
    "snapshot": Kind("tables", *valued("snapshot")),
    "double quote": Kind("*", r'("[a-z_]+": "[^"\\]*)"', r"\1"),
    "quote of a text": Kind("*", r"('[A-Za-z_]+)'(?=\")", r"\1"),
    "text in double quotes": Kind("*", r"'([A-Za-z_]+)'(?=\")", r'\\"\1\\"'),
    "comma": Kind("*", r'("[^"]*": "[^"]*"),(?=\n)', r"\1"),
    "colon": Kind("*", r'("[a-z_]+"): (?=[{\["])', r"\1 "),
    "key": Kind("*", rf'(?<=")({KEYS})(?=": )', r"\1zz", shift=True),
    "name with two underscores": Kind(
        "events", r'^(    "[a-z][a-z0-9_]*)(?=": )', r"\1__2", shift=True
    ),
    "name of a feature that is joined": Kind(
        "features", r'(?<!tags": \[")((?<=\[")[a-z_]+|(?<=, ")[a-z_]+)(?=(?:@2)?"[,\]])', r"\1_zz"
    ),
    "name of an input": Kind("models", r'^( {10,}"[a-z_]+)(?=(?:@2)?",?$)', r"\1_zz"),
    "comparison": Kind("*", r" > (?=[0-9])", " >> "),
    "operator": Kind("*", r" (AND) (?=\$)", " ANDD "),
}


@dataclass(frozen=True)
class Mutant:
    kind: str
    project: str
    file: str
    start: int
    text: str

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.start) + 1

    def __str__(self) -> str:
        return f"{self.kind}: {self.project}/{self.file}:{self.line}"


def mutants(title: str, kind: Kind) -> Iterator[Mutant]:
    for project, folder in PROJECTS.items():
        found = []
        for path in sorted(folder.glob(f"{kind.folder}/*.json")):
            text = path.read_text(encoding="utf-8")
            file = path.relative_to(folder).as_posix()
            if path.parent.name == "environments" and path.stem != "local":
                continue
            for match in re.finditer(kind.pattern, text, re.MULTILINE):
                if '"description"' in text[text.rfind("\n", 0, match.start()) : match.start()]:
                    continue
                broken = text[: match.start()] + match.expand(kind.broken) + text[match.end() :]
                found.append(Mutant(title, project, file, match.start(), broken))
        yield from random.Random(title).sample(found, min(len(found), SAMPLED[project]))


@pytest.mark.parametrize("title", KINDS)
def test_a_mutant_is_refused_where_it_was_broken(title: str, tmp_path: Path) -> None:
    kind = KINDS[title]
    tried = list(mutants(title, kind))
    for number, mutant in enumerate(tried):
        configs = tmp_path / str(number) / "configs"
        shutil.copytree(PROJECTS[mutant.project], configs)
        (configs / mutant.file).write_text(mutant.text, encoding="utf-8")
        problems = problems_of(configs)
        told = "\n".join(map(str, problems))
        places = [(p.where.file, p.where.line) for p in problems]
        here = (f"configs/{mutant.file}", mutant.line)

        assert here in places, f"{mutant}\n{told}"
        assert kind.shift or set(places) == {here}, f"{mutant}\n{told}"
    assert tried
