import os
from pathlib import Path

import pytest

from fig_assets.engines.limits import machine_memory, memory_bytes

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        ("6GB", 6_000_000_000),
        ("6 GiB", 6 << 30),
        ("512MiB", 512 << 20),
        ("0.5KB", 500),
        ("2TB", 2 * 10**12),
        ("100%", machine_memory()),
        (None, machine_memory() // 2),
    ],
)
def test_a_limit_is_so_many_bytes(limit: str | None, size: int) -> None:
    assert memory_bytes(limit) == size


@pytest.mark.parametrize(
    ("name", "text", "size"),
    [
        ("memory.max", "1073741824\n", 1 << 30),
        ("memory.max", "max\n", MACHINE),
        ("memory/memory.limit_in_bytes", "1073741824\n", 1 << 30),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", MACHINE),
        ("something else", "1", MACHINE),
    ],
)
def test_a_container_has_the_memory_it_may_use(
    tmp_path: Path, name: str, text: str, size: int
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert machine_memory(tmp_path) == size
