"""People as a provider: for what no API reaches. It writes down what is to be clicked, and never calls it done.

By the agreement that the account's `options: {agreement: …}` names. Pages and buttons are called as Microsoft's support
pages on renewing, cancelling and reactivating a subscription (July to September 2024) call them, and what those warn
of is told before the click. What they leave open, the steps leave to the person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from reconciler.answers import Accepted
from reconciler.changes import Change, Kind
from reconciler.journal import Run
from reconciler.model import StoredSubscription
from reconciler.settings import AccountSettings
from reconciler.tasks import AGREEMENT, AGREEMENTS, OPTIONS, PRODUCT, Task, token_of

_Steps = Mapping[Kind, tuple[str, ...]]

_WORD = re.compile(r"\{(name|key|recurring)\}")

_RECORD = "Then record it: reconcile done {key} --evidence 'WHAT SHOWS IT'"
_UNABLE = "If it cannot be done: reconcile done {key} --failed 'WHY'"

_PRODUCT = "Open Billing > Your products, and select {name}."
_ACCOUNT = "If you can choose among several billing accounts, choose the one that has {name}."
_SCHEDULED = "Note the scheduled changes that it carries: turning recurring billing off takes them away for good."
_PAY = "Where it asks for a payment method, choose one: it is charged when the term ends."
_DATA = "Check that this is the right one and that its data is saved: users lose access at once."
_DOMAIN = "If its custom domain is in use, move that away first."


def _recurring(choice: str) -> str:
    return f"Open Billing settings > Edit recurring billing, choose {choice}, and Save."


_CUSTOMER_AGREEMENT: _Steps = {
    Kind.TURN_ON: (_recurring("On (not: renew once)"), _PAY),
    Kind.TURN_OFF: (_SCHEDULED, _recurring("Off")),
    # There is no cancellation at renewal under this agreement: its pages lead to recurring billing instead.
    Kind.CANCEL_AT_RENEWAL: (_SCHEDULED, _recurring("Off")),
    Kind.UNDO_CANCEL: (_recurring("{recurring}"),),
    Kind.CANCEL_NOW: (
        _DATA,
        _DOMAIN,
        "Choose Cancel subscription, and confirm. If it only offers recurring billing, the window is over: stop here.",
    ),
    Kind.REACTIVATE: (
        "Choose Reactivate, and confirm the price: it is a new purchase with a term that begins today.",
        "It has another id from now on: note it, and write it into the spec as `id`.",
    ),
}
_ONLINE_SERVICES: _Steps = {
    Kind.TURN_ON: (_recurring("On (not: renew once)"), _PAY),
    Kind.TURN_OFF: (_SCHEDULED, _recurring("Off")),
    Kind.CANCEL_AT_RENEWAL: ("Choose Cancel subscription, then Cancel before the next renewal date, and confirm.",),
    Kind.UNDO_CANCEL: ("Take the cancellation back.", _recurring("{recurring}")),
    Kind.CANCEL_NOW: (
        _DATA,
        _DOMAIN,
        "If it has more than 25 licences, reduce them first, or ask the vendor's support.",
        "Choose Cancel subscription, then Cancel now, and confirm.",
    ),
    Kind.REACTIVATE: (
        "Choose Reactivate, choose a payment method, and confirm the price.",
        _recurring("On"),
    ),
}


def _asked(whom: str) -> _Steps:
    """Where a person can only ask another one."""
    return {
        Kind.TURN_ON: (f"Ask {whom} to let it renew, and at what price.",),
        Kind.TURN_OFF: (f"Ask {whom} not to let it renew, and what follows the end of its term.",),
        Kind.CANCEL_AT_RENEWAL: (f"Ask {whom} to cancel it at its renewal, without an extension that costs money.",),
        Kind.UNDO_CANCEL: (f"Ask {whom} to take the cancellation back, recurring billing {{recurring}}.",),
        Kind.CANCEL_NOW: (_DATA, f"Ask {whom} to cancel it at once, and what is refunded."),
        Kind.REACTIVATE: (f"Ask {whom} whether it can be brought back, at what price, and to do so.",),
    }


_LOOK = "Look at it again: it must show what was asked for, and not only that it was saved."
_ANSWER = "Wait for the answer in writing, and keep it: it is the evidence."
_PORTAL: _Steps = {
    Kind.TURN_ON: ("Turn its recurring billing on, and save.",),
    Kind.TURN_OFF: ("Turn its recurring billing off, and save.",),
    Kind.CANCEL_AT_RENEWAL: ("Cancel it as of its next renewal.",),
    Kind.UNDO_CANCEL: ("Take its cancellation back, and set recurring billing to {recurring}.",),
    Kind.CANCEL_NOW: (_DATA, "Cancel it as of today."),
    Kind.REACTIVATE: ("Bring it back. If it has another id from now on, write that into the spec as `id`.",),
}


@dataclass(frozen=True, slots=True)
class _Pages:
    """How to get there, what to do there, and what is left to do after it."""

    way: tuple[str, ...]
    verbs: _Steps
    after: str = _LOOK


def _sign_in(who: str) -> str:
    return f"Sign in to the Microsoft 365 admin center as {who}."


_PAGES: Mapping[str, _Pages] = {
    "portal": _Pages(("Sign in to the vendor's billing portal, and open {name}.",), _PORTAL),
    "microsoft-customer-agreement": _Pages(
        (_sign_in("an owner or contributor of its billing account or billing profile"), _ACCOUNT, _PRODUCT),
        _CUSTOMER_AGREEMENT,
    ),
    "microsoft-online-services": _Pages((_sign_in("a Billing Administrator"), _ACCOUNT, _PRODUCT), _ONLINE_SERVICES),
    "microsoft-enterprise": _Pages(
        ("Find out who holds the enterprise agreement: {name} is changed by an order, not in the admin center.",),
        _asked("them"),
        _ANSWER,
    ),
    "reseller": _Pages(
        ("Write to the reseller that sold it: name {name}, and the customer.",), _asked("the reseller"), _ANSWER
    ),
}
"""By agreement; a test holds that these are `tasks.AGREEMENTS`."""


class ManualProvider:
    """ports.Desk: issues a task for each change of the pair. Its records are kept like a ledger's."""

    name: ClassVar[str] = "manual"
    options: ClassVar[Mapping[str, str]] = OPTIONS

    def issue(self, account: AccountSettings, change: Change, row: StoredSubscription, run: Run) -> Accepted:
        """The task, as the token of what was accepted."""
        return Accepted(token_of(task_for(account, change, row, run)))


def task_for(account: AccountSettings, change: Change, row: StoredSubscription, run: Run) -> Task:
    """What a person is asked to do, in the order of the clicks, until when, and on whose word."""
    pages = _PAGES[account.options.get(AGREEMENT, AGREEMENTS[0])]
    said = {
        "name": f"{PRODUCT} ({row.id})" if row.id else PRODUCT,
        "key": str(change.key),
        "recurring": str(change.after.get("recurring", "on")).capitalize(),
    }
    steps = (*pages.way, *pages.verbs[change.kind], pages.after, _RECORD, _UNABLE)
    return Task(
        steps=tuple(_filled(step, said) for step in steps),
        deadline=_deadline(change, row),
        owner=row.owner,
        asked_by=run.actor,
        commit=run.commit,
        why=change.reason,
    )


def _filled(step: str, said: Mapping[str, str]) -> str:
    """The step with its words, put in by one pass: an id may look like one of them."""
    return _WORD.sub(lambda found: said[found.group(1)], step)


def _deadline(change: Change, row: StoredSubscription) -> date | None:
    """The last day on which it is of use: before the term ends; of an end at once, before its window closes."""
    if change.kind is Kind.REACTIVATE:
        return None
    end = row.term.end
    if change.kind is Kind.CANCEL_NOW and change.impact is not None and change.impact.window_closes is not None:
        end = min(end, change.impact.window_closes)
    return (end - timedelta(microseconds=1)).date()
