"""Shards handed to workers on any host by Procrastinate, whose tables stand beside the store's. Knows no other engine.

A job is the number of a shard, and nothing else: what is to be done, and by whom, the book says. Needs connections of
its own, straight to PostgreSQL: it is woken by LISTEN.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

import procrastinate
from procrastinate import exceptions, jobs, retry

from reconciler.queueing import Work
from reconciler.shards import Ticket

NAME: Final = "reconcile"
"""Of our queue."""
_CARRY, _RECOVER = "reconcile.carry_out", "reconcile.recover"
_LOCK: Final = 0x52434E51
_BATCH: Final = 1000
_REST = 0.2
"""Seconds between two looks, whether to stop or what is left; and before a server that was lost is tried again."""
_RETRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Beats:
    """When a worker counts as gone."""

    every: float = 10.0
    """Seconds between two signs of life of a worker."""
    stalled: float = 30.0
    """Seconds without one after which its jobs are handed out again."""
    cron: str = "* * * * * */10"
    """When that is looked for."""


class _Again(Exception):
    """The shard is not over."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class _Later(retry.BaseRetryStrategy):
    """What asks to be handed out again is; so is what failed, a few times, for failing may pass."""

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> procrastinate.RetryDecision | None:
        """When to hand it out again."""
        if isinstance(exception, _Again):
            return procrastinate.RetryDecision(retry_in={"milliseconds": int(exception.seconds * 1000)})
        if job.attempts < _RETRIES:
            return procrastinate.RetryDecision(retry_in={"seconds": 10})
        return None


@dataclass
class Queue:
    """A Dispatcher on the server that `parameters` (libpq's) lead to, in that schema."""

    parameters: Mapping[str, str] = field(repr=False)
    schema: str = "reconcile"
    concurrency: int = 1
    beats: Beats = field(default_factory=Beats)

    def prepare(self, connection: Any) -> None:
        """The tables, as the installed release has them: made, or brought up to date, in that transaction."""
        connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        scripts = sorted(item.name for item in files("procrastinate.sql").joinpath("migrations").iterdir())
        scripts = [name for name in scripts if name.endswith(".sql")]
        row = connection.execute("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')").fetchone()
        there = connection.execute("SELECT to_regclass('procrastinate_jobs') IS NOT NULL").fetchone()[0]
        known = row[0] if row else None
        if there and (known or "") >= scripts[-1]:
            return
        if not there:
            connection.execute(files("procrastinate.sql").joinpath("schema.sql").read_text("utf-8").encode())
        else:
            for name in scripts:
                if name > (known or ""):
                    text = files("procrastinate.sql").joinpath("migrations", name).read_text("utf-8")
                    connection.execute(text.encode())
        connection.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{scripts[-1]}'".encode())

    def submit(self, tickets: Sequence[Ticket], within: object = None) -> None:
        """A job for each that has none, in the transaction of that connection."""
        app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
        there = _with_jobs(within, tickets)
        found = [
            jobs.Job(
                id=None, queue=NAME, lock=ticket.lock, queueing_lock=None, task_name=_CARRY,
                task_kwargs={"shard": ticket.shard},
            )
            for ticket in tickets
            if ticket.shard not in there
        ]  # fmt: skip
        for begin in range(0, len(found), _BATCH):
            with _unwrapped():
                app.job_manager.batch_defer_jobs(found[begin : begin + _BATCH], connection=within)

    def recover(self) -> int:
        """Hand out what was handed to workers that have shown no sign of life since."""

        async def recovered() -> int:
            app = self._app(lambda shard: None, None)
            async with app.open_async():
                return await self._recovered(app)

        return asyncio.run(recovered())

    def run(self, work: Work, stop: Callable[[], bool], idle: Callable[[], bool] | None = None) -> None:
        """Carry jobs out until asked to stop, or with `idle` until nothing is left; lives through a lost server."""
        for name in ("procrastinate", "psycopg.pool"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what becomes of a shard, its run says
        with ThreadPoolExecutor(self.concurrency, "shard") as pool:
            while not stop() and not (idle is not None and idle()):
                with suppress(exceptions.ConnectorException, OSError, TimeoutError):
                    asyncio.run(self._worked(self._app(work, pool), stop, idle))
                self._pause(stop)

    def _pause(self, stop: Callable[[], bool]) -> None:
        if not stop():
            asyncio.run(asyncio.sleep(_REST))

    async def _worked(self, app: procrastinate.App, stop: Callable[[], bool], idle: Callable[[], bool] | None) -> None:
        async with app.open_async():
            await self._recovered(app)
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[NAME],
                    concurrency=self.concurrency,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=self.beats.every,
                    stalled_worker_timeout=self.beats.stalled,
                )
            )
            while not worker.done():
                await asyncio.wait([worker], timeout=_REST)
                if stop() or (idle is not None and await asyncio.to_thread(idle)):
                    worker.cancel()  # it ends what is under way, and takes nothing more
                    with suppress(asyncio.CancelledError):
                        await worker
                    return
            worker.result()

    async def _recovered(self, app: procrastinate.App) -> int:
        stalled = list(await app.job_manager.get_stalled_jobs(queue=NAME, seconds_since_heartbeat=self.beats.stalled))
        for job in stalled:
            with suppress(exceptions.ConnectorException):  # another worker was quicker
                await app.job_manager.retry_job(job)
        return len(stalled)

    def _app(self, work: Work, pool: ThreadPoolExecutor | None) -> procrastinate.App:
        options = f"{self.parameters.get('options', '')} -c search_path={self.schema}".strip()
        given = {**self.parameters, "options": options, "target_session_attrs": "read-write"}  # LISTEN, too, needs it
        connector = procrastinate.PsycopgConnector(kwargs=given, min_size=1, max_size=4, timeout=10.0)
        app = procrastinate.App(connector=connector)

        @app.task(name=_CARRY, queue=NAME, retry=_Later())
        async def carry_out(shard: int) -> None:
            again = await asyncio.get_running_loop().run_in_executor(pool, work, shard)
            if again is not None:
                raise _Again(again)

        @app.periodic(cron=self.beats.cron)
        @app.task(name=_RECOVER, queue=NAME, queueing_lock=_RECOVER)
        async def recover(timestamp: int) -> None:
            await self._recovered(app)

        return app


def _with_jobs(connection: Any, tickets: Sequence[Ticket]) -> frozenset[int]:
    """The shards that wait in the queue, or are handed out, as it is. One that failed for good does neither."""
    statement = (
        "SELECT (args->>'shard')::bigint FROM procrastinate_jobs"
        " WHERE queue_name = %s AND task_name = %s AND status IN ('todo', 'doing') AND lock = ANY(%s::text[])"
    )
    found = connection.execute(statement, (NAME, _CARRY, [ticket.lock for ticket in tickets])).fetchall()
    return frozenset(int(row[0]) for row in found)


class _unwrapped:  # noqa: N801 - reads as what it does
    """What the driver raised, as it raised it: the store has words for that."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, exceptions.ConnectorException) and error.__cause__ is not None:
            raise error.__cause__
