"""A folder of a git repository -> the same folder as it was at a revision, for a moment."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fig_assets.errors import WorkflowError

FILES = ("100644", "100755")
"""The modes of plain files in a tree; links and other repositories are left out."""


@dataclass(frozen=True)
class Revision:
    """A folder as it was: where its copy is, and the commit."""

    folder: Path
    commit: str


@contextmanager
def at_revision(folder: Path, revision: str) -> Iterator[Revision]:
    """Give a copy of `folder` as it is in a commit of the repository that it belongs to.

    git is asked for objects only: the work tree, the index and the branch stay as they are.

    Args:
        folder: A folder inside of a repository.
        revision: Whatever git takes for a commit: `main`, `HEAD~3`, `v1.2`, a hash.

    Raises:
        WorkflowError: there is no git, no repository, no such revision, or no such folder in it.
    """
    folder = folder.resolve()
    prefix = _git(folder, "rev-parse", "--show-prefix", what=_no_repository(folder)).strip()
    name = f"{revision}^{{commit}}"
    unknown = f"git knows no revision '{revision}'\n  fix: see the branches: git branch --all"
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", name)
    commit = _git(folder, *asked, what=unknown).strip()
    listed = _git(folder, "ls-tree", "-r", "-z", "--full-tree", commit, "--", prefix or ".")
    if not listed:
        raise WorkflowError(
            f"there is no folder {prefix or '.'} in {revision}\n  fix: name a later revision"
        )
    with TemporaryDirectory() as place:
        copy = Path(place) / folder.name
        for line in filter(None, listed.split("\0")):
            facts, _, path = line.partition("\t")
            mode, _, digest = facts.split(" ")
            target = copy / path.removeprefix(prefix)
            if mode in FILES and target.resolve().is_relative_to(copy.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_git_bytes(folder, ("cat-file", "blob", digest), ""))
        yield Revision(copy, commit)


def _no_repository(folder: Path) -> str:
    return (
        f"{folder} is in no git repository, so there is no revision to compare with\n"
        "  fix: run it in a checkout of the project"
    )


def _git(folder: Path, *words: str, what: str = "") -> str:
    return _git_bytes(folder, words, what).decode("utf-8", "surrogateescape")


def _git_bytes(folder: Path, words: Sequence[str], what: str) -> bytes:
    """Run git without a shell; `what` is said where it refuses."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as refusal:
        fix = "install git" if folder.is_dir() else "name the folder of the project"
        raise WorkflowError(f"git cannot be run\n  fix: {fix}") from refusal
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise WorkflowError(what or f"git {words[0]}: {said}")
    return done.stdout
