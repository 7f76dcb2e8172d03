from pathlib import Path

import pytest

from fig_assets.config.lock import FILE, Lock, Locked, read_lock, write_lock
from fig_assets.config.merge import merge_lock
from fig_assets.errors import ConfigError

MEANS, OTHER = "0123456789abcdef", "fedcba9876543210"
BASE, OURS, THEIRS = (f"features/asn/daily/{name}__v1" for name in ("base", "ours", "theirs"))


def lock_of(folder: Path, next_id: int, **ids: int) -> Lock:
    keys = {"base": BASE, "ours": OURS, "theirs": THEIRS}
    lines = {keys[name]: Locked(id=number, means=MEANS) for name, number in ids.items()}
    return Lock(folder / FILE, FILE, 1, next_id, lines, {"asn": {"login.asn": 1}})


def test_ids_that_two_branches_gave_are_given_anew(tmp_path: Path) -> None:
    write_lock(lock_of(tmp_path, 3, base=1, ours=2, theirs=2))
    assert "--merge" in read_lock(tmp_path)[1][0].fix

    merge_lock(tmp_path)

    assert (tmp_path / FILE).read_text("utf-8") == lock_of(
        tmp_path, 4, base=1, ours=2, theirs=3
    ).text()


@pytest.mark.parametrize("base", ["", "||||||| base\n"], ids=["two sides", "with the base"])
def test_a_conflict_of_git_keeps_both_sides_and_our_ids(tmp_path: Path, base: str) -> None:
    text = lock_of(tmp_path, 3, base=1).text()
    entry = f'    "{BASE}": {{"id": 1, "means": "{MEANS}"}}\n'
    conflict = (
        "<<<<<<< HEAD\n"
        f'    "{BASE}": {{"id": 1, "means": "{MEANS}"}},\n'
        f'    "{THEIRS}": {{"id": 3, "means": "{MEANS}"}},\n'
        f'    "{OURS}": {{"id": 2, "means": "{MEANS}"}}\n'
        f"{base}{entry if base else ''}"
        "=======\n"
        f'    "{BASE}": {{"id": 1, "means": "{OTHER}"}},\n'
        f'    "{THEIRS}": {{"id": 2, "means": "{MEANS}"}}\n'
        ">>>>>>> other\n"
    )
    (tmp_path / FILE).write_text(text.replace(entry, conflict), encoding="utf-8")

    merge_lock(tmp_path)

    assert (tmp_path / FILE).read_text("utf-8") == lock_of(
        tmp_path, 4, base=1, ours=2, theirs=3
    ).text()


def test_a_line_that_belongs_to_no_lock_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    write_lock(lock_of(tmp_path, 3, base=1))
    broken = (tmp_path / FILE).read_text("utf-8") + "hello\n"
    (tmp_path / FILE).write_text(broken, encoding="utf-8")

    with pytest.raises(ConfigError, match="this line belongs to no lock"):
        merge_lock(tmp_path)

    assert (tmp_path / FILE).read_text("utf-8") == broken


def test_without_a_file_there_is_nothing_to_merge(tmp_path: Path) -> None:
    merge_lock(tmp_path)

    assert not (tmp_path / FILE).exists()
