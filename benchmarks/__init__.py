"""What is claimed about speed, runnable by anyone: `python -m benchmarks.run --help`."""
