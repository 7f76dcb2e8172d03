"""How many made-up sign-in events are written a second of CPU, and what share is compression.

Run: .venv/bin/python benchmarks/sample_rate.py [--events 100000] [--days 3]
Checks first that the same seed and day give the same bytes, then times; prints a table.
"""

import argparse
import gzip
import sys
import tempfile
import time
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from fig_assets.sample import write_days

START = date(2026, 1, 5)
SEED = 7


def digests(folder: Path) -> dict[str, str]:
    """Digest the decompressed lines of each day."""
    files = sorted((folder / "events").glob("*.jsonl.gz"))
    return {file.name: sha256(gzip.decompress(file.read_bytes())).hexdigest() for file in files}


def main() -> int:
    """Check, time, print; returns 1 where the bytes differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=3)
    options = parser.parse_args()
    last = START + timedelta(days=options.days - 1)
    with tempfile.TemporaryDirectory() as name:
        whole, alone = Path(name, "whole"), Path(name, "alone")
        begun = time.process_time()
        count = write_days(whole, START, last, events_per_day=options.events, seed=SEED)
        spent = time.process_time() - begun
        write_days(alone, last, last, events_per_day=options.events, seed=SEED)
        if digests(alone)[f"{last}.jsonl.gz"] != digests(whole)[f"{last}.jsonl.gz"]:
            sys.stderr.write("the bytes of a day depend on the range\n")
            return 1
        lines = [gzip.decompress(f.read_bytes()) for f in (whole / "events").glob("*.gz")]
        begun = time.process_time()
        for data in lines:
            gzip.compress(data, compresslevel=6, mtime=0)
        packing = time.process_time() - begun
    sys.stdout.write(
        f"events       {count:>12,}\n"
        f"cpu seconds  {spent:>12.2f}\n"
        f"events/cpu s {count / spent:>12,.0f}\n"
        f"gzip -6 of the same bytes alone {packing:.2f} cpu seconds\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
