"""For each subscription: what its spec would have to say to want what stands outside, or why nothing is written.

Pure. Judges one at a time, as a plan does; whether the text then says just that, `proof` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from reconciler.accepting.replies import Answer, Candidate, Reply
from reconciler.counter.rewriting import Rewrite
from reconciler.desired import DesiredState
from reconciler.foreign import Case, judge, undoes_drift
from reconciler.identity import Records
from reconciler.model import Cancel, DesiredSubscription, Intent, Recurring, Status, StoredSubscription, SubscriptionKey
from reconciler.noticing import Noticed, compare, term_of
from reconciler.observed import ObservedAccount, ObservedState, ObservedSubscription, Obstacle
from reconciler.schedule import effective, in_force, pair_words, to_come
from reconciler.settings import AccountSettings
from reconciler.spec.positions import SpecPlace
from reconciler.stored import StoredState
from reconciler.wishes import Converged, Move, Over

WRONG_ACCOUNT = "wrong-account"
_NOTED = "the next apply takes note of it"
_UNOBSERVED = Obstacle("unreadable", "its account was not observed", "run again with --refresh all")
_END = frozenset({Cancel.AT_RENEWAL, Cancel.IMMEDIATELY})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the subscriptions are judged by."""

    now: datetime
    desired: DesiredState
    stored: StoredState
    """As it stands at now."""
    observed: ObservedState
    records: Records

    @property
    def today(self) -> date:
        """The UTC day by which schedules hold."""
        return self.now.date()


def said_of(key: SubscriptionKey, around: Surroundings) -> Reply | Candidate:
    """What is to be said of one subscription, or tried."""
    wanted = around.desired.subscriptions.get(key)
    base = Reply(key, Answer.NONE, place=None if wanted is None else wanted.place)
    if wanted is None:
        return replace(base, why=f"no file declares it, so that nothing is held; whatever changed outside, {_NOTED}")
    account = around.desired.accounts[key.account]
    if not account.outside:
        return replace(
            base, why=f"{account.name} is no outside account: its records are our own, and none of them drifts"
        )
    another = _recorded_otherwise(account, around.stored)
    if another is not None:
        return _refused(base, WRONG_ACCOUNT, another, "put the settings back; nothing overrides this")
    known = around.observed.accounts.get(account.name)
    base = replace(base, seen=None if known is None else known.at)
    obstacle = _in_the_way(wanted, around)
    seen = obstacle or (_UNOBSERVED if known is None else known.of(wanted.id or ""))
    row = around.records.of(wanted).row
    if isinstance(seen, Obstacle):
        return _refused(base, seen.code, seen.detail, seen.hint)
    if seen is None:
        return _gone(base, account, row)
    if row is None:
        return replace(base, why="it is not adopted yet, so that nothing is known that it could differ from")
    return _compared(base, wanted, row, seen, _Sight(around, account, known))


def _recorded_otherwise(account: AccountSettings, stored: StoredState) -> str | None:
    """In words how the records are another account's: what stands in this one says nothing about them."""
    declared = (account.provider, account.pin)
    recorded = stored.accounts.get(account.name, declared)
    if recorded == declared:
        return None
    return f"{account.name} was recorded as {_identity(*recorded)}, the settings say {_identity(*declared)}"


def _identity(provider: str, tenant: str | None) -> str:
    return f"{provider}, tenant {tenant}" if tenant else f"{provider} without a tenant"


def _in_the_way(wanted: DesiredSubscription, around: Surroundings) -> Obstacle | None:
    """Why nobody can say whose doing it is what stands there."""
    barred = around.records.of(wanted).barred
    if barred is not None:
        return Obstacle(barred.code, barred.detail, barred.hint)
    begun = around.stored.open_intents.get(wanted.key)
    if begun is None:
        return None
    detail = f"a change of ours, {begun.kind}, was begun and is not done: what stands there may be its work"
    return Obstacle("outcome-unknown", detail, "the next apply asks the provider, and settles it; then run this again")


def _refused(base: Reply, code: str, why: str, instead: str) -> Reply:
    return replace(base, answer=Answer.REFUSED, code=code, why=why, instead=instead)


def _gone(base: Reply, account: AccountSettings, row: StoredSubscription | None) -> Reply:
    if row is None:
        return _refused(base, "not-found", f"{account.name} has no subscription of its `id`", "check `id`")
    why = f"{account.name} does not have it any more"
    if row.status.ended:
        return replace(base, why=f"{why}, and it had ended: nothing is held")
    hint = f"was it moved to another account? Else take it out of the specs, then `reconcile forget {row.key}`"
    return _refused(base, "vanished", why, hint)


@dataclass(frozen=True, slots=True)
class _Sight:
    """Where one was seen."""

    around: Surroundings
    account: AccountSettings
    known: ObservedAccount | None


def _compared(
    base: Reply, wanted: DesiredSubscription, row: StoredSubscription, seen: ObservedSubscription, sight: _Sight
) -> Reply | Candidate:
    """By what its record, its provider and its spec say."""
    now = sight.around.now
    if term_of(seen, row) is None:  # pragma: no cover - what is recorded has a term
        return _refused(base, "dates-unknown", "its provider reports no term", "look at it there")
    noticed = compare(row, seen, sight.known.at if sight.known is not None else now)
    base = replace(base, drift=noticed.drift)
    if not noticed.drifted_pair:
        return replace(base, why=_undrifted(noticed))
    intent = effective(wanted, sight.around.today).intent
    if intent is None:
        return replace(base, why=f"its spec says nothing about it, so that nothing is held; {_NOTED}")
    live = replace(noticed.live, key=wanted.key)
    protected = live.protected or wanted.protect is True
    case = Case(sight.account.provider, seen, live, replace(noticed, live=live), now, protected)
    said = _judged(base, wanted, intent, case, sight.around.today)
    if isinstance(said, Candidate) and sight.known is not None and not sight.known.fresh:
        old = f"so it was on {sight.known.at:%Y-%m-%d at %H:%M} UTC, and nobody has looked since: --refresh all does"
        return replace(said, reply=replace(said.reply, notes=(*said.reply.notes, old)))
    return said


def _undrifted(noticed: Noticed) -> str:
    fields = ", ".join(item.field for item in noticed.drift)
    if fields:
        return f"only its {fields} changed outside, which no spec sets; {_NOTED}"
    return "nothing of it was changed outside since we last knew it"


def _judged(base: Reply, wanted: DesiredSubscription, intent: Intent, case: Case, today: date) -> Reply | Candidate:
    decision, live = judge(intent, case).decision, case.live
    where, said = intent.place.location, f"`{pair_words(intent)}`"
    if isinstance(decision, Converged):
        return replace(base, why=f"its spec wants already what stands there; {_NOTED}")
    if isinstance(decision, Over):
        return replace(base, why=f"{decision.detail}: nothing is held; {_NOTED}")
    if not undoes_drift(intent, case):
        why = (
            f"its spec asks for {decision.kind} whatever happened outside: that is no drift, and nobody applied it yet"
        )
        return _refused(base, "wanted-otherwise", why, f"apply it; or take {said} out at {where}, or change it by hand")
    if case.seen.busy is not None:
        return _refused(base, "busy", case.seen.busy, "it passes by itself: run again later")
    if live.status is Status.UNKNOWN:
        word = f" ({live.provider_status})" if live.provider_status else ""
        why = f"its status{word} is not one we know, so that nobody knows what it stands for"
        return _refused(base, "status-unknown", why, "look at it there")
    if live.status.ended or live.cancellation is Cancel.IMMEDIATELY:
        ended = live.status if live.status.ended else "cancelled at once"
        hint = f"take {said} out at {where}, and nothing asks it back"
        if isinstance(decision, Move):
            hint = f"{hint}; or bring it back: reconcile --correct-drift {base.key}"
        return _refused(base, "ended-outside", f"it ended outside: it is {ended}, which no spec can want", hint)
    return _tried(base, wanted, intent, case, today)


def _tried(base: Reply, wanted: DesiredSubscription, intent: Intent, case: Case, today: date) -> Reply | Candidate:
    """The words of a spec for what stands there."""
    for pair in _words(case.live):
        wish = _intent_of(pair, intent)
        if isinstance(judge(wish, case).decision, Converged):
            break
    else:
        why = f"no spec says just this: recurring {case.live.recurring}, cancellation {case.live.cancellation}"
        return _refused(base, "no-words", why, f"look at it there; or undo it: reconcile --correct-drift {base.key}")
    entry = in_force(wanted, today)
    index = None
    if entry is not None:
        place = entry.intent.place
        step = place.path[3] if isinstance(place, SpecPlace) else None
        index = step if isinstance(step, int) else None
    reply = replace(
        base,
        answer=Answer.WRITE,
        lines=tuple(f"{key}: {value}" for key, value in pair.items()),
        entry=None if entry is None else entry.day,
        notes=tuple(_notes(wanted, intent, pair, case, today)),
    )
    return Candidate(reply, Rewrite(pair=pair, entry=index), wish, case)


def _words(live: StoredSubscription) -> Iterator[Mapping[str, str]]:
    """How specs say what stands there, the plainest first."""
    if live.cancellation is Cancel.AT_RENEWAL:
        yield {"cancel": Cancel.AT_RENEWAL.value}
    elif live.recurring is Recurring.ON:
        yield {"recurring": Recurring.ON.value}
    else:
        yield {"recurring": Recurring.OFF.value}
        # Off alone says too little where a paid extension follows.
        yield {"recurring": Recurring.OFF.value, "cancel": Cancel.NONE.value}


def _intent_of(pair: Mapping[str, str], former: Intent) -> Intent:
    recurring, cancel = pair.get("recurring"), pair.get("cancel")
    return Intent(
        None if recurring is None else Recurring(recurring), None if cancel is None else Cancel(cancel), former.place
    )


def _notes(
    wanted: DesiredSubscription, intent: Intent, pair: Mapping[str, str], case: Case, today: date
) -> Iterator[str]:
    if pair.get("cancel") == Cancel.NONE.value:
        yield "it goes over into a paid extension when its term ends; `cancel: at-renewal` stops it then"
    if not intent.own:
        yield f"it inherits `{pair_words(intent)}` from {intent.place.location}, which its own keys are stronger than"
    ends = case.live.recurring is Recurring.OFF or case.live.cancellation in _END
    if case.protected and ends:
        yield "it is protected, and it ends all the same: protection holds back what we do, and nobody else"
    for entry in to_come(wanted, today):
        yield f"from {entry.day.isoformat()} on its schedule sets `{pair_words(entry.intent)}`"
