"""What Python text means and offers, seen without running it."""

import ast

import pytest

from fig_assets.usercode.source import (
    CodeError,
    digest,
    docstring,
    find_function,
    imports,
    parse,
)

TEXT = '''"""Module."""
import math


def f(table, scale=2):
    """Say."""
    # a comment
    return [math.sqrt(v) * scale for v in table["a"].to_pylist()]
'''


def digest_of(text: str) -> str:
    return digest({"m": parse("m", "m.py", text.encode())})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Module."""\n', ""),
        ('"""Say."""', "'Say something else.'"),
        ("# a comment", ""),
        ("* scale for", "*scale\n for"),
        ('["a"]', "['a']"),
        ("scale=2", "scale = (2)"),
        ("math.sqrt(v)", "(math.sqrt(v))"),
    ],
    ids=["docstring", "another", "comment", "blanks", "quotes", "spaces", "parenthesis"],
)
def test_spelling_and_documentation_are_no_part_of_the_meaning(old: str, new: str) -> None:
    changed = TEXT.replace(old, new)

    assert changed != TEXT
    assert digest_of(changed) == digest_of(TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scale=2", "scale=3"),
        ("scale=2", "scale=2.0"),
        ("scale=2", "scale=True"),
        ('["a"]', '["b"]'),
        ("math.sqrt(v)", "math.cbrt(v)"),
        ("def f(table", "def f(table: int"),
        ("* scale", "** scale"),
        ("import math", "import cmath as math"),
    ],
    ids=["number", "type", "truth", "text", "name", "annotation", "operator", "import"],
)
def test_whatever_can_change_a_value_is_part_of_the_meaning(old: str, new: str) -> None:
    assert digest_of(TEXT.replace(old, new)) != digest_of(TEXT)


def test_a_function_without_a_body_of_its_own_keeps_a_meaning() -> None:
    assert digest_of('def f(t):\n    """Say."""\n') == digest_of('def f(t):\n    """Do."""\n')


def test_the_digest_stays_the_same_for_ever() -> None:
    # A change makes every stored Python feature stale.
    text = "def f(t):\n    return [1, 2.5, 'a', None]\n"

    assert digest_of(text) == "c92c3bb28cd411f8f3f28828fc901d0f"


def test_imports_are_absolute_names_inside_the_root() -> None:
    text = "import a.b\nfrom c import d\nfrom . import e\nfrom ..f import g\nfrom .h.i import j\n"

    found = imports(parse("p.q.m", "p/q/m.py", text.encode()))

    assert found == {"a.b", "c", "c.d", "p.q", "p.q.e", "p.f", "p.f.g", "p.q.h.i", "p.q.h.i.j"}


def test_a_package_is_its_own_root_of_relative_imports() -> None:
    source = parse("p", "p/__init__.py", b"from . import e\n", is_package=True)

    assert imports(source) == {"p", "p.e"}


@pytest.mark.parametrize(
    "text",
    [
        "def f(t): ...",
        "def f(t, scale=1, *more, key=None, **options): ...",
        "def f(*tables): ...",
        "f = lambda t: t",
        "from numpy import f",
        "import f",
        "from numpy import *",
        "if True:\n    def f(t): ...",
        "try:\n    import f\nexcept ImportError:\n    f = None",
        "class f: ...",
        "def __getattr__(name): ...",
        "@decorated\ndef f(a, b): ...",
        "def f(t):\n    def inner():\n        yield 1\n    return list(inner())",
    ],
)
def test_a_name_that_may_be_a_function_of_one_table_is_taken(text: str) -> None:
    find_function(parse("m", "m.py", text.encode()), "f")


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("def g(t): ...", "m.py has no function 'f'", 'write "m:g"'),
        ("", "m.py has no function 'f'", "def f(table: pyarrow.Table):"),
        (
            "\ndef f(a, b): ...",
            "m.py:2: f takes 2 arguments; it is called with one table",
            "def f(table: pyarrow.Table): the inputs are its columns",
        ),
        (
            "def f(t, *, key): ...",
            "m.py:1: f takes 2 arguments; it is called with one table",
            "def f(table: pyarrow.Table): the inputs are its columns",
        ),
        (
            "def f(): ...",
            "m.py:1: f takes no argument; it is called with one table",
            "def f(table: pyarrow.Table): the inputs are its columns",
        ),
        ("async def f(t): ...", "m.py:1: f is asynchronous", "def f(table: pyarrow.Table):"),
        (
            "def f(t):\n    yield 1",
            "m.py:1: f yields, and must return one column",
            "return a list instead",
        ),
    ],
    ids=["other", "none", "two", "keyword", "nothing", "async", "generator"],
)
def test_what_cannot_be_called_with_one_table_is_told(text: str, message: str, fix: str) -> None:
    with pytest.raises(CodeError) as refusal:
        find_function(parse("m", "m.py", text.encode()), "f")

    assert (refusal.value.message, refusal.value.fix) == (message, fix)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"def f(:\n", "m.py:1:7: invalid syntax"),
        (b"\n\nreturn = 1\n", "m.py:3:8: invalid syntax"),
        (b"x = '\xff'\n", "m.py:1:"),
        (b"x = 1\0\n", "m.py"),
        (b"(" * 1000, "m.py"),
    ],
    ids=["syntax", "line", "encoding", "nul", "depth"],
)
def test_what_is_no_python_is_told_with_its_place(text: bytes, message: str) -> None:
    with pytest.raises(CodeError) as refusal:
        parse("m", "m.py", text)

    assert refusal.value.message.startswith(message)


def test_a_docstring_documents_the_feature() -> None:
    [definition] = ast.parse("def f(t):\n    '''Say.\n\n    More.'''").body

    assert isinstance(definition, ast.FunctionDef)
    assert docstring(definition) == "Say.\n\nMore."
    assert docstring(None) == ""
