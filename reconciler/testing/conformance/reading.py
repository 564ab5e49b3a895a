"""What a provider shows where nothing goes wrong: every page, every case in our words, and what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta

import pytest

from reconciler.changes import INTENTS
from reconciler.errors import Malformed, ProviderTrouble
from reconciler.model import Cancel, Recurring, Status, Term
from reconciler.observed import ObservedSubscription, Page, Unreadable
from reconciler.ports import Reader
from reconciler.testing.conformance.bench import Case, NotOffered, Who
from reconciler.testing.conformance.rehearsal import observed
from reconciler.testing.conformance.trial import Trial, end_of, must, offered, shown, troubled

MANY = 1000
"""Subscriptions of the estate that is read whole."""
_HOSTILE = ("", ".", "..", "../..", "a/b", "a b", "a?b=1", "a#b", "%2e%2e", "a\r\nb: c", "é", "x" * 5000)
"""What can be no vendor's id, and may stand in a spec all the same."""


class Reading:
    """Facts about `observe` and `get`."""

    def test_every_subscription_is_on_some_page(self, trial: Trial) -> None:
        """All of a thousand, each once, by the pages and their cursors alone; and the last page says that it is."""
        ids = trial.bench.seed_many(MANY)
        found = [item.id for item in everything(trial.reader())]
        twice = len(found) - len(set(found))
        must(not twice, f"{twice} of {len(found)} are shown more than once")
        missing = set(ids) - set(found)
        must(not missing, f"{len(missing)} of {len(ids)} are on no page, such as {min(missing, default='')}")
        must(set(found) == set(ids), "pages show what the account does not have")

    def test_the_engine_reads_the_whole_account(self, trial: Trial) -> None:
        """Through `outside.reading`: complete, nothing unreadable, nobody absent."""
        ids = trial.bench.seed_many(60)
        account = observed(trial, ids)
        must(account.trouble is None and account.complete, f"it was not read whole: {account.trouble}")
        must(not account.unreadable, f"shown as unreadable: {', '.join(sorted(account.unreadable))}")
        must(account.subscriptions.keys() == set(ids), "not all of them were read")

    def test_an_account_without_subscriptions_is_an_empty_page(self, trial: Trial) -> None:
        """No trouble, no items, no cursor that leads to more."""
        must(everything(trial.reader()) == [], "an empty account shows subscriptions")

    def test_a_list_shows_what_get_shows(self, trial: Trial) -> None:
        """Product, status, the pair and the term: what is planned by the one is judged by the other."""
        ids = {trial.seed(Case.RENEWING), *_those_offered(trial, Case.OFF, Case.STOPPING, Case.ENDED)}
        reader = trial.reader()
        listed = {item.id: item for item in everything(reader)}
        for id in sorted(ids):
            item, alone = listed[id], trial.get(reader, id)
            must(isinstance(item, ObservedSubscription), f"{id} is unreadable in the list, and not alone")
            if isinstance(item, ObservedSubscription):
                must(_core(item) == _core(alone), f"the list shows {_core(item)}, get shows {_core(alone)}")

    def test_one_that_renews_is_shown_so(self, trial: Trial) -> None:
        """Active, recurring on, nothing cancelled, in a term that holds the vendor's now; every instant is aware."""
        seen = trial.get(trial.reader(), trial.seed(Case.RENEWING))
        pair = (seen.status, seen.recurring, seen.cancellation)
        must(pair == (Status.ACTIVE, Recurring.ON, Cancel.NONE), f"it is shown as {pair}")
        must(seen.product and seen.provider_status, "its product or the vendor's own word for its status is empty")
        must(seen.busy is None, f"it is shown as busy: {seen.busy}")
        must(seen.term is not None, "it shows no term: without its end nothing can be planned")
        if seen.term is not None:
            inside = seen.term.start <= trial.bench.now() < seen.term.end
            must(inside, f"now, {trial.bench.now()}, is not in its term, {seen.term}")
        naive = [name for name, instant in _instants(seen) if instant.tzinfo is None]
        must(not naive, f"without a time zone: {', '.join(naive)}")
        must(end_of(seen), "it cannot be ended")

    def test_one_that_is_off_is_shown_so(self, trial: Trial) -> None:
        """Recurring off, and no cancellation: the vendor tells the two apart, or has this one alone."""
        seen = trial.get(trial.reader(), trial.seed(Case.OFF))
        must(not seen.status.ended, f"it is shown as {seen.status}")
        pair = (seen.recurring, seen.cancellation)
        must(pair == (Recurring.OFF, Cancel.NONE), f"it is shown as {pair}")

    def test_one_that_is_cancelled_at_its_renewal_is_shown_so(self, trial: Trial) -> None:
        """The cancellation stands, it lives, and what takes effect is not before the term's end."""
        seen = trial.get(trial.reader(), trial.seed(Case.STOPPING))
        must(not seen.status.ended, f"it is shown as {seen.status}")
        pair = (seen.recurring, seen.cancellation)
        must(pair == (Recurring.OFF, Cancel.AT_RENEWAL), f"it is shown as {pair}")
        early = seen.effective_at is not None and seen.term is not None and seen.effective_at < seen.term.end
        must(not early, f"it takes effect on {seen.effective_at}, before its term ends")

    def test_one_that_is_over_is_shown_so(self, trial: Trial) -> None:
        """Expired, disabled or deleted: what a plan asks of it is then to bring it back, and nothing else."""
        seen = trial.get(trial.reader(), trial.seed(Case.ENDED))
        must(seen.status.ended, f"it is shown as {seen.status}")

    def test_one_that_is_suspended_is_shown_so(self, trial: Trial) -> None:
        """Neither active nor ended."""
        seen = trial.get(trial.reader(), trial.seed(Case.SUSPENDED))
        must(seen.status is Status.SUSPENDED, f"it is shown as {seen.status}")

    def test_one_that_the_vendor_works_on_is_busy(self, trial: Trial) -> None:
        """In words, so that it is left for later."""
        seen = trial.get(trial.reader(), trial.seed(Case.BUSY))
        must(seen.busy, "it is not shown as busy")

    def test_one_that_somebody_else_decides_is_barred(self, trial: Trial) -> None:
        """Every verb, as managed-elsewhere, with what to do instead."""
        seen = trial.get(trial.reader(), trial.seed(Case.ELSEWHERE))
        open_verbs = INTENTS - seen.capabilities.barred.keys()
        must(not open_verbs, f"these are not barred: {', '.join(sorted(open_verbs))}")
        codes = {why.code for why in seen.capabilities.barred.values()}
        must(codes == {"managed-elsewhere"}, f"they are barred as {', '.join(sorted(codes))}")

    def test_a_status_that_nobody_knows_is_unknown(self, trial: Trial) -> None:
        """Never a guess; the vendor's own word is shown, and nothing is ever written to it."""
        seen = trial.get(trial.reader(), trial.seed(Case.UNKNOWN))
        must(seen.status is Status.UNKNOWN, f"a word that no document knows is taken for {seen.status}")
        must(seen.provider_status, "the vendor's own word is lost")

    def test_one_that_cannot_be_read_hides_no_other(self, trial: Trial) -> None:
        """Unreadable in the list, beside the others; asked for alone it is trouble, and not None."""
        id, other = trial.seed(Case.UNREADABLE), trial.seed(Case.RENEWING)
        reader = trial.reader()
        listed = {item.id: item for item in everything(reader)}
        must(isinstance(listed.get(id), Unreadable), f"in the list it is {shown(listed.get(id))}")
        must(isinstance(listed.get(other), ObservedSubscription), "another one is not read for its sake")
        troubled(lambda: reader.get(id), Malformed, ProviderTrouble, doing="get of an unreadable one")

    def test_an_id_that_nobody_has_is_none(self, trial: Trial) -> None:
        """None, on the vendor's own word; without it a declared subscription would be waited for in vain."""
        trial.seed(Case.RENEWING)
        seen = trial.reader().get(trial.bench.absent)
        must(seen is None, f"get of {trial.bench.absent} answers {shown(seen)}")

    @pytest.mark.parametrize("id", _HOSTILE, ids=[f"hostile-{number}" for number in range(len(_HOSTILE))])
    def test_what_can_be_no_id_leads_nowhere(self, trial: Trial, id: str) -> None:
        """None, or trouble; never another subscription, another path of the API, or an error of Python's."""
        trial.seed(Case.RENEWING)
        try:
            seen = trial.reader().get(id)
        except ProviderTrouble:
            return
        except Exception as error:
            raise AssertionError(f"get({id[:20]!r}) raised {type(error).__name__}") from error
        must(seen is None, f"get({id[:20]!r}) answers {shown(seen)}")

    def test_what_changes_outside_has_another_revision(self, trial: Trial) -> None:
        """Where the provider shows revisions at all."""
        id, reader = trial.seed(Case.RENEWING), trial.reader(Who.WRITER)
        before = trial.get(reader, id).revision
        if before is None:
            pytest.skip("not offered: it shows no revision")
        must(trial.get(reader, id).revision == before, "its revision moves without a change")
        offered(lambda: trial.bench.change_outside(id))
        must(trial.get(reader, id).revision != before, "it was changed outside, and its revision is the same")

    def test_what_is_to_end_ends_with_its_term_and_no_sooner(self, trial: Trial) -> None:
        """A day before its end it lives, a week after it has ended: what is shown is what the vendor does."""
        id = next(iter(_those_offered(trial, Case.STOPPING, Case.OFF)))
        reader = trial.reader()
        term = trial.get(reader, id).term
        if term is None:
            raise AssertionError("it shows no term")
        offered(lambda: trial.bench.advance(term.end - trial.bench.now() - timedelta(days=1)))
        must(not trial.get(reader, id).status.ended, "a day before the end of its term it is shown as ended")
        trial.bench.advance(timedelta(days=8))
        after = reader.get(id)
        must(after is None or after.status.ended, "a week after the end of its term it is shown as living")


def everything(reader: Reader) -> list[ObservedSubscription | Unreadable]:
    """What stands on the pages, from the first one on; fails where they do not end."""
    found: list[ObservedSubscription | Unreadable] = []
    cursor: str | None = None
    for _ in range(10_000):
        page = reader.observe(cursor)
        must(isinstance(page, Page), f"observe answers {shown(page)}")
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("after 10,000 pages there is still another one")


def _those_offered(trial: Trial, *cases: Case) -> list[str]:
    """One of each case that the vendor has."""
    found = []
    for case in cases:
        try:
            found.append(trial.bench.seed(case))
        except NotOffered:
            continue
    must(found, f"the bench offers none of: {', '.join(cases)}")
    return found


def _core(seen: ObservedSubscription) -> tuple[str, Status, Recurring, Cancel, Term | None]:
    return (seen.product, seen.status, seen.recurring, seen.cancellation, seen.term)


def _instants(seen: ObservedSubscription) -> Iterator[tuple[str, datetime]]:
    for item in fields(seen):
        value = getattr(seen, item.name)
        if isinstance(value, datetime):
            yield item.name, value
    if seen.term is not None:
        yield "term.start", seen.term.start
        yield "term.end", seen.term.end
