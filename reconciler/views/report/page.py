"""The page itself: one HTML document that needs nothing else, runs nothing, and lets nothing be loaded.

Every value is escaped by the template engine, and what hides or steers text is spelled out before that.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reconciler.views.escape import visible
from reconciler.views.paint import shorten
from reconciler.views.report.figures import by_owner, figures, renewals, steps_ahead
from reconciler.views.report.pictures import cost_charts, estate, timeline
from reconciler.views.report.planned import not_known, plan_part
from reconciler.views.report.values import DUE_DAYS, Report
from reconciler.views.words import day, moment

_TEMPLATE = "report.html.jinja"
_STYLESHEET = "report.css"
_LONGEST = 400


def report_page(report: Report) -> str:
    """The whole document; the same report makes the same text."""
    loader = PackageLoader("reconciler.views.report", "templates")
    templates = _templates(loader)
    styles, _, _ = loader.get_source(templates, _STYLESHEET)
    return templates.get_template(_TEMPLATE).render(
        policy=policy(styles),
        styles=Markup(styles),  # noqa: S704 - our own file
        as_of=moment(report.plan.as_of),
        as_of_day=day(report.plan.as_of),
        origin=_origin(report),
        refused=len(report.plan.changes) - len(report.verdict.allowed),
        figures=figures(report),
        due_days=DUE_DAYS,
        renewals=renewals(report),
        decided=sum(1 for item in report.due if item.decided is not None),
        by_owner=by_owner(report),
        costs=cost_charts(report.forecast),
        until=day(report.forecast.until),
        missing_charges=sum(report.forecast.total.unknown),
        monthly=sum(report.forecast.total.monthly),
        timeline=timeline(report.forecast),
        ahead=steps_ahead(report),
        plan=plan_part(report),
        estate=estate(report),
        not_known=not_known(report),
        version=report.version,
    )


def policy(styles: str) -> str:
    """The content security policy: this one stylesheet, an icon in the page itself, and nothing else whatsoever."""
    digest = b64encode(sha256(styles.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _templates(loader: PackageLoader) -> Environment:
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_spelled,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["prose"] = prose
    return made


def shown(text: str) -> str:
    """A text with everything in it to be seen, and no longer than anybody would read."""
    return visible(shorten(text, _LONGEST))


def prose(text: str) -> Markup:
    """A sentence of ours with values in it, escaped: what stands between two backticks becomes code."""
    text = shown(text)
    parts = [escape(part) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return escape(text)
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if index % 2 else part for index, part in enumerate(parts))


def _spelled(value: object) -> object:
    """Texts with everything in them to be seen; numbers and markup of ours as they are."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else shown(value)


def _origin(report: Report) -> list[tuple[str, str]]:
    """What the page was made from, so that anybody can make it again."""
    made = report.plan.bindings
    narrowed = [*made.select, *(f"not {pattern}" for pattern in made.exclude), *made.paths]
    store = "none yet" if made.store_lineage is None else f"{made.store_lineage}, serial {made.store_serial:,}"
    return [
        ("As of", moment(report.plan.as_of)),
        *([("Narrowed to", ", ".join(narrowed))] if narrowed else []),
        ("Store", store),
        ("Commit", _commit(made.commit)),
        ("Settings", f"{report.settings}, {_short(made.settings_digest)}"),
        ("Specs", _short(made.specs_digest)),
        ("Plan", _short(report.plan.fingerprint)),
    ]


def _commit(commit: str | None) -> str:
    if commit is None:
        return "not known"
    return f"{_short(commit)}{', with edits that are not committed' if commit.endswith('+') else ''}"


def _short(digest: str) -> str:
    return digest[:12]
