"""Where a PostgreSQL store is: its URL as libpq reads it, the schema in it, and a name for messages without a secret.

Must not connect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from reconciler.errors import UsageError

SCHEMA = "reconcile"
"""Where the tables are, where the URL does not say `?schema=NAME`."""
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
_HINT = (
    "write postgresql://user@host/database, with more hosts as host1,host2, libpq's parameters behind a ?,"
    " and schema=NAME for a schema other than `reconcile`"
)
_DEFAULTS = {
    "application_name": "reconcile",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""Where neither URL, environment nor service says another: a host that is gone is noticed within a minute."""


@dataclass(frozen=True, slots=True)
class Address:
    """A store's place on a server."""

    name: str
    """As messages name it: hosts and database, never a user's password."""
    schema: str
    parameters: dict[str, str] = field(repr=False)
    """For libpq; a password may be among them."""

    def scrubbed(self, text: str) -> str:
        """A text of the server's or the driver's, on one line and without the password that we were given."""
        for secret in (self.parameters.get("password"), self.parameters.get("sslpassword")):
            if secret:
                text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
        return " ".join(text.split())


def address_of(url: str) -> Address:
    """What such a URL says; UsageError `bad-store-url`, which quotes nothing of it."""
    try:
        base, mark, query = url.partition("?")
        schemas = [value for key, value in parse_qsl(query, keep_blank_values=True) if key == "schema"] or [SCHEMA]
        # libpq knows no schema; every other parameter stays as it was written, for it has its own way to read it.
        rest = "&".join(one for one in query.split("&") if not one.startswith("schema="))
        given = conninfo_to_dict(f"{base}{mark if rest else ''}{rest}")
    except (ValueError, psycopg.Error):
        raise UsageError("bad-store-url", "the store's URL cannot be read", _HINT) from None
    if len(schemas) != 1 or not _SCHEMA.fullmatch(schemas[0]) or schemas[0].startswith("pg_"):
        hint = "small letters, digits and underscores, at most 63, and a letter first"
        raise UsageError("bad-store-url", "the schema in the store's URL is no name for one", hint)
    parameters = {key: str(value) for key, value in given.items() if value is not None}
    if _misread(parameters):
        raise UsageError("bad-store-url", "the store's URL cannot be read", _HINT)
    return Address(_name(parameters, schemas[0]), schemas[0], {**_unsaid(parameters), **parameters})


def _misread(parameters: dict[str, str]) -> bool:
    """Where a password holds what should have been escaped, libpq takes a part of it for a port or a database."""
    ports = parameters.get("port", "").split(",")
    shown = parameters.get("host", "") + parameters.get("dbname", "")
    return "@" in shown or not all(port.isascii() and (port.isdigit() or not port) for port in ports)


def _unsaid(parameters: dict[str, str]) -> dict[str, str]:
    # A service's own values would stand behind ours.
    return {} if "service" in parameters else _DEFAULTS


def _name(parameters: dict[str, str], schema: str) -> str:
    hosts = parameters.get("host") or parameters.get("hostaddr") or ""
    ports = parameters.get("port", "").split(",")
    if hosts.startswith("/"):
        hosts = quote(hosts, safe="")
    elif len(ports) == 1 and ports[0]:
        hosts = ",".join(f"{host}:{ports[0]}" for host in hosts.split(","))
    elif len(ports) == len(hosts.split(",")):
        hosts = ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts.split(","), ports, strict=True))
    said = [f"schema={schema}"] if schema != SCHEMA else []
    said += [f"service={parameters['service']}"] if "service" in parameters else []
    return f"postgresql://{hosts}/{parameters.get('dbname', '')}" + (f"?{'&'.join(said)}" if said else "")
