"""What is planned for the subscriptions that outside providers keep: by what they show, never by what we stored.

Pure. What could not be read blocks itself; what somebody changed outside is told, and undone only where that is wished.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.changes import EXTENSION, Kind, Listed, Pending, Sighting
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.draft import Draft, outcome_unknown
from reconciler.foreign import Case, Ruling, judge, unexpected
from reconciler.journal import OpenIntent
from reconciler.model import DesiredSubscription, Intent, Recurring, StoredSubscription, SubscriptionKey
from reconciler.noticing import Noticed, compare, live_row, taken_note, term_of
from reconciler.observed import Abroad, ObservedAccount, ObservedSubscription, Obstacle
from reconciler.proposals import adopted, adoption, rename, update
from reconciler.proposals import released as let_go
from reconciler.schedule import to_come
from reconciler.settings import AccountSettings, OnDrift
from reconciler.stored import StoredState
from reconciler.wishes import Barred, Converged, Move, Over

_UNOBSERVED = Obstacle("unreadable", "its account was not observed", "observe it: reconcile refresh")


def consider_outside(draft: Draft, wanted: DesiredSubscription, account: AccountSettings, abroad: Abroad) -> None:
    """Decide everything about one declared subscription of an outside account."""
    if mistaken(draft.stored, account):
        return  # it is refused whole: what another account shows says nothing about this one
    found = draft.look_up(wanted)
    if found is None:
        return
    if (begun := draft.stored.open_intents.get(wanted.key)) is not None:
        if begun.token is not None or begun.queued:
            draft.pending.append(_under_way(wanted, begun))
        else:
            draft.block(wanted, outcome_unknown(begun))
        return
    known = abroad.observed.accounts.get(account.name)
    seen = _UNOBSERVED if known is None else known.of(wanted.id or "")
    match seen:
        case ObservedSubscription():
            _seen(draft, wanted, found.row, _Sight(account, seen, known, abroad))
        case Obstacle():
            kind = Kind.ADOPT if found.row is None else Kind.UPDATE
            draft.block(wanted, Barred(kind, seen.code, seen.detail, seen.hint))
        case None:
            _absent(draft, wanted, found.row, account)
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(seen)


def mistaken(stored: StoredState, account: AccountSettings) -> bool:
    """Whether the settings say another provider or tenant than was recorded for this name."""
    return stored.accounts.get(account.name, (account.provider, account.pin)) != (account.provider, account.pin)


@dataclass(frozen=True, slots=True)
class _Sight:
    """One subscription as it was seen."""

    account: AccountSettings
    seen: ObservedSubscription
    known: ObservedAccount | None
    abroad: Abroad


def _under_way(wanted: DesiredSubscription, begun: OpenIntent) -> Pending:
    hint = f"watch it: reconcile runs {begun.run}" if begun.queued else "the next apply asks what became of it"
    return Pending(
        wanted.key, begun.kind, begun.at.date(), begun.why or "the provider took it on and works on it",
        hint, wanted.place, owner=wanted.owner, product=begun.product,
    )  # fmt: skip


def _absent(
    draft: Draft, wanted: DesiredSubscription, row: StoredSubscription | None, account: AccountSettings
) -> None:
    """The provider says that it has none of that id."""
    if row is None:
        detail = f"{account.name} has no subscription {wanted.id}"
        hint = "check `id`, and that it is of this account; nothing is ever bought here"
        draft.block(wanted, Barred(Kind.ADOPT, "not-found", detail, hint))
    elif row.status.ended and not _wants_back(wanted):
        draft.unchanged += 1
    else:
        detail = f"it is stored as {row.status}, and {account.name} does not have it any more"
        hint = f"look there: was it moved to another account? Then remove it here and `reconcile forget {row.key}`"
        draft.block(wanted, Barred(Kind.UPDATE, "vanished", detail, hint), product=row.product)


def _wants_back(wanted: DesiredSubscription) -> bool:
    intent = wanted.intent
    return intent is not None and intent.own and intent.recurring is Recurring.ON


def _seen(draft: Draft, wanted: DesiredSubscription, stored: StoredSubscription | None, sight: _Sight) -> None:
    seen = sight.seen
    if term_of(seen, stored) is None:
        detail = "its provider reports no term, so that nobody knows when it renews"
        hint = "look at it there; what it cannot tell is managed with `provider: manual`"
        draft.block(wanted, Barred(Kind.ADOPT, "dates-unknown", detail, hint), product=seen.product)
        return
    if wanted.schedule:
        wanted = draft.as_scheduled(wanted)
    at = sight.known.at if sight.known is not None else draft.now
    noticed = None if stored is None else compare(stored, seen, at)
    live = live_row(wanted.key, seen, None) if noticed is None else noticed.live
    if live.price is None and wanted.facts.price is not None and seen.length is not None:
        live = replace(live, price=wanted.facts.price)  # what the spec expects is better than nothing to count by
    _tell(draft, wanted, live, seen)
    before = len(draft.changes)
    row = _recorded(draft, wanted, stored, live)
    listed, held, row = _intend(draft, wanted, row, noticed, sight)
    draft.left[wanted.key] = row
    if stored is not None:
        draft.weigh(stored, before)
    if noticed is not None:
        draft.drift += noticed.drift
        events, after = taken_note(noticed, at, held=held)
        if events:
            draft.elapsed += events
            draft.settled[after.key] = after
    if wanted.schedule:
        draft.foresee(wanted, row)
    if not listed and len(draft.changes) == before:
        draft.unchanged += 1


def _tell(draft: Draft, wanted: DesiredSubscription, live: StoredSubscription, seen: ObservedSubscription) -> None:
    draft.diagnostics += unexpected(wanted, live, seen)
    draft.diagnostics += [
        Diagnostic(Severity.NOTE, "provider-note", "its provider says", f"{wanted.key}: {note}", place=wanted.place)
        for note in seen.notes
        if not seen.status.ended  # what remains to be said of it changes nothing any more
    ]


def _recorded(
    draft: Draft, wanted: DesiredSubscription, stored: StoredSubscription | None, live: StoredSubscription
) -> StoredSubscription:
    """The live record after what is ours to record: the first record of it, its name, its owner, labels, protection."""
    if stored is None:
        taken = adopted(wanted, live)
        draft.settled[wanted.key] = taken
        draft.note(adoption(wanted, live), None, taken)
        return taken
    row = live
    if stored.key != wanted.key:
        row = draft.step(rename(wanted, row), row)
    row = draft.step(update(wanted, row, outside=True), row)
    if wanted.intent is not None and not row.declared:
        draft.declared.add(wanted.key)
    return row


def _intend(
    draft: Draft, wanted: DesiredSubscription, row: StoredSubscription, noticed: Noticed | None, sight: _Sight
) -> tuple[bool, bool, StoredSubscription]:
    """Decide about the pair: whether it was listed rather than unchanged, whether it is held, and the record after."""
    intent = wanted.intent
    if intent is None:
        gone = row.declared and not row.status.ended and not to_come(wanted, draft.now.date())
        if gone:
            draft.released.append(let_go(wanted, row))
        return gone, False, row
    protected = (noticed.live.protected if noticed is not None else row.protected) or wanted.protect is True
    case = Case(sight.account.provider, sight.seen, row, noticed, draft.now, protected)
    ruling = judge(intent, case)
    match ruling.decision:
        case Converged():
            return False, False, row
        case Over(detail):
            hint = "write `recurring: on` among its own keys to bring it back"
            draft.ended.append(Listed(wanted.key, detail, hint, intent.place, row.product))
            return True, False, row
        case Barred():
            draft.block(wanted, ruling.decision, intent.place, row.product)
            return True, ruling.held, row
        case Move():
            if ruling.held and not _correct(sight, wanted.key):
                draft.held.append(_held(wanted, intent, ruling.decision, noticed, row))
                return True, True, row
            return True, ruling.held, _move(draft, wanted, intent, ruling, row, sight)
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(ruling.decision)


def _correct(sight: _Sight, key: SubscriptionKey) -> bool:
    return sight.account.on_drift is OnDrift.CORRECT or sight.abroad.corrected(str(key))


def _held(
    wanted: DesiredSubscription, intent: Intent, move: Move, noticed: Noticed | None, row: StoredSubscription
) -> Listed:
    drift = noticed.drift if noticed is not None else ()
    changed = ", ".join(f"{item.field} {item.stored} -> {item.observed}" for item in drift if item.stored is not None)
    detail = f"changed outside ({changed}); undoing that is held: {move.kind}"
    hint = f"take it over: reconcile accept {wanted.key}; or undo it: reconcile --correct-drift {wanted.key}"
    return Listed(wanted.key, detail, hint, intent.place, row.product)


def _move(
    draft: Draft, wanted: DesiredSubscription, intent: Intent, ruling: Ruling, row: StoredSubscription, sight: _Sight
) -> StoredSubscription:
    decision = ruling.decision
    if not isinstance(decision, Move):
        raise TypeError("only a move is made")
    after = draft.move(wanted, intent, decision, row, None)
    last = draft.changes[-1]
    if last.impact is not None and last.kind is Kind.CANCEL_NOW:
        # When the window closes is the provider's to tell, not a policy's.
        last = replace(last, impact=replace(last.impact, window_closes=sight.seen.cancel_now_until))
    if ruling.extends:
        last = replace(last, after={**last.after, EXTENSION: "accepted"})
    draft.changes[-1] = replace(last, instead_of=ruling.said)
    return after


def look_at_unclaimed(draft: Draft, row: StoredSubscription, abroad: Abroad) -> None:
    """What became of a record that no file declares: nothing is wished of it, so that all of it is taken note of."""
    known = abroad.observed.accounts.get(row.key.account)
    seen = known.of(row.id or "") if known is not None else None
    begun = draft.stored.open_intents.get(row.key)
    if begun is not None and begun.queued:
        return  # a worker is at it: what it shows now is of no use in a moment
    if known is None or not isinstance(seen, ObservedSubscription):
        return
    noticed = compare(row, seen, known.at)
    draft.drift += noticed.drift
    events, after = taken_note(noticed, known.at, held=False)
    if events:
        draft.elapsed += events
        draft.settled[row.key] = after


def sightings(desired: DesiredState, stored: StoredState, abroad: Abroad) -> tuple[Sighting, ...]:
    """How far each outside account that this run is about was looked at, by account."""
    if not abroad.observed.accounts:
        return ()
    claimed: dict[str, set[str]] = {}
    for key, wanted in desired.subscriptions.items():
        if wanted.id is not None:
            claimed.setdefault(key.account, set()).add(wanted.id)
    for key, row in stored.subscriptions.items():
        if row.id is not None:
            claimed.setdefault(key.account, set()).add(row.id)
    seen = {
        name: known
        for name, known in abroad.observed.accounts.items()
        if name not in desired.accounts or not mistaken(stored, desired.accounts[name])
    }
    return tuple(_sighting(known, claimed.get(name, set())) for name, known in sorted(seen.items()))


def _sighting(known: ObservedAccount, claimed: set[str]) -> Sighting:
    return Sighting(
        known.account, known.at, known.fresh, len(known.subscriptions), known.undeclared(claimed),
        next((why.detail for why in (known.trouble, known.broken_off) if why is not None), None),
    )  # fmt: skip


__all__ = ["Abroad", "consider_outside", "look_at_unclaimed", "sightings"]
