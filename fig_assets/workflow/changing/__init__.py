"""What a change of the configuration does: shown, tried on a copy, dropped."""
