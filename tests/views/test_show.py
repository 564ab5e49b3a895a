"""One subscription with its history, and where its values come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from reconciler.diagnostics import Location
from reconciler.lifecycle import at
from reconciler.model import (
    Cancel,
    Decision,
    DesiredSubscription,
    Intent,
    Money,
    Recurring,
    ScheduledIntent,
    Status,
    TermLength,
)
from reconciler.policy import Lifecycle, Window
from reconciler.rulebook import Rulebook
from reconciler.spec.explain import Explanation, FieldLayers, LayerValue
from reconciler.spec.layers import LayerKind
from reconciler.views.show import Shown, explain_text, show_text, shown
from reconciler.views.status import status_row
from tests.builders import CLASSIC, NOW, a_desired, a_key, a_lifecycle, a_stored
from tests.views.cases import HOSTILE, real_names
from tests.views.test_history import TURNED_OFF
from tests.views.test_status import RICH, a_row

NAMES = real_names()
PLACE = Location("specs/contoso.yaml", 7, 3)
SPEC = replace(a_desired("contoso/premium"), place=PLACE)


def told(
    *entries: Any, spec: DesiredSubscription | None = SPEC, lifecycle: Lifecycle | None = CLASSIC, **fields: Any
) -> str:
    """A record of these fields, as it stands now."""
    rules = Rulebook({} if lifecycle is None else {"contoso": lifecycle})
    record = at(a_stored("contoso/premium", **fields), lifecycle, NOW)
    row = status_row(record, NAMES, managed=spec is not None, now=NOW, rulebook=rules)
    return show_text(shown(row, spec, lifecycle, NOW), entries, now=NOW)


def test_a_subscription_is_shown_with_all_that_is_known_and_its_history() -> None:
    spec = replace(
        SPEC,
        decided=Decision(date(2027, 3, 1), "finance@contoso.example", "budget 2027", PLACE),
        schedule=(
            ScheduledIntent(date(2026, 11, 1), Intent(Recurring.ON, None, PLACE)),
            ScheduledIntent(date(2027, 4, 1), Intent(Recurring.OFF, Cancel.NONE, PLACE, "moving")),
            ScheduledIntent(date(2027, 5, 1), Intent(None, Cancel.AT_RENEWAL, PLACE)),
        ),
    )
    fields = {**RICH, "labels": {"team": "sales", "a": "b"}, "id": "6f0d", "last_charge": Money(2_500_000, "EUR")}
    assert told(TURNED_OFF, spec=spec, **fields).splitlines()[:22] == [
        "contoso/premium    Microsoft 365 Business Premium",
        "  status        active",
        "  recurring     on",
        "  cancellation  none",
        "  term          1 Mar 2026 to 28 Feb 2027 (annual)",
        "  next          renews 1 Mar 2027, in 98 days",
        "  product       SPB",
        "  id            6f0d",
        "  seats         1,250",
        "  price         20.60 EUR / month",
        "  last charge   25000.00 EUR for one billing period",
        "  cost          309000.00 EUR a year: 1250 x 20.60 EUR x 12",
        "  decided       renewal of 1 Mar 2027, by finance@contoso.example: budget 2027",
        "  scheduled     1 Apr 2027, recurring off and cancel none: moving",
        "  scheduled     1 May 2027, cancel at-renewal",
        "  owner         it@contoso.example",
        "  protected     yes",
        "  labels        a=b, team=sales",
        "  started       1 Mar 2026",
        "  managed       declared at specs/contoso.yaml:7:3",
        "",
        "History",
    ]
    assert "History\n2026-11-23 00:00:00Z  turned off    contoso/visio-plan-2    succeeded\n" in told(TURNED_OFF)


def test_an_ended_unmanaged_subscription_says_so() -> None:
    text = told(
        spec=None,
        status=Status.DISABLED,
        provider_status="Disabled (grace)",
        recurring=Recurring.OFF,
        cancellation=Cancel.IMMEDIATELY,
        requested_at=NOW,
        effective_at=NOW,
        start=date(2025, 1, 1),
        anchor=date(2026, 2, 1),
        price=Money(100, "EUR"),
    )
    for line in (
        "  status        disabled (Disabled (grace))",
        "  next          deleted 21 Feb 2027, in 90 days",
        "  price         1.00 EUR / year",
        "  reactivated   1 Feb 2026",
        "  cancelled on  23 Nov 2026",
        "  managed       no: no file declares it",
        "No history: nothing was applied to it yet.",
    ):
        assert f"{line}\n" in text
    assert "  cost" not in text


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"start": date(2025, 11, 23)}, "renews 23 Nov 2027, in 365 days"),
        ({"start": date(2025, 11, 24)}, "renews 24 Nov 2026, in 1 day"),
        ({"status": Status.EXPIRED, "lifecycle": a_lifecycle(expired=None)}, "not known"),
    ],
)
def test_how_far_off_the_next_step_is(fields: dict[str, Any], line: str) -> None:
    assert f"  next          {line}\n" in told(**fields)


def test_what_happens_on_this_very_day_is_today() -> None:
    record = a_stored("contoso/premium", start=date(2025, 11, 24))
    row = status_row(record, NAMES, managed=True, now=NOW.replace(day=24), rulebook=Rulebook({"contoso": CLASSIC}))
    assert "  next          renews 24 Nov 2026, today\n" in show_text(Shown(row), (), now=NOW)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        pytest.param({}, "cost          not known: no price is declared, and there is no price list", id="not known"),
        pytest.param(
            {"last_charge": Money(1000, "EUR"), "billing": TermLength.MONTHLY},
            "cost          120.00 EUR (last charge) a year: 10.00 EUR x 12",
            id="by the last charge",
        ),
    ],
)
def test_a_cost_says_where_it_comes_from(fields: dict[str, Any], line: str) -> None:
    assert f"  {line}\n" in told(**fields)


def test_a_paid_extension_is_told_with_the_term() -> None:
    assert "(a month of a paid extension)" in told(extended=True)


@pytest.mark.parametrize(
    ("length", "line"),
    [
        (Window(None), ""),
        (None, ""),
        (Window(timedelta(days=267)), "closed 23 Nov 2026 00:00 UTC"),
        (Window(timedelta(days=268)), "it can be cancelled at once until 24 Nov 2026 00:00 UTC"),
    ],
    ids=["always open", "not known", "closed", "still open"],
)
def test_the_window_to_cancel_at_once_is_told(length: Window | None, line: str) -> None:
    text = told(lifecycle=a_lifecycle(window=length))
    assert (f"  window        {line}\n" in text) if line else ("  window" not in text)


@pytest.mark.parametrize("fields", [{"status": Status.SUSPENDED}, {"lifecycle": None}], ids=["suspended", "no policy"])
def test_no_window_is_told_of_what_is_not_active_or_has_no_policy(fields: dict[str, Any]) -> None:
    window = a_lifecycle(window=Window(timedelta(days=268)))
    assert "  window" not in told(**{"lifecycle": window, **fields})


def test_a_row_alone_can_be_shown() -> None:
    row = status_row(a_stored("contoso/premium"), NAMES, managed=True, now=NOW)
    assert "  managed       declared\n" in show_text(Shown(row), (), now=NOW)


def layer(kind: LayerKind, line: int, value: Any, *, holds: bool = False) -> LayerValue:
    """What a layer says."""
    return LayerValue(kind, Location("specs/contoso.yaml", line, 5), value, holds)


def test_an_explanation_stacks_the_layers_strongest_first_and_marks_what_holds() -> None:
    pair = (
        layer(LayerKind.FILE_DEFAULTS, 4, {"recurring": "on"}),
        layer(LayerKind.OWN, 22, {"recurring": "off", "reason": "moved"}, holds=True),
    )
    fields = (
        FieldLayers("recurring + cancel", pair),
        FieldLayers("protect", (layer(LayerKind.OWN, 9, True, holds=True),)),
    )
    assert explain_text(Explanation("contoso/visio", PLACE, fields)) == (
        "contoso/visio    specs/contoso.yaml:7:3\n"
        "\n"
        "recurring + cancel\n"
        "  * recurring: off, reason: moved  own keys       specs/contoso.yaml:22:5\n"
        "    recurring: on                  file defaults  specs/contoso.yaml:4:5\n"
        "\n"
        "protect\n"
        "  * yes                            own keys       specs/contoso.yaml:9:5\n"
        "\n"
        "* holds; the layers below it are weaker, or were replaced.\n"
    )


def test_a_schedule_is_explained_with_what_is_in_force_and_what_is_to_come() -> None:
    in_force = layer(LayerKind.SCHEDULE, 8, {"from": "2026-12-01", "recurring": "off"}, holds=True)
    to_come = layer(LayerKind.TO_COME, 9, {"from": "2027-03-01", "cancel": "at-renewal", "reason": "moved"})
    pair = (layer(LayerKind.OWN, 6, {"recurring": "on"}), in_force)
    decided = (layer(LayerKind.OWN, 4, {"for": "2027-02-14", "by": "me"}, holds=True),)
    fields = (
        FieldLayers("recurring + cancel", pair),
        FieldLayers("schedule", (in_force, to_come)),
        FieldLayers("decided", decided),
    )
    assert explain_text(Explanation("contoso/visio", PLACE, fields)) == (
        "contoso/visio    specs/contoso.yaml:7:3\n"
        "\n"
        "recurring + cancel\n"
        "  * from: 2026-12-01, recurring: off                     schedule           specs/contoso.yaml:8:5\n"
        "    recurring: on                                        own keys           specs/contoso.yaml:6:5\n"
        "\n"
        "schedule\n"
        "    from: 2027-03-01, cancel: at-renewal, reason: moved  schedule, to come  specs/contoso.yaml:9:5\n"
        "  * from: 2026-12-01, recurring: off                     schedule           specs/contoso.yaml:8:5\n"
        "\n"
        "decided\n"
        "  * for: 2027-02-14, by: me                              own keys           specs/contoso.yaml:4:5\n"
        "\n"
        "* holds; the layers below it are weaker, or were replaced.\n"
    )


def test_an_explanation_of_nothing_says_so() -> None:
    assert explain_text(Explanation("contoso/visio", PLACE, ())) == (
        "contoso/visio    specs/contoso.yaml:7:3\nNo layer says anything of it: it is listed, and left as it is.\n"
    )


def test_foreign_text_stays_on_its_line() -> None:
    hostile = (FieldLayers(HOSTILE, (layer(LayerKind.OWN, 1, HOSTILE, holds=True),)),)
    text = explain_text(Explanation(HOSTILE, PLACE, hostile))
    assert len(text.splitlines()) == 6
    assert text.replace("\n", "").isprintable()


def test_how_old_what_is_known_is_told_of_what_a_provider_keeps() -> None:
    row = a_row(observed={a_key("contoso/visio"): NOW - timedelta(hours=6)})
    assert "  observed      23 Nov 2026 06:00 UTC, 6 h ago\n" in show_text(Shown(row), [], now=NOW)
    assert "observed" not in show_text(Shown(a_row()), [], now=NOW)
