"""Who is signed in where: what may not be done is said, and nothing of a provider's words can format or command."""

from __future__ import annotations

import orjson

from reconciler.answers import Identity, Role
from reconciler.observed import Obstacle
from reconciler.views.whoami import WhoamiEntry, whoami_json, whoami_text
from tests.views.cases import HOSTILE, NOW

READER = Identity(
    "reader@contoso.example",
    "7a1f",
    (("ba-1", "Contoso Ltd"), ("ba-2", "ba-2")),
    (
        Role("Billing account reader", "ba-1", ("turn recurring on or off", "cancel")),
        Role("Billing account owner", "ba-2"),
        Role("Guest", ""),
    ),
    ("roles of customers are not told",),
)
EXPIRED = Obstacle("sign-in-failed", "the secret has expired", "make a new one")


def test_each_account_is_told_with_who_it_is_and_what_they_may_not_do() -> None:
    entries = (
        WhoamiEntry("contoso", "microsoft", READER, pinned="7a1f"),
        WhoamiEntry("stripe-eu", "stripe", Identity("rk_ (restricted)"), pinned="acct_1"),
        WhoamiEntry("fabrikam", "partner-center", None, EXPIRED, "9c22"),
    )
    assert whoami_text(entries) == (
        "contoso    microsoft\n"
        "  signed in as  reader@contoso.example\n"
        "  tenant        7a1f, as the settings say\n"
        "  sees          Contoso Ltd (ba-1)\n"
        "                ba-2\n"
        "  role          Billing account reader at ba-1; may not turn recurring on or off and cancel\n"
        "                Billing account owner at ba-2\n"
        "                Guest\n"
        "  note          roles of customers are not told\n"
        "\n"
        "stripe-eu    stripe\n"
        "  signed in as  rk_ (restricted)\n"
        "  tenant        acct_1 by the settings\n"
        "\n"
        "fabrikam    partner-center\n"
        "  tenant        9c22 by the settings\n"
        "  sign-in-failed: the secret has expired\n"
        "  hint: make a new one\n"
        "\n"
        "3 accounts, 1 in trouble.\n"
    )


def test_an_account_of_ours_needs_no_sign_in() -> None:
    assert whoami_text([WhoamiEntry("books", "ledger")]) == (
        "books    ledger\n  its records are our own: it needs no sign-in\n\n1 account.\n"
    )


def test_another_tenant_than_the_settings_name_is_plain_to_see() -> None:
    other = whoami_text([WhoamiEntry("contoso", "microsoft", READER, pinned="9c22")])
    assert "  tenant        7a1f, and the settings say 9c22\n" in other
    loose = whoami_text([WhoamiEntry("contoso", "microsoft", READER)])
    assert "  tenant        7a1f, which the settings do not pin\n" in loose
    assert "tenant" not in whoami_text([WhoamiEntry("s", "stripe", Identity("key"))])
    assert whoami_text([WhoamiEntry("s", "stripe", None, Obstacle("unreachable", "no answer"))]) == (
        "s    stripe\n  unreachable: no answer\n\n1 account, 1 in trouble.\n"
    )


def test_of_thousands_of_customers_the_first_are_shown() -> None:
    many = Identity("partner", None, tuple((f"c-{number}", f"Customer {number}") for number in range(3000)))
    lines = whoami_text([WhoamiEntry("p", "partner-center", many)]).splitlines()
    assert lines[11] == "                Customer 9 (c-9)"
    assert lines[12] == "                and 2,990 more; --format json has them all"


def test_an_estate_without_providers_has_nowhere_to_sign_in() -> None:
    assert whoami_text(()) == "No account is with an outside provider: there is nowhere to sign in.\n"


def test_the_document_has_all_there_is() -> None:
    entries = [WhoamiEntry("contoso", "microsoft", READER, pinned="7a1f"), WhoamiEntry("f", "stripe", None, EXPIRED)]
    document = orjson.loads(whoami_json(entries, as_of=NOW))
    assert document["as_of"] == "2026-11-23T00:00:00Z"
    assert document["diagnostics"] == []
    assert document["accounts"] == [
        {
            "account": "contoso",
            "provider": "microsoft",
            "pinned": "7a1f",
            "identity": {
                "name": "reader@contoso.example",
                "tenant": "7a1f",
                "places": [{"id": "ba-1", "name": "Contoso Ltd"}, {"id": "ba-2", "name": "ba-2"}],
                "roles": [
                    {
                        "name": "Billing account reader",
                        "scope": "ba-1",
                        "lacks": ["turn recurring on or off", "cancel"],
                    },
                    {"name": "Billing account owner", "scope": "ba-2", "lacks": []},
                    {"name": "Guest", "scope": "", "lacks": []},
                ],
                "notes": ["roles of customers are not told"],
            },
            "trouble": None,
        },
        {
            "account": "f",
            "provider": "stripe",
            "pinned": None,
            "identity": None,
            "trouble": {"code": "sign-in-failed", "detail": "the secret has expired", "hint": "make a new one"},
        },
    ]
    assert orjson.loads(whoami_json([]))["as_of"] is None


def test_nothing_that_a_provider_says_can_hide_or_command() -> None:
    hostile = Identity(HOSTILE, HOSTILE, ((HOSTILE, HOSTILE),), (Role(HOSTILE, HOSTILE, (HOSTILE,)),), (HOSTILE,))
    entries = [WhoamiEntry("a", "stripe", hostile, Obstacle(HOSTILE, "::error::x", HOSTILE))]
    for text in (whoami_text(entries), whoami_text(entries, colour=False), whoami_json(entries).decode()):
        assert not any(char in text for char in "\x1b\x07\u202e\u200b")
        assert "##[" not in text
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
