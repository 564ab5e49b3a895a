"""`reconcile [PATH…]`: the main job. Where all that a dry run depends on is as it was, what it said is said again.

Must stay light up to there: a nightly run over a million subscriptions of which nothing has changed costs a walk.
"""

from __future__ import annotations

import os
import time

import click

from reconciler.cli.app import Given, lined, own


@click.command("run", hidden=True)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@own
@lined
def run(given: Given, paths: tuple[str, ...], dry_run: bool, yes: bool, distributed: bool, wait: bool) -> int:
    """Read the specs, plan, review, apply and report."""
    if not dry_run:
        from reconciler.cli.reconciling import apply_all  # start-up: not needed where nothing has changed

        return apply_all(given, paths, yes=yes, distributed=distributed, wait=wait)
    if given.format == "text" and not given.out and not given.verify_content:
        from reconciler.cli.output import colour_on, put
        from reconciler.cli.remembered import Question

        asked = Question.of(given, paths, os.environ, colour=colour_on(given))
        known = None if asked is None else asked.answer(time.time_ns())
        if known is not None:
            put(known.text)
            return known.code
    else:
        asked = None
    from reconciler.cli.reconciling import plan_all  # as above

    return plan_all(given, paths, asked)
