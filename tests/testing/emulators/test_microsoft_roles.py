from __future__ import annotations

import pytest

from reconciler.testing.emulators import microsoft_roles as roles
from reconciler.testing.emulators.microsoft_wire import Refusal
from reconciler.testing.emulators.wire import Request


def asked(header: str | None) -> Request:
    return Request("GET", "/", headers={} if header is None else {"authorization": header})


def test_a_token_names_who_asks() -> None:
    assert roles.principal(asked("Bearer sandbox"), roles.PRINCIPALS).writes
    assert not roles.principal(asked("Bearer sandbox-reader"), roles.PRINCIPALS).writes


@pytest.mark.parametrize("header", [None, "", "Basic sandbox", "Bearer other", "Bearer sandbox-expired"])
def test_no_other_token_names_anybody(header: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        roles.principal(asked(header), roles.PRINCIPALS)
    assert caught.value.response.status == 401


def test_a_reader_may_do_less_in_every_list() -> None:
    owner, reader = roles.PRINCIPALS["sandbox"], roles.PRINCIPALS["sandbox-reader"]
    (may,), (less,) = roles.permissions(owner), roles.permissions(reader)
    assert set(less["actions"]) < set(may["actions"])
    described = {one["properties"]["roleName"]: one["properties"]["permissions"][0] for one in roles.definitions("1")}
    assert described["Billing account reader"] == less
    assert [one["properties"]["principalTenantId"] for one in roles.assignments("1", roles.PRINCIPALS, "t")] == [
        "t",
        "t",
    ]
    assert "does not have authorization" in str(roles.unauthorized(reader, "/1"))
