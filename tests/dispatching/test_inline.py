"""Shards in this process."""

from __future__ import annotations

from reconciler.dispatching.inline import Inline
from reconciler.queueing import Dispatcher
from reconciler.shards import Ticket
from tests.dispatching.contract import DispatcherContract, Log, run


class TestInline(DispatcherContract):
    """The contract."""

    def dispatcher(self, concurrency: int = 1) -> Dispatcher:
        return Inline(concurrency)


def test_what_ended_without_an_answer_is_recovered() -> None:
    inline, log = Inline(), Log(fails={1})
    inline.submit([Ticket(1, "one")])
    inline.run(log.work, lambda: False)
    assert inline.recover() == 1
    run(inline, log, 2)
    assert log.done == [1, 1]
