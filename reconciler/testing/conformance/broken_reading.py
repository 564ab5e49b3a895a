"""What a provider makes of answers that are wrong: trouble that says so, and never absence or a shorter list."""

from __future__ import annotations

import pytest

from reconciler.errors import Malformed, ProviderTrouble, Throttled, Unreachable
from reconciler.observed import Obstacle, Page
from reconciler.testing.conformance.bench import RETRY_AFTER, Case, Mishap, Requests, Who
from reconciler.testing.conformance.rehearsal import observed
from reconciler.testing.conformance.trial import Trial, must, shown, troubled

_TROUBLES: tuple[tuple[Mishap, tuple[type[ProviderTrouble], ...]], ...] = (
    (Mishap.THROTTLE, (Throttled,)),
    (Mishap.UNAVAILABLE, (Unreachable,)),
    (Mishap.DROP_BEFORE_COMMIT, (Unreachable,)),
    (Mishap.RESET_MID_BODY, (Unreachable, Malformed)),
    (Mishap.INVALID_JSON, (Malformed, Unreachable)),
    (Mishap.HUGE_BODY, (Malformed, Unreachable)),
)
_BROKEN = [pytest.param(mishap, kinds, id=mishap.value) for mishap, kinds in _TROUBLES]
_LISTS = [pytest.param(mishap, id=mishap.value) for mishap in (Mishap.HALF_PAGE, Mishap.EMPTY_LIST)]
REFUSED = "http://127.0.0.1:9"
"""An address on loopback where nobody answers: the port of a service that throws everything away, and runs nowhere."""


class BrokenReading:
    """Facts about reads that go wrong."""

    @pytest.mark.parametrize(("mishap", "kinds"), _BROKEN)
    def test_a_page_that_fails_is_no_short_page(
        self, trial: Trial, mishap: Mishap, kinds: tuple[type[ProviderTrouble], ...]
    ) -> None:
        """The trouble that it is: what may be asked again is Unreachable or Throttled, what may not is Malformed."""
        trial.seed(Case.RENEWING)
        reader = trial.reader()
        reader.check()
        trial.meet(mishap, Requests.LIST, None)
        troubled(lambda: _pages(trial), *kinds, doing=f"a page that meets {mishap}")

    @pytest.mark.parametrize(("mishap", "kinds"), _BROKEN)
    def test_a_read_that_fails_is_not_absence(
        self, trial: Trial, mishap: Mishap, kinds: tuple[type[ProviderTrouble], ...]
    ) -> None:
        """The same for one subscription: None would say that it is gone."""
        id = trial.seed(Case.RENEWING)
        reader = trial.reader()
        reader.check()
        trial.meet(mishap, Requests.GET, None)
        troubled(lambda: reader.get(id), *kinds, doing=f"get that meets {mishap}")

    @pytest.mark.parametrize("requests", [Requests.LIST, Requests.GET], ids=str)
    def test_a_throttled_read_says_when_to_come_back(self, trial: Trial, requests: Requests) -> None:
        """In seconds, as the vendor said: the engine waits for so long, and asks again."""
        id = trial.seed(Case.RENEWING)
        reader = trial.reader()
        reader.check()
        trial.meet(Mishap.THROTTLE, requests, None)
        ask = (lambda: _pages(trial)) if requests is Requests.LIST else (lambda: reader.get(id))
        trouble = troubled(ask, Throttled, doing=f"{requests}, throttled")
        after = trouble.retry_after if isinstance(trouble, Throttled) else None
        must(after == RETRY_AFTER, f"the vendor asks for {RETRY_AFTER} seconds, and retry_after is {after}")

    def test_the_404_of_somebody_in_between_is_not_absence(self, trial: Trial) -> None:
        """A proxy or a wrong path answers 404, too: only the vendor's own word is None."""
        id = trial.seed(Case.RENEWING)
        reader = trial.reader()
        trial.meet(Mishap.FOREIGN_404, Requests.GET, None)
        troubled(lambda: reader.get(id), ProviderTrouble, doing="a 404 that is not the vendor's")

    def test_an_empty_list_is_just_empty(self, trial: Trial) -> None:
        """A page without items, and nothing else is concluded from it; Malformed where the vendor's own count says
        that there is more.
        """
        trial.seed(Case.RENEWING)
        trial.meet(Mishap.EMPTY_LIST, Requests.LIST)
        try:
            page = _pages(trial)
        except Malformed:
            return
        except Exception as error:
            raise AssertionError(f"the list is empty, and observe raised {type(error).__name__}") from error
        must(page == Page(()), f"the list is empty, and the page is {shown(page)}")

    @pytest.mark.parametrize("mishap", _LISTS)
    def test_what_a_list_leaves_out_is_not_absent(self, trial: Trial, mishap: Mishap) -> None:
        """The engine asks for each declared one that is on no page: it is there, or the read is in trouble."""
        ids = {trial.seed(Case.RENEWING) for _ in range(4)}
        trial.meet(mishap, Requests.LIST)
        account = observed(trial, ids)
        must(not account.absent, f"{len(account.absent)} of {len(ids)} are taken for absent")
        known = account.trouble is not None or account.subscriptions.keys() | account.unreadable.keys() >= ids
        must(known, "some are neither seen nor in trouble")

    def test_a_list_that_leads_in_a_circle_ends(self, trial: Trial) -> None:
        """As trouble: what was read of it is not all there is."""
        ids = {trial.seed(Case.RENEWING) for _ in range(2)}
        trial.meet(Mishap.CURSOR_LOOP, Requests.LIST, None)
        account = observed(trial, ids)
        must(not account.complete, "a list that never ends is taken for a whole one")
        must(not account.absent, "what a circle does not show is taken for absent")

    def test_one_that_is_shown_twice_is_one(self, trial: Trial) -> None:
        """Or trouble; never a second subscription, and none is lost."""
        ids = {trial.seed(Case.RENEWING) for _ in range(3)}
        trial.meet(Mishap.DUPLICATE_ID, Requests.LIST)
        account = observed(trial, ids)
        must(not account.absent, "a list that shows one twice loses others")
        known = account.subscriptions.keys() | account.unreadable.keys()
        must(account.trouble is not None or known == ids, f"it shows {len(known)} of {len(ids)}")

    @pytest.mark.parametrize("mishap", [Mishap.THROTTLE, Mishap.UNAVAILABLE, Mishap.DROP_BEFORE_COMMIT], ids=str)
    def test_what_passes_is_asked_again_by_the_engine(self, trial: Trial, mishap: Mishap) -> None:
        """Once, and then it goes well: the whole account is read, for the provider says that it may be asked again."""
        ids = {trial.seed(Case.RENEWING) for _ in range(3)}
        trial.meet(mishap, Requests.LIST)
        account = observed(trial, ids)
        must(account.complete and account.subscriptions.keys() == ids, f"it was given up: {account.trouble}")

    def test_trouble_with_the_list_is_one_accounts_trouble(self, trial: Trial) -> None:
        """Through the engine it is a value with a code, and no exception: other accounts go on."""
        trial.seed(Case.RENEWING)
        trial.meet(Mishap.INVALID_JSON, Requests.LIST, None)
        account = observed(trial)
        must(isinstance(account.trouble or account.broken_off, Obstacle), "the account is taken for a readable one")
        must(not account.subscriptions and not account.complete, "something was read from an answer that is no JSON")

    def test_nobody_there_is_unreachable(self, trial: Trial) -> None:
        """A connection that is refused: Unreachable, for check, list and get."""
        id = trial.seed(Case.RENEWING)
        reader = trial.bench.provider.reader(trial.elsewhere(trial.opening(Who.WRITER), REFUSED))
        trial.opened.append(reader)
        troubled(reader.check, Unreachable, doing="check, nobody there")
        troubled(lambda: reader.observe(None), Unreachable, doing="observe, nobody there")
        troubled(lambda: reader.get(id), Unreachable, doing="get, nobody there")


def _pages(trial: Trial) -> Page:
    """All pages, read by somebody who has just come: the last one."""
    reader = trial.reader()
    page = reader.observe(None)
    while page.cursor is not None:
        page = reader.observe(page.cursor)
    return page
