"""What is missing or outdated, and in which order it is computed."""
