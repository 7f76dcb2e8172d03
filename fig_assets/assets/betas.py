"""The parts of Dagster that are still called beta: each is used here once, without its warning."""

import warnings
from pathlib import Path

from dagster import (
    AssetSelection,
    BetaWarning,
    CodeReferencesMetadataValue,
    LocalFileCodeReference,
    TimeWindowPartitionMapping,
)


def shifted_days(first: int, last: int) -> TimeWindowPartitionMapping:
    """Map partition D to D+first .. D+last; days that do not exist upstream are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)
        return TimeWindowPartitionMapping(
            start_offset=first, end_offset=last, allow_nonexistent_upstream_partitions=True
        )


def parse_selection(text: str) -> AssetSelection:
    """Parse a selection of assets as people write it in Dagster."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)
        return AssetSelection.from_string(text)


def code_reference(path: Path, line: int, label: str) -> CodeReferencesMetadataValue:
    """Link an asset to the line of the file that defines it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)
        reference = LocalFileCodeReference(file_path=str(path), line_number=line, label=label)
        return CodeReferencesMetadataValue(code_references=[reference])
