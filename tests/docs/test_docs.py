"""What the documents show is true: files load, expressions parse, commands and code run."""

import ast
import inspect
import json
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click
import duckdb
import pytest
import yaml
from click.testing import CliRunner
from sqlglot import exp

import fig_assets as fig
from fig_assets.cli import main
from fig_assets.engines.sandbox import SETTINGS
from fig_assets.language.functions import FUNCTIONS, Function, function_table, infer, lower
from fig_assets.language.parse import Reference, parse
from tests.docs.documents import DOCUMENTS, ROOT, Example, commands, examples, write_files

LANGUAGE = ROOT / "docs/language.md"
WITH_FILES = [d for d in DOCUMENTS if any(e.file for e in examples(d))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def named(example: tuple[Path, Example]) -> str:
    document, block = example
    return f"{document.stem}:{block.line}"


def every(language: str, *claims: str) -> list[tuple[Path, Example]]:
    return [
        (document, block)
        for document in DOCUMENTS
        for block in examples(document)
        if block.language == language and all(claim in block.claims for claim in claims)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FIG_PROJECT", raising=False)
    monkeypatch.delenv("FIG_ENV", raising=False)
    return tmp_path


def test_the_table_of_functions_is_the_one_of_the_program() -> None:
    text = LANGUAGE.read_text(encoding="utf-8")
    shown = text.partition("<!-- function table: begin -->\n\n")[2]
    table = shown.partition("\n<!-- function table: end -->")[0]
    assert table == function_table(), "run: python docs/update_function_table.py"


def test_the_tables_of_keys_are_those_of_the_program() -> None:
    made = runpy.run_path(str(ROOT / "docs/update_key_tables.py"))["key_tables"]()
    shown = (ROOT / "docs/keys.md").read_text(encoding="utf-8")
    assert shown == made, "run: python docs/update_key_tables.py"


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_the_example_of_each_function_parses(function: Function) -> None:
    assert parse(function.example).text == function.example


@pytest.mark.parametrize("document", WITH_FILES, ids=lambda document: document.stem)
def test_the_files_of_a_document_are_a_project_that_binds(document: Path, folder: Path) -> None:
    write_files(document, folder)
    with fig.load_project("configs") as project:
        assert project.bind() > 0
        # What an example shows need not be read by another example.
        assert [w for w in project.warnings if not w.message.startswith("nothing reads")] == []


@pytest.mark.parametrize("example", every("json"), ids=named)
def test_every_json_example_is_json(example: tuple[Path, Example]) -> None:
    json.loads(example[1].text)


@pytest.mark.parametrize("example", every("yaml"), ids=named)
def test_every_yaml_example_is_yaml(example: tuple[Path, Example]) -> None:
    assert yaml.safe_load(example[1].text)


@pytest.mark.parametrize("example", every("json", "excerpt"), ids=named)
def test_an_excerpt_says_what_its_file_says(example: tuple[Path, Example]) -> None:
    file = ROOT / example[1].claims["excerpt"]
    assert_within(json.loads(example[1].text), json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("example", every("fig"), ids=named)
def test_every_line_of_an_expression_example_parses(example: tuple[Path, Example]) -> None:
    for line in example[1].text.splitlines():
        text = line.rpartition(" => ")[0].strip() if "result" in example[1].claims else line
        assert parse(text).text == text


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config=dict(SETTINGS)) as connection:
        yield connection


def value_of(engine: duckdb.DuckDBPyConnection, text: str) -> object:
    """Return what an expression over no columns is, as the program computes it."""
    tree = parse(text).tree
    infer(tree, _no_column)
    query = exp.select(lower(tree, "duckdb", _no_column, _no_column))
    [(found,)] = engine.execute(query.sql("duckdb")).fetchall()
    return found


def _no_column(reference: Reference) -> NoReturn:
    raise LookupError(reference)


@pytest.mark.parametrize("example", every("fig", "result"), ids=named)
def test_every_result_that_is_shown_is_the_result(
    example: tuple[Path, Example], engine: duckdb.DuckDBPyConnection
) -> None:
    for line in example[1].text.splitlines():
        expression, arrow, shown = line.rpartition(" => ")
        assert arrow, line
        assert "@" not in shown, "the result is written as a value"
        found = value_of(engine, expression.strip())
        told = None if shown.strip() == "NULL" else value_of(engine, shown.strip())
        if isinstance(found, float) and isinstance(told, int | float):
            assert round(found, 9) == told, line
        else:
            assert (type(found), found) == (type(told), told), line


@pytest.mark.parametrize("example", every("sh"), ids=named)
def test_every_command_takes_the_options_that_are_shown(example: tuple[Path, Example]) -> None:
    shown = commands(example[1])
    assert shown
    for command in shown:
        words = shlex.split(command)[1:]
        found = main.get_command(click.Context(main), words[0])
        assert found is not None, command
        found.make_context(words[0], words[1:])


@pytest.mark.parametrize("example", every("python", "check"), ids=named)
def test_every_call_of_a_project_has_the_arguments_that_are_shown(
    example: tuple[Path, Example],
) -> None:
    found = [node for node in ast.walk(ast.parse(example[1].text)) if isinstance(node, ast.Call)]
    calls = [
        call
        for call in found
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "project"
    ]
    assert calls
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        signature = inspect.signature(getattr(fig.Project, call.func.attr))
        given = {word.arg: word.value for word in call.keywords if word.arg}
        signature.bind(None, *call.args, **given)


def test_the_tutorial_does_what_it_says(folder: Path) -> None:
    names: dict[str, object] = {}
    for example in examples(ROOT / "docs/tutorial.md"):
        if example.file is not None:
            target = folder / example.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(example.text, encoding="utf-8")
        elif "run" in example.claims:
            for command in commands(example):
                result = CliRunner().invoke(main, shlex.split(command)[1:])
                wanted = int(example.claims.get("status", "0"))
                assert result.exit_code == wanted, f"{command}\n{result.output}"
        elif example.language == "python":
            exec(compile(example.text, f"tutorial.md:{example.line}", "exec"), names)


@pytest.mark.parametrize(
    "document",
    [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"],
    ids=lambda document: document.stem,
)
def test_every_link_into_the_repository_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in LINK.findall(text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def assert_within(part: object, whole: object) -> None:
    """Everything in `part` stands in `whole`, which may say more."""
    if isinstance(part, dict) and isinstance(whole, dict):
        for key, value in part.items():
            assert key in whole, key
            assert_within(value, whole[key])
    elif isinstance(part, list) and isinstance(whole, list):
        assert len(part) == len(whole)
        for one, other in zip(part, whole, strict=True):
            assert_within(one, other)
    else:
        assert part == whole
