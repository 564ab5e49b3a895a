"""A URL is read as libpq reads it, and named without what is nobody's business."""

from __future__ import annotations

import pytest

from reconciler.errors import UsageError
from reconciler.stores.postgres.address import address_of

SECRET = "hunter2 & co"
QUOTED = "hunter2%20%26%20co"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("postgresql://db.example/estate", "postgresql://db.example/estate", id="host and database"),
        pytest.param(f"postgresql://u:{QUOTED}@a:1,b:2/e", "postgresql://a:1,b:2/e", id="hosts and a password"),
        pytest.param("postgresql://u@a,b:2/e", "postgresql://a,b:2/e", id="a port for one of two"),
        pytest.param("postgresql://a/e?schema=team_a", "postgresql://a/e?schema=team_a", id="another schema"),
        pytest.param("postgresql://a/e?schema=reconcile", "postgresql://a/e", id="the usual schema"),
        pytest.param("postgresql:///e?host=/run/pg", "postgresql://%2Frun%2Fpg/e", id="a socket"),
        pytest.param("postgresql:///?service=prod", "postgresql:///?service=prod", id="a service"),
        pytest.param(f"postgresql://a/e?password={QUOTED}", "postgresql://a/e", id="a password behind"),
    ],
)
def test_a_store_is_named_by_hosts_database_and_schema(url: str, name: str) -> None:
    found = address_of(url)
    assert found.name == name
    assert "hunter2" not in repr(found)


def test_what_libpq_knows_is_handed_on_and_what_nobody_said_is_bounded() -> None:
    found = address_of("postgresql://a/e?sslmode=verify-full&connect_timeout=3&target_session_attrs=prefer-standby")
    said = found.parameters
    assert (said["sslmode"], said["connect_timeout"], said["application_name"]) == ("verify-full", "3", "reconcile")
    assert said["target_session_attrs"] == "prefer-standby"
    assert "connect_timeout" not in address_of("postgresql:///?service=prod").parameters


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"postgresql://u:{QUOTED}@host:no-port/db", id="no port"),
        pytest.param("postgresql://u:hunter2/7@host/db", id="a slash in a password"),
        pytest.param("postgresql://u:7/hunter2@host/db", id="a password that begins like a port"),
        pytest.param(f"postgresql://u:{QUOTED}@host/db?nonsense=1", id="no parameter of libpq"),
        pytest.param(f"postgresql://u:{QUOTED}@[::1/db", id="half an address"),
        pytest.param(f"postgresql://u:{QUOTED}@host/db?schema=Team", id="a schema with a capital"),
        pytest.param(f"postgresql://u:{QUOTED}@host/db?schema=pg_team", id="the server's own schema"),
        pytest.param(f"postgresql://u:{QUOTED}@host/db?schema=a&schema=b", id="two schemas"),
        pytest.param(f"postgresql://u:{QUOTED}@host/db?schema=a;drop", id="a schema that is a statement"),
        pytest.param(f"postgresql://u:{QUOTED}@host/db?schema=", id="no schema"),
    ],
)
def test_a_url_that_cannot_be_read_is_not_quoted(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        address_of(url)
    assert refused.value.code == "bad-store-url"
    assert "hunter2" not in f"{refused.value.message}{refused.value.hint}{refused.value.__cause__}"


def test_a_password_is_taken_out_of_what_a_server_says() -> None:
    found = address_of(f"postgresql://u:{QUOTED}@a/e")
    assert found.scrubbed(f"no {SECRET}\n here, nor {QUOTED}") == "no *** here, nor ***"
