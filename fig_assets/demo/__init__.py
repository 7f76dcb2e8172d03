"""The demonstration: made-up sign-ins to scored requests, then how good the scores are."""

from fig_assets.demo.run import run_demo

__all__ = ["run_demo"]
