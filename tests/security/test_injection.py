"""Texts of a project outside of expressions stay texts: refused with a reason, or inert."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from fig_assets.config.json_schema import Json
from fig_assets.problems import problem_text
from fig_assets.project import load_project
from fig_assets.workflow.run import run_op
from tests.bad.cases import BASE, problems_of

TEXTS = {
    "quote": "x'; DROP TABLE t; --",
    "double quote": "x\"; COPY (SELECT 1) TO 'pwned'; --",
    "comment": "x/* */ -- #",
    "date": "x{date}",
    "newline": "x\ny",
    "escape": "x\x1b[31my",
    "path": "../../etc/passwd",
    "function": "read_csv('/etc/passwd')",
    "script": "<script>alert(1)</script>",
    "direction": "x\u202ey",
}
NUL = "x\0y"
DAY = date(2024, 1, 1)
WHOLE = (" ".join(TEXTS.values()), TEXTS["path"], NUL)


@pytest.fixture
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(BASE, tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "configs"


def change(configs: Path, name: str, at: str, value: Json) -> None:
    """Write `value` at a path of keys such as `fields.x` into a file of the project."""
    written = json.loads((configs / name).read_text())
    *parents, last = at.split(".")
    inner = written
    for key in parents:
        inner = inner[key]
    inner[last] = value
    (configs / name).write_text(json.dumps(written))


REFUSING = {
    "event": ("events/order.json", "name", str),
    "field": ("events/order.json", "fields", lambda text: {text: "a"}),
    "event type": ("events/order.json", "event_type", str),
    "source": ("events/order.json", "source", str),
    "source of a table": ("tables/countries.json", "source", str),
    "key": ("tables/countries.json", "key", str),
    "column": ("tables/countries.json", "columns", lambda text: {text: "string"}),
    "type": ("tables/countries.json", "columns", lambda text: {"country": text}),
    "project": ("project.json", "name", str),
    "environment": ("environments/local.json", "name", str),
    "name of a source": ("environments/local.json", "sources", lambda text: {text: {}}),
    "prefix": (
        "features/purchase.json",
        "groups",
        lambda text: [{"source": "order", "prefix": text, "features": "*"}],
    ),
    "python": (
        "features/purchase.json",
        "groups",
        lambda text: [{"features": {"a": {"python": text, "inputs": ["$b"], "type": "float"}}}],
    ),
    "class": ("labels/fraud.json", "classes", lambda text: [text, text]),
}


@pytest.mark.parametrize("place", REFUSING)
def test_a_name_that_is_more_than_a_name_is_refused_where_it_stands(
    configs: Path, place: str
) -> None:
    file, at, value = REFUSING[place]
    for text in WHOLE:
        change(configs, file, at, value(text))  # type: ignore[no-untyped-call]
        problems = [it for it in problems_of(configs) if it.where.file == f"configs/{file}"]

        assert problems, text
        assert all(problem.where.line for problem in problems)
        shown = "".join(map(problem_text, problems)).replace("\n", "")
        assert shown.isprintable()


def test_the_type_of_an_event_is_compared_and_never_run(configs: Path, tmp_path: Path) -> None:
    event = json.loads((configs / "events/order.json").read_text())
    events = [
        {**event, "name": f"order_{n}", "event_name": text} for n, text in enumerate(TEXTS.values())
    ]
    (configs / "events/hostile.json").write_text(json.dumps(events))
    lines = [
        json.dumps({"kind": text, "at": "2024-01-01T12:00:00Z", "id": str(n), "amount": n})
        for n, text in enumerate(["order.paid", *TEXTS.values()])
    ]
    raw = tmp_path / "data/raw/2024-01-01.jsonl"
    raw.parent.mkdir(parents=True)
    raw.write_text("\n".join(lines) + "\n")

    with load_project(configs, "local") as project:
        ops = [op for op in project.graph.ops if op.kind in ("raw", "event")]
        for op in sorted(ops, key=lambda op: op.kind, reverse=True):
            if op.owner != "countries":
                assert not run_op(project.workspace, op, [date(2024, 1, 1)], op.keys).refused
        found = [
            project.read(event["name"], columns=["amount"]).column("amount").to_pylist()
            for event in events
        ]

    assert found == [[float(n + 1)] for n in range(len(TEXTS))]
    assert {it.name for it in tmp_path.iterdir()} == {"configs", "data"}


@pytest.mark.parametrize(
    ("file", "at"),
    [
        ("events/order.json", "event_name"),
        ("environments/local.json", "warehouse.path"),
        ("environments/local.json", "models.path"),
        ("environments/local.json", "sources.events.path"),
    ],
)
def test_nul_is_refused_where_it_would_cut_a_text(configs: Path, file: str, at: str) -> None:
    change(configs, file, at, NUL)
    [problem] = problems_of(configs)

    assert problem.message == "there is a NUL character (\\u0000) in the text"
    assert problem.where.pointer == "/" + at.replace(".", "/")
    assert problem.fix == "leave it out"


@pytest.mark.parametrize(
    ("file", "at"),
    [
        ("project.json", "path"),
        ("project.json", "sources"),
        ("project.json", "warehouse"),
        ("events/order.json", "path"),
        ("tables/countries.json", "path"),
        ("features/purchase.json", "path"),
    ],
)
def test_only_an_environment_names_a_path(configs: Path, file: str, at: str) -> None:
    change(configs, file, at, "/etc/passwd")

    assert f"unknown key '{at}'" in [problem.message for problem in problems_of(configs)]


@pytest.mark.parametrize("name", ["../local", "/etc/passwd", "local\0", "*", ""])
def test_an_environment_is_a_name_and_no_path(configs: Path, name: str) -> None:
    [problem] = [it for it in problems_of(configs, name) if "environment" in it.message]

    assert problem.message.startswith("unknown environment")


def test_a_link_out_of_the_project_is_refused_by_name_and_nothing_of_it_is_shown(
    configs: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text('{"name": "hunter2", "hunter2": hunter2')
    for name in ("events/a.json", "features/b.yaml", "tables/c.json"):
        (configs / name).symlink_to(secret)
    problems = problems_of(configs)

    assert "hunter2" not in "".join(map(str, problems))
    assert [(it.where.file, it.message) for it in problems] == [
        (f"configs/{name}", "the file is a link to a file outside of the project's folder")
        for name in ("events/a.json", "features/b.yaml", "tables/c.json")
    ]


def test_a_link_within_the_project_is_followed(configs: Path) -> None:
    (configs / "events/order.json").rename(configs / "order.hidden")
    (configs / "events/order.json").symlink_to(configs / "order.hidden")

    assert problems_of(configs) == ()


@pytest.mark.parametrize(
    "text",
    [t for title, t in TEXTS.items() if title not in ("path", "function", "script")],
    ids=repr,
)
def test_a_file_pattern_finds_the_file_of_that_name_and_runs_nothing(
    configs: Path, tmp_path: Path, text: str
) -> None:
    plain = text.replace("{date}", "").replace("/", "").replace("*", "").replace("?", "")
    change(configs, "environments/local.json", "sources.events.path", f"raw/{plain}{{date}}.jsonl")
    (tmp_path / "raw").mkdir()
    line = {"kind": "order.paid", "at": "2024-01-01T12:00:00Z", "id": "1", "amount": 7}
    for name in (f"{plain}2024-01-01", "2024-01-01"):
        amount = 7 if name.startswith(plain) else 8
        content = json.dumps({**line, "amount": amount})
        (tmp_path / "raw" / f"{name}.jsonl").write_text(content + "\n")

    with load_project(configs, "local") as project:
        ops = {(op.kind, op.owner): op for op in project.graph.ops}
        for step in (("raw", "events"), ("event", "order")):
            assert not run_op(project.workspace, ops[step], [DAY], ops[step].keys).refused
        found = project.read("order", columns=["amount"]).column("amount").to_pylist()

    assert found == [7.0]
    assert {it.name for it in tmp_path.iterdir()} == {"configs", "raw", "data"}


@pytest.mark.parametrize(
    "location",
    [
        "../../x:f",
        "/etc/passwd:f",
        "a b:f",
        "x:f()",
        "x:f; import os",
        "__import__('os'):system",
        "x.y:z.w",
        "os:system",
        "subprocess:run",
        "builtins:exec",
    ],
)
def test_a_python_location_is_a_module_of_users_and_nothing_else(
    configs: Path, tmp_path: Path, location: str
) -> None:
    (tmp_path / "x.py").write_text("open('pwned', 'w')\n")
    feature = {"python": location, "inputs": ["$amount"], "type": "float"}
    file = configs / "features/purchase.json"
    family = json.loads(file.read_text())
    family["groups"].append({"features": {"hostile": feature}})
    file.write_text(json.dumps(family))

    problems = problems_of(configs)

    assert any("/hostile" in problem.where.pointer for problem in problems)
    assert not (tmp_path / "pwned").exists()
