from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.testing.conformance import Case, EmulatorBench, Mishap, NotOffered, Requests, Who
from reconciler.testing.emulators.faults import KINDS
from tests.builders import NOW
from tests.testing.conformance.acme import SETTINGS, AcmeEmulator, a_bench
from tests.testing.conformance.acme_provider import URL, AcmeProvider


def test_each_one_signs_in_with_secrets_and_an_identity_of_its_own() -> None:
    bench = a_bench()
    reader, writer = bench.opening(Who.READER), bench.opening(Who.WRITER)
    told = [opening.secret("token") for opening in (reader, writer)]
    assert [secret and secret.reveal() for secret in told] == ["sandbox-reader", "sandbox"]
    assert (reader.account.plan_as, writer.account.apply_as) == ("reader", "writer")
    assert reader.endpoint == writer.endpoint == URL


def test_a_stranger_is_who_may_write_and_another_tenant_is_pinned() -> None:
    bench = a_bench()
    stranger = bench.opening(Who.STRANGER)
    assert stranger.account.tenant == "acme-2"
    assert (secret := stranger.secret("token")) is not None
    assert secret.reveal() == "sandbox"


@pytest.mark.parametrize("who", [Who.STRANGER, Who.NOBODY, Who.EXPIRED], ids=str)
def test_who_has_no_secrets_is_not_offered(who: Who) -> None:
    bench = a_bench(pinned_elsewhere=None, secrets={})
    with pytest.raises(NotOffered, match=f"names no secrets for {who}"):
        bench.opening(who)


def test_a_bench_says_itself_how_it_is_seeded() -> None:
    bare = EmulatorBench(AcmeEmulator(now=NOW), URL, AcmeProvider(), SETTINGS, "acme-1")
    with pytest.raises(NotImplementedError):
        bare.seed(Case.RENEWING)
    with pytest.raises(NotOffered, match="somebody outside"):
        bare.change_outside("acme-1")


@pytest.mark.parametrize("mishap", Mishap, ids=str)
def test_every_mishap_is_a_fault_of_the_emulators(mishap: Mishap) -> None:
    bench = a_bench()
    bench.meet(mishap, Requests.GET, None)
    (fault,) = bench.emulator.faults.on()
    assert fault.kind in KINDS
    assert (fault.match, fault.times) == (bench.PATTERNS[Requests.GET], None)
    bench.clear()
    assert bench.emulator.faults.on() == []


def test_time_is_the_emulators() -> None:
    bench = a_bench()
    bench.advance(timedelta(hours=1))
    assert bench.now() == NOW + timedelta(hours=1) == bench.emulator.now()


def test_many_are_as_many_as_asked_for() -> None:
    assert len(a_bench().seed_many(17)) == 17


def test_a_mark_is_a_secret_unless_a_vendor_has_a_form_for_them() -> None:
    assert a_bench().marked("token", "canary") == "canary"
