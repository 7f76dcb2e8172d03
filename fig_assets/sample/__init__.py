"""A made-up sign-in log to try a project on: ordinary people, services and hidden attacks."""

from fig_assets.sample.days import write_days

__all__ = ["write_days"]
