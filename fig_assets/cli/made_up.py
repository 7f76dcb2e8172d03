"""Commands that need no data of yours: `fig sample` and `fig demo`."""

import sys
from datetime import datetime
from pathlib import Path

import click

from fig_assets.cli.base import COUNT, DAY, DAYS, EVENTS, PROBLEMS, err, out


@click.command()
@click.option("--out", "target", default="data/raw", show_default=True, help="Folder to write to.")
@click.option("--from", "start", type=DAY, required=True, help="First day.")
@click.option("--to", "end", type=DAY, required=True, help="Last day, included.")
@click.option("--events", type=EVENTS, default=10_000, show_default=True, help="Events a day.")
@click.option("--seed", type=COUNT, default=7, show_default=True, help="Same seed, same events.")
def sample(target: str, *, start: datetime, end: datetime, events: int, seed: int) -> None:
    """Write made-up sign-in events, one gzip file a day, and the hidden truth beside them.

    Example: fig sample --from 2026-10-01 --to 2026-10-07 --events 1000
    """
    from fig_assets.sample import write_days
    from fig_assets.terminal import Display

    if end < start:
        raise click.UsageError("the day of --to is before the day of --from")
    with Display(err) as display:
        display.plan({"sample": (end - start).days + 1})
        written = write_days(
            Path(target),
            start.date(),
            end.date(),
            events_per_day=events,
            seed=seed,
            on_day=lambda day, _: display.progress("sample", day),
        )
    out.print(f"{written:,} events in {target}/events, the truth in {target}/truth")


@click.command()
@click.option("--days", type=DAYS, default=35, show_default=True, help="Days until yesterday.")
@click.option("--events", type=EVENTS, default=10_000, show_default=True, help="Events a day.")
@click.option("--project", "folder", default="configs", show_default=True, help="Project.")
@click.option(
    "--env", envvar="FIG_ENV", default="local", show_default=True, help="Whose warehouse to use."
)
def demo(*, days: int, events: int, folder: str, env: str) -> None:
    """Run the whole pipeline on made-up sign-ins; a second run does what is missing only.

    Example: fig demo --days 14 --events 1000
    """
    from fig_assets.demo import run_demo

    ok = run_demo(Path(folder), days=days, events_per_day=events, out=out, err=err, environment=env)
    if not ok:
        sys.exit(PROBLEMS)
