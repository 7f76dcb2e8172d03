"""One day of one op: its statements, rows, checks and records."""
