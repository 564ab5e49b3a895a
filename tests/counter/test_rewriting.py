"""What own keys are to say instead, written into a subscription wherever it stands in its file."""

from __future__ import annotations

import pytest

from reconciler.counter.editing import Unsafe
from reconciler.counter.patch import Edit, edited
from reconciler.counter.rewriting import Layout, Rewrite, rewritten


def written(text: str, *rewrites: Rewrite, name: str = "visio") -> str:
    """The file's text after the rewrites of one subscription."""
    layout = Layout(text)
    cut = layout.cut(name)
    return edited(text, [Edit(cut.start, cut.end, rewritten(layout, cut, rewrites))])


FILE = "subscriptions:\n  a: {}\n  visio:\n    facts: {}\n    recurring: off # x\n      # deep\n  # b\n  b: {}\n"
ON = {"recurring": "on"}
OFF_NONE = {"recurring": "off", "cancel": "none"}


@pytest.mark.parametrize(
    ("before", "pair", "after"),
    [
        pytest.param("recurring: off", {"recurring": "on"}, "recurring: on", id="one value for another"),
        pytest.param("cancel: at-renewal", {"recurring": "on"}, "recurring: on", id="one key for another"),
        pytest.param("recurring: on", {"cancel": "at-renewal"}, "cancel: at-renewal", id="the other way round"),
        pytest.param("recurring: off, cancel: at-renewal", {"recurring": "on"}, "recurring: on", id="two for one"),
        pytest.param("recurring: off, cancel: none", {"cancel": "at-renewal"}, "cancel: at-renewal", id="the second"),
        pytest.param("cancel: none", OFF_NONE, "recurring: off, cancel: none", id="one more"),
        pytest.param("recurring: on", OFF_NONE, "recurring: off, cancel: none", id="one more behind"),
        pytest.param("owner: it", {"recurring": "on"}, "recurring: on, owner: it", id="where there was none"),
        pytest.param(
            "cancel: {when: immediately, reason: x, confirm: a/b@2026-01-01, on_blocked: at-renewal}",
            {"recurring": "on"},
            "recurring: on",
            id="the long form, whole",
        ),
        pytest.param("recurring: off, reason: gone, owner: it", ON, "recurring: on, owner: it", id="why"),
        pytest.param("recurring: unmanaged", {"recurring": "on"}, "recurring: on", id="what took a pair back"),
    ],
)  # fmt: skip
def test_the_pair_is_replaced_as_one(before: str, pair: dict[str, str], after: str) -> None:
    found = written(f"subscriptions: {{visio: {{facts: {{}}, {before}}}}}", Rewrite(pair=pair))
    assert found == f"subscriptions: {{visio: {{facts: {{}}, {after}}}}}"


def test_an_entry_of_the_schedule_gets_the_pair() -> None:
    text = "subscriptions:\n  visio:\n    recurring: on\n    reason: own\n    schedule:\n    - from: 2026-01-01\n"
    text += "      recurring: off\n      reason: moved\n    - {from: 2027-01-01, cancel: none}\n"
    found = written(text, Rewrite(pair=ON, entry=0))
    assert found == text.replace("      recurring: off\n      reason: moved\n", "      recurring: on\n")


def test_nothing_else_of_the_file_moves() -> None:
    assert written(FILE, Rewrite(pair=ON)) == FILE.replace("off", "on")
    assert written(FILE, Rewrite(keys={"owner": "it"})) == FILE.replace("deep\n", "deep\n    owner: it\n")
    assert written(FILE, Rewrite(name="teams", keys={"previously": "visio"})) == FILE.replace(
        "visio:\n", "teams:\n    previously: visio\n"
    )


def test_facts_and_labels_are_set_one_by_one() -> None:
    text = "subscriptions:\n  visio:\n    facts: {seats: 3}\n    labels:\n      a: b # x\n      c: d\n"
    found = written(text, Rewrite(facts={"seats": 5, "price": "1.00 EUR"}, labels={"e": "f", "a": "g"}))
    assert found == text.replace("{seats: 3}", "{seats: 5, price: 1.00 EUR}").replace("b # x", "g # x").replace(
        "      c: d\n", "      e: f\n"
    )


def test_facts_and_labels_are_made_where_there_are_none() -> None:
    text = "subscriptions:\n  visio:\n    recurring: on\n"
    found = written(text, Rewrite(facts={"seats": 5}), Rewrite(labels={"a": "b"}))
    assert found == "subscriptions:\n  visio:\n    facts: {seats: 5}\n    recurring: on\n    labels: {a: b}\n"
    assert written(text, Rewrite(labels={})) == f"{text}    labels: {{}}\n"


def test_labels_that_all_go_leave_empty_braces() -> None:
    text = "subscriptions:\n  visio:\n    labels:\n      a: b\n"
    assert written(text, Rewrite(labels={})) == "subscriptions:\n  visio:\n    labels: {}\n"
    assert (
        written("subscriptions: {visio: {labels: {a: b}}}", Rewrite(labels={}))
        == "subscriptions: {visio: {labels: {}}}"
    )


def test_all_of_them_may_share_a_line() -> None:
    text = "subscriptions: {a: {}, visio: {recurring: off}, b: {}} # x\n"
    assert written(text, Rewrite(pair=ON)) == text.replace("off", "on")


def test_breaks_are_kept() -> None:
    text = FILE.replace("\n", "\r\n")
    assert written(text, Rewrite(pair=OFF_NONE)) == text.replace("deep\r\n", "deep\r\n    cancel: none\r\n")


@pytest.mark.parametrize("text", ["subscriptions:\r  visio: {}\r", "subscriptions: {a: {}}", "subscriptions: []"])
def test_a_subscription_that_cannot_be_cut_out_is_refused(text: str) -> None:
    with pytest.raises(Unsafe):
        Layout(text).cut("visio")


def test_a_file_is_read_once_for_all_of_its_subscriptions() -> None:
    layout = Layout(FILE)
    assert [layout.cut(name).name for name in ("a", "b", "visio")] == ["a", "b", "visio"]
