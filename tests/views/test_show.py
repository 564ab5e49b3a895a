"""One subscription with its history, and where its values come from."""

from __future__ import annotations

from datetime import date
from typing import Any

from reconciler.diagnostics import Location
from reconciler.model import Cancel, Recurring, Status
from reconciler.spec.explain import Explanation, FieldLayers, LayerValue
from reconciler.spec.layers import LayerKind
from reconciler.views.show import explain_text, show_text
from reconciler.views.status import status_row
from tests.builders import NOW, a_stored
from tests.views.cases import HOSTILE, real_names
from tests.views.test_history import TURNED_OFF
from tests.views.test_status import RICH

NAMES = real_names()
PLACE = Location("specs/contoso.yaml", 7, 3)


def shown(managed: bool, *entries: Any, **fields: Any) -> str:
    """A record of these fields."""
    stored = a_stored("contoso/premium", **fields)
    row = status_row(stored, NAMES, managed=managed)
    return show_text(row, entries, stored=stored, place=PLACE if managed else None)


def test_a_subscription_is_shown_with_all_that_is_known_and_its_history() -> None:
    assert shown(True, TURNED_OFF, **RICH, labels={"team": "sales", "a": "b"}, id="6f0d").splitlines()[:16] == [
        "contoso/premium    Microsoft 365 Business Premium",
        "  status        active",
        "  recurring     on",
        "  cancellation  none",
        "  term          1 Mar 2026 to 28 Feb 2027 (annual)",
        "  next          renews 1 Mar 2027",
        "  product       SPB",
        "  id            6f0d",
        "  seats         1,250",
        "  price         20.60 EUR / month",
        "  owner         it@contoso.example",
        "  protected     yes",
        "  labels        a=b, team=sales",
        "  started       1 Mar 2026",
        "  managed       declared at specs/contoso.yaml:7:3",
        "",
    ]
    assert "History\n2026-11-23 00:00:00Z  turned off    contoso/visio-plan-2    succeeded\n" in shown(True, TURNED_OFF)


def test_an_ended_unmanaged_subscription_says_so() -> None:
    text = shown(
        False,
        status=Status.DISABLED,
        provider_status="Disabled (grace)",
        recurring=Recurring.OFF,
        cancellation=Cancel.IMMEDIATELY,
        requested_at=NOW,
        start=date(2025, 1, 1),
        anchor=date(2026, 2, 1),
    )
    for line in (
        "  status        disabled (Disabled (grace))",
        "  reactivated   1 Feb 2026",
        "  cancelled on  23 Nov 2026",
        "  managed       no: no file declares it",
        "No history: nothing was applied to it yet.",
    ):
        assert f"{line}\n" in text


def test_a_row_alone_can_be_shown() -> None:
    row = status_row(a_stored("contoso/premium"), NAMES, managed=True)
    assert "  managed       declared\n" in show_text(row, ())


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


def test_an_explanation_of_nothing_says_so() -> None:
    assert explain_text(Explanation("contoso/visio", PLACE, ())) == (
        "contoso/visio    specs/contoso.yaml:7:3\nNo layer says anything of it: it is listed, and left as it is.\n"
    )


def test_foreign_text_stays_on_its_line() -> None:
    hostile = (FieldLayers(HOSTILE, (layer(LayerKind.OWN, 1, HOSTILE, holds=True),)),)
    text = explain_text(Explanation(HOSTILE, PLACE, hostile))
    assert len(text.splitlines()) == 6
    assert text.replace("\n", "").isprintable()
