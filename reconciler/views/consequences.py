"""What follows from a change, in words: access, dates, money, and until when it can be undone; the worst first.

Pure values to words, not escaped: that is for the view, which knows its sink. Nothing is worked out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from reconciler.changes import ENDING, INTENTS, Change, JsonValue, Kind, Risk, Scheduled
from reconciler.consequences import Amount, Basis, Charge, Impact, Refund, Totals
from reconciler.model import Money, money_text
from reconciler.views.words import PER, day, hour, listed, moment, moved_words, term_words

_BASES = {Basis.DECLARED: "", Basis.PRICE_LIST: "price list", Basis.LAST_CHARGE: "last charge", Basis.UNKNOWN: ""}
_REASONS = 3
_NOT_KNOWN = {
    "last_day": "the last day",
    "access_ends": "when users lose access",
    "access_ends_local": "when users lose access",
    "expired_days": "how long users keep access after the last day",
    "data_deleted": "when data is deleted",
    "data_gone_by": "by when all data is gone",
    "reversible_until": "until when it can be undone",
    "window_closes": "when it can no longer be cancelled at once",
    "charge": "the next charge",
    "refund": "the refund",
    "value": "the charges of a term",
    "extension": "whether it leads into a paid extension",
    "side_effects": "what else it does",
}
"""What people read for a field of an impact that the sources leave open."""


ALSO = "also"
"""The word that side effects stand under."""
NOTE = "note"
"""The word that a sentence stands under which is ready-made."""

_NOTHING = Impact()


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows, in phrases; an empty text or none where there is nothing to say."""

    moves: tuple[str, ...] = ()
    """What moves, where the verb does not say it all."""
    access: tuple[str, ...] = ()
    """Until when it can be used, when it renews, which term begins."""
    instant: str = ""
    """When access ends to the minute, in UTC and in the admin's zone."""
    deleted: str = ""
    gone: str = ""
    """By when the vendor has wiped all of it, where that may be later."""
    money: tuple[str, ...] = ()
    """What it saves or costs first, then what comes back."""
    undo: str = ""
    window: str = ""
    """How long it can still be cancelled at once."""
    closes: str = ""
    """The instant at which that ends."""
    notes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What else there is to know, each under a word of its own: `also`, `not known`, `instead of`, `note`."""
    at_once: bool = False
    """It cannot wait: dates come before sums."""

    @property
    def made(self) -> Consequences:
        """The same of a change that was made: no window is open any more, and how to undo it is told apart."""
        return replace(self, undo="", window="", closes="")

    def noting(self, note: str | None) -> Consequences:
        """The same with one more note, if there is any."""
        return replace(self, notes=(*self.notes, (NOTE, (note,)))) if note else self

    @property
    def main(self) -> list[str]:
        """What must be known first, to be joined by semicolons."""
        first, last = ((self.deleted,), self.window) if self.at_once else (self.money[:1], "")
        return list(filter(None, (*self.moves, *self.access, *first, self.undo, last)))

    @property
    def more(self) -> list[str]:
        """The dates and sums beside that."""
        rest = self.money if self.at_once else (self.instant, self.deleted, *self.money[1:])
        return list(filter(None, (*rest, self.gone, self.closes)))


def consequences(change: Change, now: datetime) -> Consequences:
    """What follows from a change; days to the window's close count from `now`, an instant in UTC."""
    moves = tuple(moved_words(change))
    found = _foreseen(change.kind, change.risk, change.impact or _NOTHING, change.after, now, moves)
    return found if change.instead_of is None else replace(found, notes=tuple(notes_of_change(change)))


def notes_of_change(change: Change) -> list[tuple[str, tuple[str, ...]]]:
    """What else there is to know of a change: its impact's notes, and what its provider cannot tell apart."""
    found = notes_of(change.impact or _NOTHING)
    return found if change.instead_of is None else [*found, (NOTE, (change.instead_of,))]


def scheduled_consequences(item: Scheduled, now: datetime) -> Consequences:
    """What will follow from a dated intent on its day; nothing where it leads to no verb."""
    if item.kind is None:
        return Consequences()
    impact = item.impact or _NOTHING
    return _foreseen(item.kind, Risk.REVERSIBLE_UNTIL, impact, {}, now)


def note_words(title: str, texts: Sequence[str]) -> str:
    """One note in a line: side effects are sentences, the rest are phrases."""
    return f"{title}: {' '.join(sentences(texts)) if title == ALSO else '; '.join(texts)}"


def sentences(texts: Sequence[str]) -> list[str]:
    """Side effects, each with its full stop."""
    return [f"{text}." for text in texts]


def follows(change: Change, now: datetime) -> str:
    """What moves and what follows, in one line; empty where there is nothing to say."""
    found = consequences(change, now)
    return "; ".join([*found.main, *found.more])


def _foreseen(
    kind: Kind,
    risk: Risk,
    impact: Impact,
    after: Mapping[str, JsonValue],
    now: datetime,
    moves: tuple[str, ...] = (),
) -> Consequences:
    at_once = kind is Kind.CANCEL_NOW
    return Consequences(
        moves=moves,
        access=(*access_words(kind, impact), *_renewal(kind, impact, after)),
        instant=access_instant(impact) if kind in ENDING and not at_once else "",
        deleted="" if impact.data_deleted is None else f"data deleted {day(impact.data_deleted)}",
        gone="" if impact.data_gone_by is None else f"all data gone by {day(impact.data_gone_by)}",
        money=tuple(money_words(kind, impact)),
        undo=undo_words(risk, impact),
        window=_window(impact.window_closes, now) if impact.window_closes else "",
        closes=f"{_CLOSES[at_once]} {moment(impact.window_closes)}" if impact.window_closes else "",
        notes=tuple(notes_of(impact)),
        at_once=at_once,
    )


_CLOSES = {True: "window closes", False: "can be cancelled at once until"}


def access_words(kind: Kind, impact: Impact) -> list[str]:
    """Until when it can be used; nothing for a change after which it goes on."""
    if kind is Kind.CANCEL_NOW:
        return ["users lose access at once"]
    if impact.last_day is None:
        return []
    then = ""
    if impact.extension is not None:
        then = f", then a paid extension at {_price_words(impact.extension)}"
    elif impact.expired_days is not None:
        days = impact.expired_days
        then = f", then {days:,} {'day' if days == 1 else 'days'} expired" if days else ", then users lose access"
    return [f"last day {day(impact.last_day)}{then}"]


def _price_words(amount: Amount) -> str:
    return "a price that is not known" if amount.money is None else f"{sum_words(amount)} a month"


def access_instant(impact: Impact) -> str:
    """The instant at which users lose access, in UTC and in the admin's zone; or an empty text.

    That it comes with the end of the last day is said already.
    """
    if impact.access_ends is None or (impact.expired_days == 0 and impact.access_ends_local is None):
        return ""
    return f"access ends {moment(impact.access_ends)}{_local(impact.access_ends, impact.access_ends_local)}"


def _local(at: datetime, local: datetime | None) -> str:
    """The same instant on the admin's clock, with its day only where that is another one."""
    if local is None or local.utcoffset() == timedelta():
        return ""
    return f" ({hour(local) if local.date() == at.date() else moment(local)})"


def _renewal(kind: Kind, impact: Impact, after: Mapping[str, JsonValue]) -> list[str]:
    said = []
    if kind is Kind.UNDO_CANCEL and "recurring" in after:
        said.append("recurring goes on again" if after["recurring"] == "on" else "recurring stays off")
    if impact.term_start is not None and impact.term_end is not None:
        word = "a new term starts: " if kind is Kind.REACTIVATE else "term "
        renews = ", then it renews" if impact.renews == impact.term_end else ""
        return [*said, f"{word}{term_words(impact.term_start, impact.term_end)}{renews}"]
    if kind is Kind.REACTIVATE:
        said.append("a new term starts")
    return said if impact.renews is None else [*said, f"renews {day(impact.renews)}"]


def deletion_cell(impact: Impact | None) -> str:
    """When the data is deleted, for a column of its own; `not known` where the sources leave it open."""
    if impact is None:
        return ""
    if impact.data_deleted is None:
        deleted = "not known" if "data_deleted" in impact.unknown else ""
    else:
        deleted = day(impact.data_deleted)
    gone = "" if impact.data_gone_by is None else f"all gone by {day(impact.data_gone_by)}"
    return ", ".join(filter(None, (deleted, gone)))


def money_words(kind: Kind, impact: Impact) -> list[str]:
    """What it saves or costs first, then what comes back; each says where it comes from."""
    found = []
    value = impact.value
    if impact.charge is not None:
        found.append(_charge(impact.charge, impact, () if kind is Kind.CANCEL_NOW else _named(impact)))
    elif value is not None and kind in INTENTS:
        word = _avoids(impact) if kind in ENDING else _COSTS
        found.append(_UNKNOWN_MONEY[word] if value.money is None else f"{word} {sum_words(value)} a term")
    elif value is not None and value.money is not None:
        found.append(f"a term costs {sum_words(value)}")
    return found if impact.refund is None else [*found, refund_words(impact.refund)]


_COSTS, _SAVES, _AVOIDS = "costs", "saves", "avoids the renewal at"
_UNKNOWN_MONEY = {_COSTS: "cost not known", _SAVES: "savings not known", _AVOIDS: "what the renewal costs is not known"}


def _avoids(impact: Impact) -> str:
    """What an ending change does about a charge: where a paid extension follows, or may follow, it saves less."""
    return _AVOIDS if impact.extension is not None or "extension" in impact.unknown else _SAVES


def _charge(charge: Charge, impact: Impact, named: Sequence[date]) -> str:
    word = _COSTS if charge.incurred else _avoids(impact)
    if charge.amount.money is None:
        return _UNKNOWN_MONEY[word]
    since = "" if charge.on in named else f" from {day(charge.on)}"
    value = impact.value
    whole = ""
    if value is not None and value.money is not None and value.money != charge.amount.money:
        whole = f", {money_text(value.money)} a term"
    basis = _BASES[charge.amount.basis]
    return f"{word} {money_text(charge.amount.money)} {PER[charge.per]}{whole}{since}{f' ({basis})' if basis else ''}"


def sum_words(amount: Amount) -> str:
    """A sum, with where it comes from unless that is the declared price."""
    if amount.money is None:
        return "not known"
    basis = _BASES[amount.basis]
    return f"{money_text(amount.money)}{f' ({basis})' if basis else ''}"


def refund_words(refund: Refund) -> str:
    """What comes back, by which rule, and how it was worked out and rounded."""
    how = f": {refund.detail}" if refund.detail else ""
    match refund.rule:
        case "none":
            return "no refund"
        case "prorated" if refund.amount.money is None:
            return f"refund prorated, its sum not known{how}"
        case "prorated":
            return f"refund {sum_words(refund.amount)}, prorated{how}"
        case _ if refund.amount.money is None:
            return "refund not known"
        case _:
            return f"refund {sum_words(refund.amount)}{how}"


def undo_words(risk: Risk, impact: Impact) -> str:
    """Whether it can be undone, and until when; an empty text where nothing limits it."""
    until = impact.reversible_until
    match risk:
        case Risk.IRREVERSIBLE:
            return "cannot be undone"
        case Risk.REVERSIBLE_UNTIL if until is not None:
            # The end of the term was just named: another date beside it would only raise the question which is which.
            then = until in [datetime.combine(named, time(), UTC) for named in _named(impact)]
            return f"can be undone until {'then' if then else moment(until)}"
        case _:
            return ""


def undo_cell(risk: Risk, impact: Impact | None) -> str:
    """Until when it can be undone, for a column of its own; `not known` where the sources leave it open."""
    match risk:
        case Risk.IRREVERSIBLE:
            return "never"
        case Risk.REVERSIBLE:
            return "at any time"
        case Risk.REVERSIBLE_UNTIL if impact is not None and impact.reversible_until is not None:
            return moment(impact.reversible_until)
        case _:
            return "not known"


def _named(impact: Impact) -> Sequence[date]:
    """The days on which the next term would start, or starts: named by the first words of a change already."""
    ended = [] if impact.last_day is None else [impact.last_day + timedelta(days=1)]
    return ended if impact.renews is None else [*ended, impact.renews]


def _window(closes: datetime, now: datetime) -> str:
    return f"window closes in {_remaining(closes - now)}" if closes > now else "window closed"


def _remaining(time: timedelta) -> str:
    """Whole days, or in the last one whole hours, or in the last one minutes: never more than there is."""
    if time.days:
        return f"{time.days:,} d"
    hours, rest = divmod(time.seconds, 3600)
    return f"{hours} h" if hours else f"{rest // 60} min"


def notes_of(impact: Impact) -> list[tuple[str, tuple[str, ...]]]:
    """What else it does, what is not known, and what it stands for: each under its word, each only if there is any."""
    effects = side_effects(impact)
    found: list[tuple[str, tuple[str, ...]]] = [(ALSO, effects)] if effects else []
    # What is there says so itself: a sum that is not known, say.
    left = [name for name in impact.unknown if getattr(impact, name, None) in (None, ())]
    if left:
        words = dict.fromkeys(_NOT_KNOWN.get(name, name.replace("_", " ")) for name in left)
        found.append(("not known", tuple(words)))
    return [*found, ("instead of", (impact.instead_of,))] if impact.instead_of else found


def side_effects(impact: Impact | None) -> tuple[str, ...]:
    """What else it does or needs, without the full stops that whoever wrote it may have set."""
    return () if impact is None else tuple(text.rstrip(".") for text in impact.side_effects)


_EACH = " for one term of each"


def totals_words(totals: Totals, changes: Iterable[Change] = ()) -> str:
    """The sums of a plan in one sentence, each currency apart, with why any is not known; empty where none moves."""
    parts = [
        f"{word} {listed(sums, len(sums))}{rest}"
        for word, rest, minor in (
            ("avoided:", _EACH, totals.avoided),
            ("incurred:", _EACH, totals.incurred),
            ("refunded:", "", totals.refunded),
        )
        if (sums := sums_of(minor))
    ]
    if totals.unknown:
        why = listed(_reasons(changes), _REASONS)
        some = f"{totals.unknown:,} {'sum' if totals.unknown == 1 else 'sums'} not known"
        parts.append(f"{some}: {why}" if why else some)
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _reasons(changes: Iterable[Change]) -> list[str]:
    """Why sums are not known, each reason once."""
    found: dict[str, None] = {}
    for change in changes:
        impact = change.impact
        if impact is None or change.kind not in INTENTS:
            continue
        amounts = (impact.value, impact.extension, impact.refund and impact.refund.amount)
        found |= dict.fromkeys(item.detail for item in amounts if item and item.money is None and item.detail)
        if "extension" in impact.unknown:
            found["whether a paid extension follows is not known"] = None
    return list(found)


def sums_of(minor: Mapping[str, int]) -> list[str]:
    """Sums by currency as people write them, in the currencies' order."""
    return [money_text(Money(units, currency)) for currency, units in sorted(minor.items())]


def first_irreversible_words(at: datetime | None, now: datetime) -> str:
    """When the first change of a plan can no longer be undone; an empty text where that never comes."""
    if at is None:
        return ""
    when = "as soon as it is applied" if at <= now else f"from {moment(at)} on"
    return f"The first of these can no longer be undone {when}."
