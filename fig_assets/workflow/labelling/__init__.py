"""What labels did and how good they are."""
