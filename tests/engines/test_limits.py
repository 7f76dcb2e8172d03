import os

import pytest

from fig_assets.engines.limits import memory_bytes

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        ("6GB", 6_000_000_000),
        ("6 GiB", 6 << 30),
        ("512MiB", 512 << 20),
        ("0.5KB", 500),
        ("2TB", 2 * 10**12),
        ("100%", MACHINE),
        (None, MACHINE // 2),
    ],
)
def test_a_limit_is_so_many_bytes(limit: str | None, size: int) -> None:
    assert memory_bytes(limit) == size
