"""Files of a model: taken from folders and archives, refused where they are more than files."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from fig_assets.errors import ModelError
from fig_assets.models.model_files import check_names, from_archive, from_folder, write

FILES = {"a.json": b"{}", "deep/b.bin": b"\x00\x01"}


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    packed.seek(0)
    return packed


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


def test_a_folder_and_an_archive_give_the_same_files(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    (tmp_path / "empty").mkdir()
    packed = archive(
        (member("./deep", tarfile.DIRTYPE), b""),
        *((member(f"./{name}"), content) for name, content in FILES.items()),
    )

    assert from_folder(tmp_path) == FILES
    assert from_archive(packed) == FILES


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up", "a/../../up", "a\nb", "a//b", "a\\b", "", ".", "x" * 201]
)
def test_a_path_that_is_none_below_a_folder_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="is no path of a file in a folder"):
        check_names({name: b""})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (member("../up"), "is no path of a file"),
        (member("/etc/passwd"), "is no path of a file"),
        (member("a", tarfile.SYMTYPE, "/etc/passwd"), "is no plain file"),
        (member("a", tarfile.LNKTYPE, "/etc/passwd"), "is no plain file"),
        (member("a", tarfile.FIFOTYPE), "is no plain file"),
        (member("a", tarfile.CHRTYPE), "is no plain file"),
    ],
    ids=["up", "absolute", "symbolic link", "link", "pipe", "device"],
)
def test_a_member_that_is_more_than_a_file_is_refused(entry: tarfile.TarInfo, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        from_archive(archive((entry, b"")))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fig_assets.models.model_files.MOST_BYTES", 1_000)
    with pytest.raises(ModelError, match="makes the model larger than"):
        from_archive(archive((member("a"), b"0" * 600), (member("b"), b"0" * 600)))


@pytest.mark.parametrize("cut", [0, 1, 20, -20])
def test_a_cut_archive_is_refused(cut: int) -> None:
    packed = archive((member("a"), os.urandom(200))).getvalue()
    with pytest.raises(ModelError, match="cannot be read"):
        from_archive(io.BytesIO(packed[:cut]))


def test_no_archive_at_all_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        from_archive(io.BytesIO(b"words"))


def test_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/etc/passwd")
    with pytest.raises(ModelError, match="'a' of the model is no plain file"):
        from_folder(tmp_path)


def test_a_pipe_in_a_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    with pytest.raises(ModelError, match="'a' of the model is no plain file"):
        from_folder(tmp_path)


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fig_assets.models.model_files.MOST_FILES", 1)
    write(FILES, tmp_path)
    with pytest.raises(ModelError, match="is one of more than 1 files"):
        from_folder(tmp_path)
