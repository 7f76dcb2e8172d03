"""What a project promises, proved on a small made-up sample."""
