"""docs/commands.md tells every command of the program and every option of it, and no other."""

import re

import click
import pytest

from fig_assets.cli import main
from tests.docs.documents import ROOT

TEXT = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
SECTIONS: dict[str, str] = dict(
    re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
)
OPTION = re.compile(r"`(--[a-z-]+)`")


def every(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """List the commands by what is typed; those of a group instead of the group."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        is_group = isinstance(command, click.Group)
        found |= every(command, f"{before}{name} ") if is_group else {before + name: command}
    return found


COMMANDS = every(main)


def told(section: str) -> set[str]:
    """Return the options in the first column of the tables of a section."""
    rows = [line for line in SECTIONS[section].splitlines() if line.startswith("| `--")]
    return {option for row in rows for option in OPTION.findall(row.split("|")[1])}


def options(command: click.Command) -> set[str]:
    return {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def test_every_command_has_a_section_and_no_other_is_told() -> None:
    sections = [title.removeprefix("fig ") for title in SECTIONS if title.startswith("fig ")]
    assert sorted(sections) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_told_and_no_other(name: str) -> None:
    own, shared = told(f"fig {name}"), told("For all")
    assert own <= options(COMMANDS[name])
    assert options(COMMANDS[name]) <= own | shared


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    assert f"\nfig {name} " in SECTIONS[f"fig {name}"] or f"\nfig {name}\n" in TEXT
