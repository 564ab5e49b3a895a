"""The plan and the report of an apply, for people at a terminal: what is worst first, the summary last.

Pure: values to text. No rich here, for the sake of start-up time; whether there is colour, the caller decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.changes import Refusal
from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic, Severity, in_order
from reconciler.events import Event
from reconciler.impact import first_irreversible
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Plan, Verdict
from reconciler.views.closing import ABOUT_BEGUN, TASK, UNDER_WAY, after, begun, error_words, noted, report_summary
from reconciler.views.consequences import first_irreversible_words, totals_words
from reconciler.views.layout import GAP, INDENT, Layout, shared_lines
from reconciler.views.outside import drift_rows, fresh_words, pending_about, seen_rows
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint
from reconciler.views.timeline import due_sentence, elapsed_about, elapsed_counts, elapsed_rows
from reconciler.views.undo_words import Undoing, by_no_policy, undo_command
from reconciler.views.words import (
    DONE,
    VERBS,
    Group,
    NameOf,
    counted,
    group_of,
    held_back,
    per_account,
    plan_summary,
    sentence,
    worst_first,
)

_RULE_NAMES = 3
_SEVERITIES = {Severity.ERROR: Style.DANGER, Severity.WARNING: Style.ENDING, Severity.NOTE: Style.QUIET}
_UNSUCCESSFUL = {
    OutcomeKind.FAILED: "Failed",
    OutcomeKind.UNKNOWN: "Outcome unknown",
    OutcomeKind.INTENDED: "Outcome unknown",
    OutcomeKind.SKIPPED: "Not tried",
}
_MEANINGS = {"Outcome unknown": "it may or may not have happened"}
_BEGUN = {TASK: "Tasks issued", UNDER_WAY: "Under way"}


def plan_text(plan: Plan, verdict: Verdict, names: NameOf, *, applying: bool = False, colour: bool = False) -> str:
    """The whole plan; `applying` says that it is about to be carried out, not that it would be."""
    return paint(plan_lines(plan, verdict, names, applying=applying), colour=colour)


def plan_lines(plan: Plan, verdict: Verdict, names: NameOf, *, applying: bool = False) -> list[Line]:
    """The same as styled lines."""
    layout = Layout(names, [*plan.changes, *plan.blocked, *plan.pending], VERBS, plan.as_of)
    marked = dict.fromkeys(held_back(plan, verdict), "refused" if applying else "would be refused")
    changes = layout.changes(plan.changes, marked)
    before = [_headlines(plan), _refused(verdict.refused, applying=applying)]
    sums = _sums(plan)
    shared = shared_lines(plan.changes)
    seen, fresh = _seen(plan)
    beside = [*_beside(plan, layout, plan.elapsed), seen]
    blocks = [*before, changes, shared, sums, *beside, *_notes(plan, names), fresh]
    last = [_summary(plan_summary(plan, verdict, applying=applying)), (Piece(due_sentence(plan.due)),)]
    return _joined(blocks, last, glue=(changes, shared, sums, fresh))


def report_text(
    plan: Plan,
    verdict: Verdict,
    report: ApplyReport,
    names: NameOf,
    *,
    undoing: Undoing = by_no_policy,
    brief: bool = False,
    colour: bool = False,
) -> str:
    """What an apply did, how it is taken back, and what it did not; `brief` leaves out what the plan just showed."""
    return paint(report_lines(plan, verdict, report, names, undoing=undoing, brief=brief), colour=colour)


def report_lines(
    plan: Plan,
    verdict: Verdict,
    report: ApplyReport,
    names: NameOf,
    *,
    undoing: Undoing = by_no_policy,
    brief: bool = False,
) -> list[Line]:
    """The same as styled lines."""
    plan = after(plan, report)
    layout = Layout(names, [*plan.changes, *plan.blocked], DONE, plan.as_of)
    succeeded = [item.change for item in report.changes if item.outcome is OutcomeKind.SUCCEEDED]
    known = noted(report)
    if brief:
        done = layout.undone(succeeded, undoing, known)
    else:
        done = layout.changes(succeeded, undoing=undoing, noted=known)
    command = undo_command(report.run) if any(group_of(change) is not Group.NEW for change in succeeded) else ""
    done += [(Piece(command),)] if command else []
    wishes = Layout(names, [*plan.changes, *plan.blocked, *plan.pending], VERBS, plan.as_of)
    blocks = [
        [] if brief else _headlines(plan),
        [] if brief else _refused(verdict.refused, applying=True),
        done,
        [] if brief else shared_lines(succeeded),
        [] if brief else _held_back(plan, verdict, wishes),
        *_begun(report, wishes),
        *_unsuccessful(report.changes, wishes),
        *([] if brief else [*_beside(plan, wishes, report.elapsed), _seen(plan)[0]]),
        # How many each rule matched, the plan said; after an apply only what is wrong is worth a line.
        [] if brief else diagnostics_lines(plan.diagnostics),
        _store(plan, report),
        _stopped(report),
    ]
    return _joined(blocks, [_summary(report_summary(plan, verdict, report))], glue=(done,))


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
        lines += [(sign, Piece(padded(item.scope, scopes, least=GAP), Style.STRONG), Piece(item.detail))]
        lines += [(Piece(f"{INDENT}hint: {item.hint}"),)] if item.hint else []
    return lines


def _title(text: str, count: int, meaning: str = "") -> Line:
    return (Piece(f"{text} ({count:,})", Style.STRONG), Piece(f": {meaning}" if meaning else ""))


def _sums(plan: Plan) -> list[Line]:
    """What the changes come to, and the first instant from which one of them cannot be undone any more."""
    first = first_irreversible(plan.changes, plan.as_of)
    said = (totals_words(plan.totals, plan.changes), first_irreversible_words(first, plan.as_of))
    return [(Piece(sentence),) for sentence in said if sentence]


def _beside(plan: Plan, layout: Layout, elapsed: Sequence[Event]) -> list[list[Line]]:
    """What is no change: blocked, held, pending, released, ended, drift, what time did, what is scheduled, unmanaged;
    each only if there is any.
    """
    unmanaged: list[Line] = [(Piece(f"  {key}", Style.STRONG),) for key in sorted(plan.unmanaged)]
    passed = f"{elapsed_about(elapsed)}, no change of ours: {elapsed_counts(elapsed)}"
    sections = (
        ("Blocked", plan.blocked, "cannot be carried out as things stand", layout.blocked(plan.blocked)),
        ("Held", plan.held, "changed outside; a person decides", layout.held(plan.held)),
        ("Pending", plan.pending, pending_about(plan.pending), layout.pending(plan.pending)),
        (
            "Released",
            plan.released,
            "declared once and not any more; left as they are",
            layout.left_alone(plan.released),
        ),
        ("Ended", plan.ended, "no change is made to them", layout.left_alone(plan.ended)),
        ("Drift", drift_rows(plan.drift), "changed outside, through no act of ours", layout.drift(plan.drift)),
        ("Elapsed", elapsed, passed, layout.elapsed(elapsed_rows(elapsed))),
        ("Scheduled", plan.scheduled, "declared for a day that is still to come", layout.scheduled(plan.scheduled)),
        (
            "Unmanaged",
            plan.unmanaged,
            "stored, and declared in no file; left as they are. To drop a record: reconcile forget KEY",
            unmanaged,
        ),
    )
    return [[_title(name, len(items), meaning), *lines] for name, items, meaning, lines in sections if items]


def _seen(plan: Plan) -> tuple[list[Line], list[Line]]:
    """How far outside accounts were looked at: what there is to say of some, and that the others are as of now."""
    lines: list[Line] = []
    for row in seen_rows(plan.sightings, plan.as_of):
        who = Piece(f"  {row.who}: ", Style.DANGER if row.trouble else Style.STRONG)
        lines.append((who, Piece("; ".join(row.phrases))))
    fresh = fresh_words(plan.sightings)
    title: Line = (Piece("Observed", Style.STRONG), Piece(": how far the accounts of providers were looked at"))
    return [title, *lines] if lines else [], [(Piece(fresh, Style.QUIET),)] if fresh else []


def _notes(plan: Plan, names: NameOf) -> list[list[Line]]:
    return [diagnostics_lines(plan.diagnostics), [_rule(rule, names) for rule in plan.rules]]


def _rule(rule: RuleUse, names: NameOf) -> Line:
    shown = [names("", code) for code in rule.products[:_RULE_NAMES]]
    more = ", …" if len(rule.products) > _RULE_NAMES else ""
    among = f" ({', '.join(shown)}{more})" if shown else ""
    summary = f" {rule.summary}" if rule.summary else ""
    return (Piece(f"rule {rule.place.location}{summary}: "), Piece(f"{rule.matched:,} matched{among}"))


def _held_back(plan: Plan, verdict: Verdict, layout: Layout) -> list[Line]:
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


def _begun(report: ApplyReport, layout: Layout) -> list[list[Line]]:
    """What a person or a provider has now: every one of them by name, for none of it is done."""
    blocks = []
    for word, items in begun(report).items():
        lines = [_title(_BEGUN[word], len(items), ABOUT_BEGUN[word])]
        for item in items:
            name = layout.name(item.change.key, item.change.product)
            lines.append(layout.head((">", Style.NAME), item.change.kind, str(item.change.key), name))
            lines += [(Piece(f"{INDENT}{item.note}"),)] if item.note else []
        blocks.append(lines)
    return blocks


def _unsuccessful(changes: Iterable[ChangeReport], layout: Layout) -> list[list[Line]]:
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
            error = error_words(item)
            lines += [(Piece(f"{INDENT}{error}"),)] if error else []
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


def _joined(blocks: Iterable[list[Line]], last: Sequence[Line], *, glue: Sequence[list[Line]]) -> list[Line]:
    """The blocks with a blank line between; a plan of nothing but those in `glue` has its summary right below them."""
    filled = [block for block in blocks if block]
    lines: list[Line] = []
    for block in filled:
        lines += [*([BLANK] if lines else []), *block]
    alone = all(any(block is item for item in glue) for block in filled)
    return [*lines, *([] if alone else [BLANK]), *last]
