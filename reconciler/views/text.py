"""The plan and the report of an apply, for people at a terminal: what is worst first, the summary last.

Pure: values to text. No rich here, for the sake of start-up time; whether there is colour, the caller decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.diagnostics import Diagnostic
from reconciler.fates import changes_done
from reconciler.impact import first_irreversible
from reconciler.journal import ApplyReport
from reconciler.plan import Plan, Verdict
from reconciler.views.abridged import MANY, WHOLE, Part, parted
from reconciler.views.closing import after, noted, report_summary
from reconciler.views.consequences import first_irreversible_words, totals_words
from reconciler.views.layout import Layout, shared_effects, shared_lines
from reconciler.views.outcomes import held_back as refused_sections
from reconciler.views.outcomes import not_done
from reconciler.views.paint import BLANK, Line, Piece, Style, paint
from reconciler.views.sections import Beside, finding_lines, refused_lines, rule_lines, seen_lines
from reconciler.views.timeline import due_sentence
from reconciler.views.undo_words import Undoing, by_no_policy, undo_command
from reconciler.views.words import DONE, VERBS, Group, NameOf, marking, plan_summary

_SHORTENED = "Shortened: --out json=FILE has all of it, --out jsonl=FILE the same with a line for each."
_REPORT_SHORTENED = (
    "Shortened: reconcile history has every change; --out jsonl=FILE writes all of a report as it is made."
)


def plan_text(plan: Plan, verdict: Verdict, names: NameOf, *, applying: bool = False, colour: bool = False) -> str:
    """The whole plan; `applying` says that it is about to be carried out, not that it would be."""
    return paint(plan_lines(plan, verdict, names, applying=applying), colour=colour)


def plan_lines(plan: Plan, verdict: Verdict, names: NameOf, *, applying: bool = False) -> list[Line]:
    """The same as styled lines."""
    parts, rest = parted(plan.changes), Beside(plan, plan.elapsed)
    layout = Layout(names, parts, VERBS, plan.as_of, rest.in_columns)
    marked = marking(plan, verdict, "refused" if applying else "would be refused")
    effects = shared_effects(parts)
    changes = layout.changes(parts, marked, shared=effects)
    totals, shared = _totals(plan), shared_lines(effects)
    seen, fresh = seen_lines(plan)
    shortened = _shortened(parts) or rest.shortened or max(len(verdict.refused), len(plan.rules)) > MANY
    blocks = [
        _headlines(plan),
        refused_lines(verdict.refused, applying=applying),
        changes,
        shared,
        totals,
        *rest.blocks(layout),
        seen,
        finding_lines(plan.diagnostics),
        rule_lines(plan.rules, names),
        fresh,
    ]
    last = [_summary(plan_summary(plan, verdict, applying=applying)), (Piece(due_sentence(plan.due)),)]
    last = [*_where(_SHORTENED, shortened=shortened), *last]
    return _joined(blocks, last, glue=(changes, shared, totals, fresh))


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
    parts, wished, rest = parted(changes_done(report.changes)), parted(plan.changes), Beside(plan, report.elapsed)
    effects = {} if brief else shared_effects(parts)
    layout = Layout(names, parts if _shortened(parts) else wished, DONE, plan.as_of, rest.blocked)
    if brief:
        done = layout.undone(parts, undoing, noted(report))
    else:
        done = layout.changes(parts, undoing=undoing, noted=noted(report), shared=effects)
    command = undo_command(report.run) if any(part.group is not Group.NEW for part in parts) else ""
    wishes = Layout(names, wished, VERBS, plan.as_of, rest.in_columns)
    others = [*([] if brief else refused_sections(plan, verdict, wishes)), *not_done(report)]
    shortened = _shortened(parts) or any(section.shortened for section in others)
    shortened |= not brief and (rest.shortened or len(verdict.refused) > MANY)
    blocks = [
        [] if brief else _headlines(plan),
        [] if brief else refused_lines(verdict.refused, applying=True),
        done := [*done, *([(Piece(command),)] if command else [])],
        shared_lines(effects),
        *(section.lines(wishes) for section in others),
        *([] if brief else [*rest.blocks(wishes), seen_lines(plan)[0]]),
        # How many each rule matched, the plan said; after an apply only what is wrong is worth a line.
        [] if brief else finding_lines(plan.diagnostics),
        _store(plan, report),
        _stopped(report),
    ]
    last = [*_where(_REPORT_SHORTENED, shortened=shortened), _summary(report_summary(plan, verdict, report))]
    return _joined(blocks, last, glue=(done,))


def diagnostics_text(items: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """Every finding by place: `file:line:col: error: summary`, and a hint under it where there is one; of more than a
    person can read, how many there are of each, and the worst.
    """
    return paint(finding_lines(items, most=WHOLE), colour=colour)


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


def _where(text: str, *, shortened: bool) -> list[Line]:
    """Where all of it is, where that is not here."""
    return [(Piece(text, Style.QUIET),)] if shortened else []


def _shortened(parts: Iterable[Part]) -> bool:
    return any(part.left for part in parts)


def _totals(plan: Plan) -> list[Line]:
    """What the changes come to, and the first instant from which one of them cannot be undone any more."""
    first = first_irreversible(plan.changes, plan.as_of)
    said = (totals_words(plan.totals, plan.changes), first_irreversible_words(first, plan.as_of))
    return [(Piece(sentence),) for sentence in said if sentence]


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
