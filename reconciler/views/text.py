"""The plan and the report of an apply, for people at a terminal: what is worst first, the summary last.

Pure: values to text. No rich here, for the sake of start-up time; whether there is colour, the caller decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.changes import Blocked, Change, Kind, Listed, Refusal
from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic, Place, Severity, in_order
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan, Verdict
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint
from reconciler.views.words import (
    DONE,
    VERBS,
    Group,
    NameOf,
    counted,
    follows,
    group_of,
    grouped,
    held_back,
    per_account,
    plan_summary,
    report_summary,
    sentence,
    value_words,
    worst_first,
)

_INDENT = "      "
_GAP = 4
_RULE_NAMES = 3
_SIGNS = {
    Group.IRREVERSIBLE: ("!", Style.DANGER),
    Group.ENDING: ("-", Style.ENDING),
    Group.SPENDING: ("+", Style.SPENDING),
    Group.OTHER: ("~", Style.NAME),
    Group.NEW: ("+", Style.GOOD),
}
_SEVERITIES = {Severity.ERROR: Style.DANGER, Severity.WARNING: Style.ENDING, Severity.NOTE: Style.QUIET}
_UNSUCCESSFUL = {
    OutcomeKind.FAILED: "Failed",
    OutcomeKind.UNKNOWN: "Outcome unknown",
    OutcomeKind.INTENDED: "Outcome unknown",
    OutcomeKind.SKIPPED: "Not tried",
}
_MEANINGS = {"Outcome unknown": "it may or may not have happened"}


def plan_text(plan: Plan, verdict: Verdict, names: NameOf, *, applying: bool = False, colour: bool = False) -> str:
    """The whole plan; `applying` says that it is about to be carried out, not that it would be."""
    return paint(plan_lines(plan, verdict, names, applying=applying), colour=colour)


def plan_lines(plan: Plan, verdict: Verdict, names: NameOf, *, applying: bool = False) -> list[Line]:
    """The same as styled lines."""
    layout = _Layout(names, [*plan.changes, *plan.blocked], VERBS)
    marked = dict.fromkeys(held_back(plan, verdict), "refused" if applying else "would be refused")
    changes = layout.changes(plan.changes, marked)
    before = [_headlines(plan), _refused(verdict.refused, applying=applying)]
    blocks = [*before, changes, *_beside(plan, layout), *_notes(plan, names)]
    return _joined(blocks, _summary(plan_summary(plan, verdict, applying=applying)), glue=changes)


def report_text(
    plan: Plan, verdict: Verdict, report: ApplyReport, names: NameOf, *, brief: bool = False, colour: bool = False
) -> str:
    """What an apply did, and what it did not; `brief` leaves out what the plan just showed."""
    return paint(report_lines(plan, verdict, report, names, brief=brief), colour=colour)


def report_lines(
    plan: Plan, verdict: Verdict, report: ApplyReport, names: NameOf, *, brief: bool = False
) -> list[Line]:
    """The same as styled lines."""
    layout = _Layout(names, [*plan.changes, *plan.blocked], DONE)
    done = layout.changes([item.change for item in report.changes if item.outcome is OutcomeKind.SUCCEEDED])
    wishes = _Layout(names, [*plan.changes, *plan.blocked], VERBS)
    blocks = [
        [] if brief else _headlines(plan),
        [] if brief else _refused(verdict.refused, applying=True),
        [] if brief else done,
        [] if brief else _held_back(plan, verdict, wishes),
        *_unsuccessful(report.changes, wishes),
        *([] if brief else _beside(plan, wishes)),
        # How many each rule matched, the plan said; after an apply only what is wrong is worth a line.
        [] if brief else diagnostics_lines(plan.diagnostics),
        _store(plan, report),
        _stopped(report),
    ]
    return _joined(blocks, _summary(report_summary(plan, verdict, report)), glue=[] if brief else done)


def diagnostics_text(items: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """Every finding by place: `file:line:col: error: summary`, and a hint under it where there is one."""
    return paint(diagnostics_lines(items), colour=colour)


def diagnostics_lines(items: Iterable[Diagnostic]) -> list[Line]:
    """The same as styled lines."""
    lines: list[Line] = []
    for item in in_order(items):
        at = Piece(f"{item.location}: ", Style.STRONG) if item.location is not None else Piece("")
        lines.append((at, Piece(f"{item.severity}: ", _SEVERITIES[item.severity]), Piece(sentence(item))))
        if item.hint:
            lines.append((Piece(f"  hint: {item.hint}", Style.QUIET),))
    return lines


def note_text(lines: Iterable[str], *, colour: bool = False) -> str:
    """What a small command did, line by line; the last one sums it up."""
    said = list(lines)
    styles = [*(Style.PLAIN for _ in said[1:]), Style.STRONG]
    return paint([(Piece(line, style),) for line, style in zip(said, styles, strict=False)], colour=colour)


def failure_text(message: str, hint: str = "", *, colour: bool = False) -> str:
    """An expected failure: what is wrong, and what to do."""
    lines: list[Line] = [(Piece("error: ", Style.DANGER), Piece(message))]
    if hint:
        lines.append((Piece(f"  hint: {hint}", Style.QUIET),))
    return paint(lines, colour=colour)


_Marked = Mapping[tuple[SubscriptionKey, Kind], str]


class _Layout:
    """One set of columns for all changes and blocked wishes of a plan: keys and names stand below each other."""

    def __init__(self, names: NameOf, items: Sequence[Change | Blocked], verbs: Mapping[Kind, str]) -> None:
        self._names = names
        self._verbs = verbs
        shown = [item for item in items if not isinstance(item, Change) or group_of(item) is not Group.NEW]
        counts = per_account(item for item in items if isinstance(item, Change) and group_of(item) is Group.NEW)
        kinds = {item.kind for item in shown} | {kind for kind, _, _ in counts}
        self._verb = column(self._verbs[kind] for kind in kinds)
        self._key = column([str(item.key) for item in shown] + [account for _, account, _ in counts])

    def head(self, sign: tuple[str, Style], kind: Kind, key: str, product: str) -> Line:
        """The first line of an item: what, which, and its product's name."""
        mark, style = sign
        return (
            Piece(f"{mark} {padded(self._verbs[kind], self._verb)}", style),
            Piece(padded(key, self._key, least=_GAP) if product else key, Style.STRONG),
            Piece(product),
        )

    def name(self, key: SubscriptionKey, product: str) -> str:
        """The product's name, or an empty text where none is known to the item."""
        return self._names(key.account, product) if product else ""

    def changes(self, changes: Iterable[Change], marked: _Marked | None = None) -> list[Line]:
        """All changes in reading order; registrations and adoptions as a count per account."""
        marked = marked or {}
        lines: list[Line] = []
        for group, members in grouped(changes).items():
            if group is Group.NEW:
                lines += [
                    self.head(_SIGNS[group], kind, account, counted(count, "subscription"))
                    for kind, account, count in per_account(members)
                ]
                continue
            for change in members:
                lines += self.change(change, marked.get((change.key, change.kind), ""))
        return lines

    def change(self, change: Change, mark: str) -> list[Line]:
        """One change: what, what follows, and why; a mark says that it does not pass."""
        name = self.name(change.key, change.product)
        lines = [self.head(_SIGNS[group_of(change)], change.kind, str(change.key), name)]
        consequences = follows(change)
        if mark or consequences:
            marked = f"{mark}{'; ' if mark and consequences else ''}"
            lines.append((Piece(_INDENT), Piece(marked, Style.DANGER), Piece(consequences)))
        return [*lines, _why(change.reason, change.place)]

    def blocked(self, item: Blocked) -> list[Line]:
        """One wish that cannot be carried out: its code, why, and what to do instead."""
        sign = ("x", Style.DANGER)
        return [
            self.head(sign, item.kind, str(item.key), self.name(item.key, item.product)),
            (Piece(_INDENT), Piece(f"{item.code}: ", Style.DANGER), Piece(item.detail)),
            _hint(item.hint, item.place),
        ]

    def listed(self, items: Iterable[Listed]) -> list[Line]:
        """Subscriptions that are left as they are, each with what will happen and how to change it."""
        lines: list[Line] = []
        for item in sorted(items, key=lambda item: item.key):
            name = self.name(item.key, item.product)
            key = Piece(f"  {item.key}    " if name else f"  {item.key}", Style.STRONG)
            lines += [(key, Piece(name)), (Piece(f"{_INDENT}{item.detail}"),), _hint(item.hint, item.place)]
        return lines


def _why(reason: str | None, place: Place) -> Line:
    return (
        Piece(f"{_INDENT}why: {reason}    " if reason else f"{_INDENT}why: "),
        Piece(str(place.location), Style.QUIET),
    )


def _hint(hint: str, place: Place) -> Line:
    return (Piece(f"{_INDENT}hint: {hint}    " if hint else _INDENT), Piece(str(place.location), Style.QUIET))


def _headlines(plan: Plan) -> list[Line]:
    return [(Piece("* ", Style.STRONG), Piece(headline, Style.STRONG)) for headline in plan.headlines]


def _refused(refused: Sequence[Refusal], *, applying: bool) -> list[Line]:
    if not refused:
        return []
    lines: list[Line] = [_title("Refused" if applying else "Would be refused", len(refused))]
    limits = column(item.limit for item in refused)
    scopes = column(item.scope for item in refused)
    for item in worst_first(refused):
        sign = Piece(f"x {padded(item.limit, limits)}", Style.DANGER)
        lines += [(sign, Piece(padded(item.scope, scopes, least=_GAP), Style.STRONG), Piece(item.detail))]
        lines += [(Piece(f"{_INDENT}hint: {item.hint}"),)] if item.hint else []
    return lines


def _title(text: str, count: int, meaning: str = "") -> Line:
    return (Piece(f"{text} ({count:,})", Style.STRONG), Piece(f": {meaning}" if meaning else ""))


def _beside(plan: Plan, layout: _Layout) -> list[list[Line]]:
    """What is no change: blocked, held, released, ended, drift, unmanaged; each only if there is any."""
    blocked = [line for item in sorted(plan.blocked, key=_by_key) for line in layout.blocked(item)]
    drift: list[Line] = [
        (
            Piece(f"  {item.key}    ", Style.STRONG),
            Piece(f"{item.field}: stored {value_words(item.stored)}, observed {value_words(item.observed)}"),
        )
        for item in sorted(plan.drift, key=lambda item: (item.key, item.field))
    ]
    unmanaged: list[Line] = [(Piece(f"  {key}", Style.STRONG),) for key in sorted(plan.unmanaged)]
    sections = (
        ("Blocked", plan.blocked, "cannot be carried out as things stand", blocked),
        ("Held", plan.held, "changed outside; a person decides", layout.listed(plan.held)),
        ("Released", plan.released, "declared once and not any more; left as they are", layout.listed(plan.released)),
        ("Ended", plan.ended, "no change is made to them", layout.listed(plan.ended)),
        ("Drift", plan.drift, "stored differs from observed, through no act of ours", drift),
        (
            "Unmanaged",
            plan.unmanaged,
            "stored, and declared in no file; left as they are. To drop a record: reconcile forget KEY",
            unmanaged,
        ),
    )
    return [[_title(name, len(items), meaning), *lines] for name, items, meaning, lines in sections if items]


def _by_key(item: Blocked) -> tuple[SubscriptionKey, int]:
    return (item.key, item.kind.rank)


def _notes(plan: Plan, names: NameOf) -> list[list[Line]]:
    return [diagnostics_lines(plan.diagnostics), [_rule(rule, names) for rule in plan.rules]]


def _rule(rule: RuleUse, names: NameOf) -> Line:
    shown = [names("", code) for code in rule.products[:_RULE_NAMES]]
    more = ", …" if len(rule.products) > _RULE_NAMES else ""
    among = f" ({', '.join(shown)}{more})" if shown else ""
    summary = f" {rule.summary}" if rule.summary else ""
    return (Piece(f"rule {rule.place.location}{summary}: "), Piece(f"{rule.matched:,} matched{among}"))


def _held_back(plan: Plan, verdict: Verdict, layout: _Layout) -> list[Line]:
    """The changes that a brake kept from being made, by name: whoever reads only this must know what did not happen."""
    passing = {(change.key, change.kind) for change in verdict.allowed}
    held = [change for change in plan.changes if (change.key, change.kind) not in passing]
    lines = [_title("Not applied, as refused", len(held))] if held else []
    sign = ("x", Style.DANGER)
    for change in held:
        if group_of(change) is not Group.NEW:
            name = layout.name(change.key, change.product)
            lines.append(layout.head(sign, change.kind, str(change.key), name))
    new = per_account(change for change in held if group_of(change) is Group.NEW)
    return lines + [layout.head(sign, kind, account, counted(count, "subscription")) for kind, account, count in new]


def _unsuccessful(changes: Iterable[ChangeReport], layout: _Layout) -> list[list[Line]]:
    """What failed, what may have happened, what was not tried: every one of them by name."""
    found: dict[str, list[ChangeReport]] = {title: [] for title in _UNSUCCESSFUL.values()}
    for item in changes:
        if item.outcome in _UNSUCCESSFUL:
            found[_UNSUCCESSFUL[item.outcome]].append(item)
    blocks = []
    for title, members in found.items():
        lines = [_title(title, len(members), _MEANINGS.get(title, ""))]
        for item in members:
            change = item.change
            name = layout.name(change.key, change.product)
            lines.append(layout.head(("x", Style.DANGER), change.kind, str(change.key), name))
            lines += [(Piece(f"{_INDENT}{item.error}"),)] if item.error else []
        blocks.append(lines if members else [])
    return blocks


def _store(plan: Plan, report: ApplyReport) -> list[Line]:
    """The line to pin a store that this apply created."""
    if not report.created_store or report.lineage is None:
        return []
    if plan.bindings.store_lineage is not None:
        return [(Piece(f"Created the store {report.lineage}."),)]
    return [
        (Piece("Created a new store. Pin it under `store` in reconcile.yaml, so that no other is ever taken for it:"),),
        (Piece(f"  lineage: {report.lineage}", Style.STRONG),),
    ]


def _stopped(report: ApplyReport) -> list[Line]:
    lines: list[Line] = []
    if report.frozen is not None:
        lines.append((Piece(f"Frozen by {report.frozen.actor} meanwhile: {report.frozen.reason}", Style.DANGER),))
    if report.interrupted:
        lines.append((Piece("Interrupted: what was begun is recorded; run again to carry on.", Style.DANGER),))
    return lines


def _summary(text: str) -> Line:
    return (Piece(text, Style.STRONG),)


def _joined(blocks: Iterable[list[Line]], last: Line, *, glue: list[Line]) -> list[Line]:
    """The blocks with a blank line between; a plan of nothing but changes has its summary right below them."""
    filled = [block for block in blocks if block]
    lines: list[Line] = []
    for block in filled:
        lines += [*([BLANK] if lines else []), *block]
    alone = not filled or (len(filled) == 1 and filled[0] is glue)
    return [*lines, *([] if alone else [BLANK]), last]
