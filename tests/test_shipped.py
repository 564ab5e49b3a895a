"""The policies that ship, value by value: what each source says, taken from it by hand, against what is read.

The name of every row is the source that it was taken from.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from reconciler.changes import INTENTS
from reconciler.diagnostics import Diagnostics, Location
from reconciler.policy import Dated, Extension, Lifecycle, Reactivation, RefundRule, SeatLimit, Since, Window
from reconciler.shipped import lifecycle_text
from reconciler.spec.lifecycles import read_lifecycles
from reconciler.spec.policies import MATTERS
from reconciler.spec.positions import Document
from reconciler.spec.schema import spec_schema
from reconciler.spec.trusted import SHIPPED
from reconciler.spec.validate import Checked
from tests.conftest import REPOSITORY
from tests.spec.reading import parsed

SETTINGS: Final = Document("reconcile.yaml", "")


@cache
def lifecycle(name: str) -> Lifecycle:
    """A policy that ships, read without any finding."""
    found = Diagnostics()
    read = read_lifecycles([(name, Location("reconcile.yaml"))], {}, lifecycle_text, SETTINGS, Checked(None), found)
    assert list(found) == []
    return read[name]


LONG_AGO, NOW = "2020-06-30", "2026-11-23"
ANY_TIME, NEVER = Window(None), Window(timedelta(0))
ANY_SEATS = SeatLimit(None)
PRORATED = RefundRule.PRORATED
NO_EXTENSION = Extension(when_off=False)
ALL_BUT_THE_ID = Reactivation(expired=True, disabled=True, cancelled=True, same_id=None)
NOBODY_KNOWS = Reactivation(expired=None, disabled=None, cancelled=None, same_id=None)


def within(length: timedelta, since: Since = Since.RENEWAL) -> Window:
    """A window of that length."""
    return Window(length, since)


HOURS_72, DAYS_7 = timedelta(hours=72), timedelta(days=7)

# Matter, day, first day of the term where it matters, value, and words of the source that the row was taken from.
Row = tuple[str, str, str | None, object, str]

EXPIRES, CANCEL, STATES, EST = (
    "what-if-my-subscription-expires.md, dated 2025-02-06",
    "cancel-your-subscription.md, dated 2024-09-10",
    '"Subscription lifecycle states", Partner Center documentation, dated 2023-08-04',
    "partner-center/customers/extended-service-terms",
)

CLASSIC: tuple[Row, ...] = (
    ("expired", LONG_AGO, None, 30, EXPIRES),
    ("expired", NOW, None, 30, EXPIRES),
    ("disabled", LONG_AGO, None, 90, EXPIRES),
    ("disabled", NOW, None, 90, EXPIRES),
    ("disabled_after_cancel_now", NOW, None, 90, "commit 045e9e1d of about 2020"),
    ("deletion", NOW, None, 180, CANCEL),
    ("window", "2022-03-11", None, within(HOURS_72), "channelweb.co.uk, 2022-03-18"),
    ("window", "2022-03-12", None, within(DAYS_7), "crn.com, 2022-03-18"),
    ("window", NOW, None, within(DAYS_7), "dated 2024-09-10"),
    ("seats", NOW, None, ANY_SEATS, CANCEL),
    ("refund", NOW, None, PRORATED, CANCEL),
    ("reactivation", NOW, None, ALL_BUT_THE_ID, EXPIRES),
    ("extension", NOW, None, NO_EXTENSION, "A decision"),
)
CUSTOMER_AGREEMENT: tuple[Row, ...] = (
    ("expired", "2026-02-08", "2025-02-08", 30, EXPIRES),
    ("expired", "2026-02-09", "2025-02-09", 0, "MC1216259 (2026-01-09)"),
    ("disabled", "2026-02-08", None, 90, EXPIRES),
    ("disabled", NOW, None, 90, "MC1216259, 2026-01-09"),
    ("disabled_after_cancel_now", NOW, None, 90, EXPIRES),
    ("deletion", NOW, None, 180, CANCEL),
    ("window", "2022-02-01", None, within(HOURS_72, Since.START), "docs.microsoft.com, a copy of 2022"),
    ("window", "2023-01-01", None, None, "looked for and not found"),
    ("window", "2024-09-10", None, within(DAYS_7), CANCEL),
    ("window", NOW, None, within(DAYS_7), CANCEL),
    ("seats", NOW, None, ANY_SEATS, CANCEL),
    ("refund", NOW, None, PRORATED, CANCEL),
    (
        "reactivation",
        "2026-02-08",
        None,
        Reactivation(expired=True, disabled=True, cancelled=True, same_id=False),
        '"Reactivate your subscription in the Microsoft 365 admin center" (2024-07-22)',
    ),
    (
        "reactivation",
        "2026-02-09",
        None,
        Reactivation(expired=True, disabled=True, cancelled=None, same_id=False),
        "for partners it cannot",
    ),
    ("extension", "2026-02-08", None, NO_EXTENSION, "MC1216259, 2026-01-09"),
    ("extension", "2026-02-09", None, Extension(when_off=None, surcharge_percent=3, otherwise_percent=23), EST),
)
ONLINE_SERVICES: tuple[Row, ...] = (
    ("expired", LONG_AGO, None, 30, EXPIRES),
    ("expired", NOW, None, 30, "for customer agreements alone"),
    ("disabled", NOW, None, 90, EXPIRES),
    ("disabled_after_cancel_now", NOW, None, 90, "commit 045e9e1d of about 2020"),
    ("deletion", NOW, None, 180, CANCEL),
    ("window", NOW, None, ANY_TIME, CANCEL),
    ("seats", NOW, None, SeatLimit(25), CANCEL),
    ("refund", NOW, None, PRORATED, CANCEL),
    ("reactivation", NOW, None, ALL_BUT_THE_ID, "reactivate-your-subscription.md, dated 2024-07-22"),
    ("extension", NOW, None, NO_EXTENSION, "extend-your-subscription-with-est, 2026"),
)
PARTNER: tuple[Row, ...] = (
    ("expired", "2026-05-03", "2025-05-03", 30, STATES),
    ("expired", "2026-05-04", "2025-05-04", 0, EST),
    ("expired", "2026-05-04", "2025-04-01", 0, EST),
    ("expired", "2026-05-04", "2025-03-31", 30, STATES),
    ("expired", "2028-03-30", "2025-03-31", 30, STATES),
    ("disabled", NOW, None, 90, STATES),
    ("disabled_after_cancel_now", NOW, None, 0, STATES),
    ("deletion", NOW, None, 7, STATES),
    ("window", "2022-03-11", None, within(HOURS_72), "channelweb.co.uk, 2022-03-18"),
    ("window", "2022-03-12", None, within(DAYS_7), "crn.com, 2022-03-18"),
    ("window", NOW, None, within(DAYS_7), "new-commerce-cancellation-policy"),
    ("seats", NOW, None, ANY_SEATS, "new-commerce-cancellation-policy"),
    ("refund", NOW, None, PRORATED, "new-commerce-cancellation-policy"),
    ("reactivation", NOW, None, Reactivation(expired=False, disabled=False, cancelled=False), STATES),
    ("extension", "2026-05-03", "2025-05-03", NO_EXTENSION, EST),
    ("extension", "2026-05-04", "2025-03-31", NO_EXTENSION, EST),
    (
        "extension",
        "2026-05-04",
        "2025-04-01",
        Extension(when_off=True, surcharge_percent=3, otherwise_percent=23),
        "docs.cloudblue.com",
    ),
)
ENTERPRISE: tuple[Row, ...] = (
    ("expired", LONG_AGO, None, 90, EXPIRES),
    ("expired", NOW, None, 90, EXPIRES),
    ("disabled", NOW, None, 90, EXPIRES),
    ("disabled_after_cancel_now", NOW, None, None, "Looked for"),
    ("deletion", NOW, None, 180, "The data protection addendum"),
    ("window", NOW, None, None, "Looked for"),
    ("seats", NOW, None, None, "Looked for"),
    ("refund", NOW, None, None, "Looked for"),
    ("reactivation", NOW, None, Reactivation(expired=True, disabled=True, cancelled=None), EXPIRES),
    ("extension", NOW, None, NO_EXTENSION, "MC1216259"),
)
TRIAL: tuple[Row, ...] = (
    ("expired", NOW, None, 30, EXPIRES),
    ("disabled", NOW, None, 0, EXPIRES),
    ("disabled_after_cancel_now", NOW, None, None, "Looked for"),
    ("deletion", NOW, None, 0, EXPIRES),
    ("window", NOW, None, None, "Looked for"),
    ("seats", NOW, None, None, "Looked for"),
    ("refund", NOW, None, RefundRule.NONE, "Partner Center documentation, dated 2022-09-09"),
    ("reactivation", NOW, None, NOBODY_KNOWS, "Looked for"),
    ("extension", NOW, None, NO_EXTENSION, "dated 2024-09-10"),
)
PLAIN: tuple[Row, ...] = (
    ("expired", NOW, None, 0, "A decision"),
    ("disabled", NOW, None, None, "No vendor is meant"),
    ("disabled_after_cancel_now", NOW, None, None, "No vendor is meant"),
    ("deletion", NOW, None, None, "No vendor is meant"),
    ("window", NOW, None, None, "No vendor is meant"),
    ("seats", NOW, None, None, "No vendor is meant"),
    ("refund", NOW, None, None, "No vendor is meant"),
    ("reactivation", NOW, None, NOBODY_KNOWS, "No vendor is meant"),
    ("extension", NOW, None, NO_EXTENSION, "A decision"),
)
TABLES: Final = dict(
    zip(
        SHIPPED,
        (CLASSIC, CUSTOMER_AGREEMENT, ONLINE_SERVICES, PARTNER, ENTERPRISE, TRIAL, PLAIN),
        strict=True,
    )
)


ROWS: Final = [(name, row) for name, table in TABLES.items() for row in table]


def named(name: str, row: Row) -> str:
    """A row by what it was taken from."""
    matter, day, start, _, source = row
    term = f" of a term from {start}" if start else ""
    return f"{name}: {matter} {day}{term}: {source}"


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[named(name, row) for name, row in ROWS])
def test_a_policy_says_what_its_source_says(name: str, row: Row) -> None:
    matter, day, start, value, source = row
    dated: Dated[Any] = getattr(lifecycle(name), matter)
    rule = dated.rule_at(date.fromisoformat(day), date.fromisoformat(start) if start else None)
    assert rule is not None
    assert rule.value == value
    assert source in rule.source


@pytest.mark.parametrize("name", SHIPPED)
def test_every_rule_of_a_policy_is_in_its_table(name: str) -> None:
    tried = set()
    for matter, day, start, _, _ in TABLES[name]:
        dated: Dated[Any] = getattr(lifecycle(name), matter)
        rule = dated.rule_at(date.fromisoformat(day), date.fromisoformat(start) if start else None)
        assert rule is not None
        tried.add((matter, rule.effective_from))
    assert tried == {
        (matter, rule.effective_from) for matter in MATTERS for rule in getattr(lifecycle(name), matter).rules
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_a_policy_has_its_name_and_speaks_of_verbs_that_there_are(name: str) -> None:
    policy = lifecycle(name)
    assert policy.name == name
    assert policy.summary.endswith(".")
    assert set(policy.side_effects) <= {kind.value for kind in INTENTS}
    told = [text for dated in policy.side_effects.values() for rule in dated.rules for text in rule.value or ()]
    assert all(text.endswith(".") and len(text) <= 110 for text in told)


@pytest.mark.parametrize(
    ("name", "verb", "day", "start", "words"),
    [
        pytest.param("classic", "turn-off-recurring", NOW, NOW, "scheduled for the renewal", id="renew, 2024-07-22"),
        pytest.param("classic", "turn-off-recurring", NOW, NOW, "paid by the month", id="cancel, 2024-09-10"),
        pytest.param("classic", "cancel-now", NOW, NOW, "domain of your own", id="cancel, 2024-09-10, domain"),
        pytest.param("classic", "cancel-now", NOW, NOW, "save their files", id="cancel, 2024-09-10, data"),
        pytest.param(
            "microsoft-customer-agreement", "reactivate", NOW, NOW, "new subscription", id="reactivate, 2024-07-22"
        ),
        pytest.param("microsoft-online-services", "reactivate", NOW, NOW, "payment method", id="reactivate, MOSA"),
        pytest.param(
            "microsoft-partner", "cancel-now", NOW, NOW, "deleted directly", id="lifecycle states, 2023-08-04"
        ),
        pytest.param("microsoft-partner", "turn-off-recurring", NOW, "2025-04-01", "cannot be changed", id="MC1216259"),
        pytest.param("microsoft-trial", "turn-on-recurring", NOW, NOW, "becomes a paid", id="trials, 2022-09-09"),
    ],
)
def test_side_effects_are_told_in_words(name: str, verb: str, day: str, start: str, words: str) -> None:
    told = lifecycle(name).side_effects[verb].at(date.fromisoformat(day), date.fromisoformat(start))
    assert told is not None
    assert sum(words in text for text in told) == 1


def test_an_older_term_bought_through_a_partner_is_told_nothing_of_the_extension() -> None:
    told = lifecycle("microsoft-partner").side_effects["turn-off-recurring"].at(date(2026, 5, 4), date(2025, 3, 31))
    assert told is not None
    assert not any("extended" in text for text in told)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_policy_file_is_as_the_published_schema_says(name: str) -> None:
    schema = Draft202012Validator(spec_schema("lifecycle"), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in schema.iter_errors(parsed(lifecycle_text(name).text).data)] == []


def test_there_is_a_file_for_each_name_and_no_other() -> None:
    folder = REPOSITORY / "reconciler" / "data" / "lifecycles"
    assert {path.name for path in folder.iterdir()} == {f"{name}.yaml" for name in SHIPPED}


def test_a_text_is_shown_as_the_file_that_it_is() -> None:
    assert (REPOSITORY / lifecycle_text("plain").origin).read_text("utf-8") == lifecycle_text("plain").text
