from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.changes import INTENTS, Kind
from reconciler.errors import ProviderTrouble
from reconciler.model import Cancel, Recurring, Status, Term
from reconciler.observed import Capabilities, Obstacle, Page, Unreadable
from reconciler.testing.conformance import Case, NotOffered
from reconciler.testing.conformance import reading as module
from reconciler.testing.conformance.reading import Reading, everything
from reconciler.testing.conformance.trial import Trial, end_of
from tests.testing.conformance.acme import START, a_bench
from tests.testing.conformance.acme_provider import AcmeReader
from tests.testing.conformance.broken import Wrong, answering, raising, sighted, unbroken

WHOLE = "test_every_subscription_is_on_some_page"
ENGINE = "test_the_engine_reads_the_whole_account"
RENEWS = "test_one_that_renews_is_shown_so"
OFF = "test_one_that_is_off_is_shown_so"
STOPS = "test_one_that_is_cancelled_at_its_renewal_is_shown_so"
UNREADABLE = "test_one_that_cannot_be_read_hides_no_other"
BARRED = "test_one_that_somebody_else_decides_is_barred"
UNKNOWN = "test_a_status_that_nobody_knows_is_unknown"
NO_ID = "test_what_can_be_no_id_leads_nowhere"
ENDS = "test_what_is_to_end_ends_with_its_term_and_no_sooner"
MOVES = "test_what_changes_outside_has_another_revision"
ALIKE = "test_a_list_shows_what_get_shows"


def first_page_alone(self: Any, cursor: str | None) -> Page:
    return replace(AcmeReader.observe(self, cursor), cursor=None)


def last_again(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    return replace(page, items=(*page.items, page.items[-1])) if page.items else page


def without_end(self: Any, cursor: str | None) -> Page:
    return Page((), str(int(cursor or 0) + 1))


def phantom(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    ghost = Unreadable("acme-77777", Obstacle("unreadable", "a ghost"))
    return page if page.cursor else replace(page, items=(*page.items, ghost))


def a_stranger_too(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    return page if page.cursor else replace(page, items=(*page.items, replace(page.items[0], id="acme-77777")))


def list_of_active(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    shown = [replace(item, status=Status.ACTIVE) for item in page.items if not isinstance(item, Unreadable)]
    return replace(page, items=tuple(shown))


def seen_with(**fields: Any) -> Any:
    """A `converted` that shows other values."""

    def converted(self: Any, raw: Any) -> Any:
        seen = AcmeReader.converted(self, raw)
        return seen if isinstance(seen, Unreadable) else replace(seen, **fields)

    return converted


def naive(self: Any, raw: Any) -> Any:
    return replace(sighted(self, raw), requested_at=START.replace(tzinfo=None))


def early(self: Any, raw: Any) -> Any:
    return replace(sighted(self, raw), effective_at=START)


def old_term(self: Any, raw: Any) -> Any:
    return replace(sighted(self, raw), term=Term(START.replace(year=2020), START.replace(year=2021)))


def none_of_unreadable(self: Any, id: str) -> Any:
    try:
        return AcmeReader.get(self, id)
    except ProviderTrouble:
        return None


def first_trouble(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    return Page(tuple(item for item in page.items if isinstance(item, Unreadable))) if len(page.items) > 1 else page


def skipping_unreadable(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    return replace(page, items=tuple(item for item in page.items if not isinstance(item, Unreadable)))


def any_id(self: Any, id: str) -> Any:
    return AcmeReader.get(self, "acme-00001")


def moving(self: Any, raw: Any) -> str:
    self.count = getattr(self, "count", 0) + 1
    return str(self.count)


def ended_a_day_early(self: Any, raw: Any) -> Any:
    seen = sighted(self, raw)
    return replace(seen, status=Status.EXPIRED) if seen.recurring is Recurring.OFF else seen


WRONGS = [
    Wrong(WHOLE, "960 of 1000 are on no page", {"observe": first_page_alone}),
    Wrong(WHOLE, "are shown more than once", {"observe": last_again}),
    Wrong(WHOLE, "after 10,000 pages", {"observe": without_end}),
    Wrong(WHOLE, "what the account does not have", {"observe": phantom}),
    Wrong(WHOLE, "observe answers None", {"observe": answering(None)}),
    Wrong(ENGINE, "it was not read whole", {"observe": raising(ZeroDivisionError())}),
    Wrong(ENGINE, "unreadable: acme-77777", {"observe": phantom}),
    Wrong(ENGINE, "not all of them were read", {"observe": a_stranger_too}),
    Wrong(
        "test_an_account_without_subscriptions_is_an_empty_page",
        "an empty account shows subscriptions",
        {"observe": phantom},
    ),
    Wrong(ALIKE, "the list shows .*, get shows", {"observe": list_of_active}),
    Wrong(RENEWS, "it is shown as .*SUSPENDED", {"status": answering(Status.SUSPENDED)}),
    Wrong(RENEWS, "word for its status is empty", {"converted": seen_with(provider_status="")}),
    Wrong(RENEWS, "shown as busy", {"busy": answering("always")}),
    Wrong(RENEWS, "it shows no term", {"converted": seen_with(term=None)}),
    Wrong(RENEWS, "is not in its term", {"converted": old_term}),
    Wrong(RENEWS, "without a time zone: requested_at", {"converted": naive}),
    Wrong(RENEWS, "no way to end what renews", {"converted": seen_with(capabilities=Capabilities(frozenset()))}),
    Wrong(OFF, "it is shown as expired", {"status": answering(Status.EXPIRED)}),
    Wrong(OFF, "it is shown as .*ON", {"pair": answering((Recurring.ON, Cancel.NONE))}),
    Wrong(STOPS, "it is shown as expired", {"status": answering(Status.EXPIRED)}),
    Wrong(STOPS, "it is shown as .*NONE", {"pair": answering((Recurring.OFF, Cancel.NONE))}),
    Wrong(STOPS, "before its term ends", {"converted": early}),
    Wrong("test_one_that_is_over_is_shown_so", "it is shown as active", {"status": answering(Status.ACTIVE)}),
    Wrong("test_one_that_is_suspended_is_shown_so", "it is shown as active", {"status": answering(Status.ACTIVE)}),
    Wrong("test_one_that_the_vendor_works_on_is_busy", "not shown as busy", {"busy": answering(None)}),
    Wrong(BARRED, "these are not barred: .*cancel-now", {"barred": answering({})}),
    Wrong(
        BARRED,
        "they are barred as suspended",
        {"barred": answering(dict.fromkeys(INTENTS, Obstacle("suspended", "no")))},
    ),
    Wrong(UNKNOWN, "taken for active", {"status": answering(Status.ACTIVE)}),
    Wrong(UNKNOWN, "own word is lost", {"converted": seen_with(provider_status="")}),
    Wrong(UNREADABLE, "in the list it is None", {"observe": skipping_unreadable}),
    Wrong(UNREADABLE, "not read for its sake", {"observe": first_trouble}),
    Wrong(UNREADABLE, "it answered None", {"get": none_of_unreadable}),
    Wrong("test_an_id_that_nobody_has_is_none", "get of acme-99999 answers", {"get": any_id}),
    Wrong(NO_ID, r"get\('\.\./\.\.'\) answers Observed", {"get": any_id}, given={"id": "../.."}),
    Wrong(NO_ID, r"get\(''\) raised KeyError", {"get": raising(KeyError("id"))}, given={"id": ""}),
    Wrong(MOVES, "moves without a change", {"revision": moving}),
    Wrong(MOVES, "its revision is the same", {"revision": answering("v1")}),
    Wrong(ENDS, "a day before .* shown as ended", {"converted": ended_a_day_early}),
    Wrong(ENDS, "shown as living", {"status": answering(Status.ACTIVE)}),
    Wrong(ENDS, "it shows no term", {"converted": seen_with(term=None)}),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=str)
def test_the_suite_catches_what_is_wrong(wrong: Wrong) -> None:
    wrong.is_caught(Reading)


def test_every_fact_can_fail() -> None:
    assert unbroken(Reading, WRONGS) == set()


def test_pages_are_read_to_the_last() -> None:
    bench = a_bench()
    ids = bench.seed_many(3 * 40 + 1)
    assert {item.id for item in everything(Trial(bench).reader())} == set(ids)


def test_what_is_not_offered_is_skipped_by_its_reason() -> None:
    bench = a_bench()
    bench.provider.reader_type = type("Reader", (AcmeReader,), {"revision": answering(None)})  # type: ignore[attr-defined]
    with pytest.raises(pytest.skip.Exception, match="it shows no revision"):
        Reading().test_what_changes_outside_has_another_revision(Trial(bench))


def test_cases_that_are_not_offered_are_left_out_and_all_of_them_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = a_bench()
    seed = bench.seed

    def some(case: Case) -> str:
        if case is Case.OFF:
            raise NotOffered("no off")
        return seed(case)

    monkeypatch.setattr(bench, "seed", some)
    assert len(module._those_offered(Trial(bench), Case.OFF, Case.STOPPING)) == 1
    with pytest.raises(AssertionError, match="offers none of: off"):
        module._those_offered(Trial(bench), Case.OFF)


def test_the_verb_that_ends_is_the_cancellation_where_both_are_offered() -> None:
    bench = a_bench()
    trial = Trial(bench)
    seen = trial.get(trial.reader(), bench.seed(Case.RENEWING))
    assert end_of(seen) is Kind.CANCEL_AT_RENEWAL
    off = replace(seen, capabilities=Capabilities(frozenset({Kind.TURN_OFF})))
    assert end_of(off) is Kind.TURN_OFF
