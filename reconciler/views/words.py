"""What the views for people say alike: verbs, groups, dates, what moved, and the summary line.

Pure values to words, not escaped: that is for the view, which knows its sink.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from reconciler.changes import ENDING, SPENDING, Change, JsonValue, Kind, Many, Refusal, Risk, Trait, traits_of
from reconciler.diagnostics import Diagnostic
from reconciler.model import SubscriptionKey, TermLength
from reconciler.plan import Plan, Verdict

NameOf = Callable[[str, str], str]
"""The name to show for an account's product code; see `catalogue.Names`."""

VERBS: Mapping[Kind, str] = {
    Kind.REGISTER: "register",
    Kind.ADOPT: "adopt",
    Kind.CANCEL_NOW: "cancel now",
    Kind.CANCEL_AT_RENEWAL: "cancel at renewal",
    Kind.TURN_OFF: "turn off",
    Kind.REACTIVATE: "reactivate",
    Kind.TURN_ON: "turn on",
    Kind.UNDO_CANCEL: "undo cancel",
    Kind.RENAME: "rename",
    Kind.CORRECT: "correct",
    Kind.UPDATE: "update",
    Kind.FORGET: "forget",
}
"""What is to be done, in the order in which summaries count it."""

DONE: Mapping[Kind, str] = {
    Kind.REGISTER: "registered",
    Kind.ADOPT: "adopted",
    Kind.CANCEL_NOW: "cancelled now",
    Kind.CANCEL_AT_RENEWAL: "cancelled at renewal",
    Kind.TURN_OFF: "turned off",
    Kind.REACTIVATE: "reactivated",
    Kind.TURN_ON: "turned on",
    Kind.UNDO_CANCEL: "cancel undone",
    Kind.RENAME: "renamed",
    Kind.CORRECT: "corrected",
    Kind.UPDATE: "updated",
    Kind.FORGET: "forgotten",
}
"""What was done."""

PER: Mapping[TermLength, str] = {
    TermLength.MONTHLY: "a month",
    TermLength.ANNUAL: "a year",
    TermLength.TRIENNIAL: "every 3 years",
}
"""How often a sum recurs."""

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class Group(Enum):
    """The parts of a plan in reading order, each with its heading."""

    IRREVERSIBLE = "Cannot be undone"
    ENDING = "Ends"
    SPENDING = "Spends"
    OTHER = "Other changes"
    NEW = "New records"


def group_of(change: Change) -> Group:
    """The part of the plan that a change is shown in."""
    return group_by(change.trait)


def group_by(trait: Trait) -> Group:
    """The same by what changes are counted by."""
    if trait.kind in (Kind.REGISTER, Kind.ADOPT):
        return Group.NEW
    if trait.risk is Risk.IRREVERSIBLE:
        return Group.IRREVERSIBLE
    if trait.kind in ENDING:
        return Group.ENDING
    return Group.SPENDING if trait.kind in SPENDING else Group.OTHER


def shown_in(group: Group) -> Callable[[Trait], bool]:
    """Whether changes of a trait are shown in this part of the plan."""
    return lambda trait: group_by(trait) is group


def grouped(changes: Iterable[Change]) -> dict[Group, Sequence[Change]]:
    """The changes of each group by key, then by verb; groups without any are left out."""
    if isinstance(changes, Many):  # as a plan has them, they are in that order
        there = {group_by(trait) for trait in changes.traits}
        return {group: changes.picked(shown_in(group)) for group in Group if group in there}
    found: dict[Group, list[Change]] = {group: [] for group in Group}
    for change in sorted(changes, key=lambda change: (change.key, change.kind.rank)):
        found[group_of(change)].append(change)
    return {group: members for group, members in found.items() if members}


def per_account(changes: Iterable[Change]) -> list[tuple[Kind, str, int]]:
    """How many registrations and adoptions each account has, by verb, then by account."""
    counts: Counter[tuple[Kind, str]] = Counter()
    for trait, number in traits_of(changes).items():
        counts[trait.kind, trait.account] += number
    return [
        (kind, account, counts[kind, account]) for kind, account in sorted(counts, key=lambda at: (at[0].rank, at[1]))
    ]


def day(value: object) -> str:
    """A date or the day of an instant as people write it, the same in every locale: `29 Nov 2026`."""
    try:
        found = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        return str(value)
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def last_day(end: datetime | date | str) -> str:
    """The last day of a period that ends, exclusively, with this one."""
    found = date.fromisoformat(end[:10]) if isinstance(end, str) else end
    return day(found - timedelta(days=1))


def term_words(start: datetime | date | str, end: datetime | date | str) -> str:
    """A half-open period by its first and its last day."""
    return f"{day(start)} to {last_day(end)}"


def moment(at: datetime) -> str:
    """An instant with its zone: `27 Nov 2026 00:00 UTC`, or in the zone that it carries."""
    return f"{day(at)} {hour(at)}"


def hour(at: datetime) -> str:
    """The time of day of an instant, with its zone: `02:00 EET`."""
    return f"{at.hour:02}:{at.minute:02} {at.tzname() or 'UTC'}"


_SHOWN_MOVES = frozenset({Kind.RENAME, Kind.CORRECT, Kind.UPDATE})


def moved(change: Change) -> list[tuple[str, str, str]]:
    """Each field that the change moves, with its value before and after; none where the verb says it all."""
    if change.kind not in _SHOWN_MOVES:
        return []
    return differences(change.before, change.after)


def moved_words(change: Change) -> list[str]:
    """The same in words: `seats 25 -> 30`."""
    return [f"{name} {before} -> {after}" for name, before, after in moved(change)]


def differences(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> list[tuple[str, str, str]]:
    """Each field that differs, labels one by one, in words."""
    found = []
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) or isinstance(new, Mapping):
            inner = differences(_mapping(old), _mapping(new))
            found += [(f"{name}.{label}", was, now) for label, was, now in inner]
        elif old != new:
            found.append((name, value_words(old), value_words(new)))
    return found


def _mapping(value: JsonValue) -> Mapping[str, str]:
    return value if isinstance(value, Mapping) else {}


def value_words(value: JsonValue) -> str:
    """A value as people read it."""
    match value:
        case None | "":
            return "none"
        case True:
            return "yes"
        case False:
            return "no"
        case Mapping():
            return ", ".join(f"{name}={text}" for name, text in sorted(value.items())) or "none"
        case _:
            return str(value)


_SEVERITY = (
    "other-store wrong-account new-store frozen empty max-cancel-now max-endings max-cancelled-value max-spending "
    "max-spent-value max-changes".split()
)


def worst_first(refused: Iterable[Refusal]) -> list[Refusal]:
    """Refusals by how bad what they hold back would be; those of the whole run before those of an account."""

    def order(refusal: Refusal) -> tuple[object, ...]:
        known = refusal.limit in _SEVERITY
        rank = _SEVERITY.index(refusal.limit) if known else -1
        return (refusal.scope != "run", rank, refusal.scope, refusal.limit)

    return sorted(refused, key=order)


def scoped(refused: Iterable[Refusal]) -> dict[str, Refusal]:
    """The worst refusal of each scope."""
    return {refusal.scope: refusal for refusal in reversed(worst_first(refused))}


def in_scope(refused: Mapping[str, Refusal], key: SubscriptionKey) -> Refusal | None:
    """The refusal that holds a subscription's changes back: its account's, else the run's."""
    return refused.get(key.account) or refused.get("run")


@dataclass(frozen=True, slots=True)
class Stopped:
    """Of very many changes those of refused accounts, or all: a million of names is more than what is held."""

    scopes: frozenset[str]

    def __contains__(self, item: object) -> bool:
        """Whether a change, as its key and kind, is one of them."""
        return isinstance(item, tuple) and ("run" in self.scopes or item[0].account in self.scopes)


Marked = Callable[[Change], str]
"""What stands beside a change that does not pass; an empty text beside one that does."""


def unmarked(_change: Change) -> str:
    """Every change passes."""
    return ""


def marking(plan: Plan, verdict: Verdict, text: str) -> Marked:
    """Marks what is refused with this text, where others pass."""
    held = held_back(plan, verdict)
    return lambda change: text if (change.key, change.kind) in held else ""


def held_back(plan: Plan, verdict: Verdict) -> Container[tuple[SubscriptionKey, Kind]]:
    """The changes to mark as refused, where others pass; none where all share the same fate."""
    if len(verdict.allowed) in (0, len(plan.changes)):
        return frozenset()
    if isinstance(plan.changes, Many):
        return Stopped(frozenset(refusal.scope for refusal in verdict.refused))
    passing = {(change.key, change.kind) for change in verdict.allowed}
    return frozenset((change.key, change.kind) for change in plan.changes) - passing


_ATTACHED = ("'", "for ")


def sentence(item: Diagnostic) -> str:
    """A finding in one line: the constant summary, then names and numbers."""
    if not item.detail:
        return item.summary
    return f"{item.summary}{' ' if item.detail.startswith(_ATTACHED) else ': '}{item.detail}"


def plan_summary(plan: Plan, verdict: Verdict, *, applying: bool = False) -> str:
    """The last line of a plan."""
    beside = beside_words(plan)
    if not plan.changes:
        return no_changes(plan.unchanged, beside, verdict, applying=applying)
    counts = plan.counts
    parts = [f"{counts[kind]:,} to {verb}" for kind, verb in VERBS.items() if counts[kind]]
    parts += [*([f"{plan.unchanged:,} unchanged"] if plan.unchanged else []), *beside]
    refused = len(plan.changes) - len(verdict.allowed)
    brake = f"; {refused:,} {'refused' if applying else 'would be refused'}" if refused else ""
    return f"Plan: {', '.join(parts)}{brake}."


def beside_words(plan: Plan) -> list[str]:
    """How much there is that is no change of this plan, and that somebody has to look at."""
    found = (("blocked", plan.blocked), ("held", plan.held))
    said = [f"{len(items):,} {word}" for word, items in found if items]
    return [*said, pending_count(plan)] if plan.pending else said


def pending_count(plan: Plan) -> str:
    """How many changes were begun before and are not done: `2 pending (1 overdue)`."""
    overdue = sum(1 for item in plan.pending if item.overdue)
    return f"{len(plan.pending):,} pending{f' ({overdue:,} overdue)' if overdue else ''}"


def no_changes(unchanged: int, beside: list[str], verdict: Verdict, *, applying: bool) -> str:
    """The last line where there is no change."""
    if verdict.refused:
        limits = dict.fromkeys(refusal.limit for refusal in worst_first(verdict.refused))
        was = "was" if applying else "would be"
        return f"{'Refused' if applying else 'Would be refused'}: {', '.join(limits)}. Nothing {was} applied."
    match unchanged:
        case 0 if beside:
            matching = []
        case 0:
            matching = ["There is nothing to compare"]
        case 1:
            matching = ["1 subscription matches its spec"]
        case _:
            matching = [f"{unchanged:,} subscriptions match their specs"]
    return f"No changes. {', '.join([*matching, *beside])}."


def listed(words: Sequence[str], most: int, count: int | None = None) -> str:
    """`a, b and c`; beyond `most` words, the first of them and how many more.

    `count`: how many there are, where `words` are but the first of them, as many as `most` at least.
    """
    count = len(words) if count is None else count
    if count <= 1:
        return "".join(words)
    if count <= most:
        return f"{', '.join(words[:-1])} and {words[-1]}"
    return f"{', '.join(words[: most - 1])} and {count - most + 1:,} more"


def counted(count: int, noun: str) -> str:
    """`1 subscription`, `2,000 subscriptions`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
