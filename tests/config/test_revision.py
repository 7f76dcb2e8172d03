import os
from pathlib import Path

import pytest

from fig_assets.config.revision import at_revision
from fig_assets.errors import WorkflowError
from tests.repository import commit, git, repository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository whose folder `team/configs` changed once."""
    root = repository(tmp_path / "repo")
    folder = root / "team" / "configs"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.json").write_text("1", encoding="utf-8")
    (folder / "deep" / "odd name\n.bin").write_bytes(bytes(range(256)))
    (folder / "link").symlink_to("/etc/passwd")
    (root / "other.txt").write_text("x", encoding="utf-8")
    commit(root, "first")
    git(root, "tag", "v1")
    (folder / "a.json").write_text("2", encoding="utf-8")
    (folder / "b.json").write_text("new", encoding="utf-8")
    commit(root, "second")
    (folder / "a.json").write_text("not committed", encoding="utf-8")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_the_folder_is_as_it_was_and_nothing_else_is_there(folder: Path) -> None:
    for name in ("v1", "HEAD~1", git(folder, "rev-parse", "HEAD~1")):
        with at_revision(folder, name) as found:
            assert found.folder.name == "configs"
            assert files(found.folder) == {
                "a.json": b"1", "deep/odd name\n.bin": bytes(range(256)),
            }  # fmt: skip
            assert found.commit == git(folder, "rev-parse", "v1")
        assert not found.folder.exists()
    with at_revision(folder, "HEAD") as found:
        assert files(found.folder)["a.json"] == b"2"


def test_the_work_tree_stays_as_it_is(folder: Path) -> None:
    before = files(folder), git(folder, "status", "--porcelain")

    with at_revision(folder, "v1"):
        pass

    assert (files(folder), git(folder, "status", "--porcelain")) == before


def test_the_whole_repository_can_be_the_project(folder: Path) -> None:
    root = folder.parent.parent

    with at_revision(root, "v1") as found:
        assert set(files(found.folder)) >= {"other.txt", "team/configs/a.json"}


@pytest.mark.parametrize(
    "revision",
    [
        "no_such_branch", "", "--all", "--output=made", "-h", "v1; touch made", "$(touch made)",
        "v1:team", "HEAD^{tree}", "a\nb",
    ],
)  # fmt: skip
def test_a_revision_is_only_ever_a_revision(
    folder: Path, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with (
        pytest.raises(WorkflowError, match="git knows no revision"),
        at_revision(folder, revision),
    ):
        pass
    assert not list(folder.rglob("made"))


def test_what_is_no_repository_or_was_not_there_is_refused(folder: Path, tmp_path: Path) -> None:
    later = folder.parent / "later"
    later.mkdir()
    (later / "a.json").write_text("1", encoding="utf-8")

    with pytest.raises(WorkflowError, match="no git repository"), at_revision(tmp_path, "HEAD"):
        pass
    words = "there is no folder team/later/ in v1"
    with pytest.raises(WorkflowError, match=words), at_revision(later, "v1"):
        pass


def test_without_git_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(WorkflowError, match="install git"), at_revision(folder, "v1"):
        pass
