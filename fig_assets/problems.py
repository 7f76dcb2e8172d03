"""Problems of a configuration -> text of 80 columns for people, objects for programs."""

import textwrap

from fig_assets.errors import ConfigError, Problem

WIDTH = 80
MARKS = (*'{[$("', "fig lock --")
"""What a mend holds that can be pasted."""
MOST = 200
"""So many problems are shown to people; programs get every one."""


def show_problems(refusal: ConfigError) -> str:
    """Return the first `MOST` problems of a refusal in file order, below a line that counts all."""
    lines = [str(refusal).partition("\n")[0], *map(problem_text, refusal.problems[:MOST])]
    return "\n".join([*lines, *more_text(len(refusal.problems))])


def more_text(count: int) -> list[str]:
    """Return the line that ends a list of `count` problems that is cut, if it is."""
    more = count - MOST
    return [f"... and {more:,} more; --json tells every one"] if more > 0 else []


def problem_text(problem: Problem) -> str:
    """Return where, what, an excerpt and a mend, in lines of at most 80 columns.

    Places, excerpts and mends that can be pasted are never broken.
    """
    lines = [_printable(str(problem.where))]
    for line in problem.message.splitlines():
        lines += _wrapped(_printable(line), "  ")
    lines += [f"    {_printable(line, ' ')}" for line in problem.excerpt.splitlines()]
    if problem.fix:
        lines += _wrapped(f"fix: {_printable(problem.fix)}", "  ")
    return "\n".join(lines)


def problem_json(problem: Problem) -> dict[str, str | int]:
    """Return a problem as an object; `line` and `column` count from 1, 0 means the whole file."""
    where = problem.where
    return {
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "pointer": where.pointer,
        "severity": problem.severity,
        "message": problem.message,
        "excerpt": problem.excerpt,
        "mend": problem.fix,
    }


def _printable(line: str, instead: str = "") -> str:
    """Write what would steer a terminal as an escape, or as one character `instead`."""
    if line.isprintable():
        return line
    written = (c if c.isprintable() else instead or ascii(c)[1:-1] for c in line)
    return "".join(written)


def _wrapped(line: str, indent: str) -> list[str]:
    """Break at spaces outside of what could be pasted: braces, brackets and quotes stay whole."""
    is_pasted = line.startswith("fix:") and any(mark in line for mark in MARKS)
    if is_pasted and "use one of" not in line:
        return [f"{indent}{line}"]
    return textwrap.wrap(
        line,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
