"""One outside account in memory: its specs are loaded for real, its records and what it shows are set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.accepting.compose import Acceptance, Files, acceptance
from reconciler.accepting.judging import Surroundings
from reconciler.accepting.replies import Reply
from reconciler.build import build_plan
from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.identity import Records
from reconciler.model import Cancel, Recurring, StoredSubscription, SubscriptionKey
from reconciler.observed import Abroad, ObservedAccount, ObservedState, ObservedSubscription
from reconciler.plan import Plan
from reconciler.rulebook import Rulebook
from reconciler.settings import AccountSettings, Settings
from reconciler.spec import load_specs
from tests.builders import NOW, a_seen, a_stored
from tests.estates import BINDINGS, a_stored_state

FILE = "specs/contoso.yaml"
HEAD = "version: 1\naccount: contoso\nsubscriptions:\n"
SETTINGS = Settings(accounts={"contoso": AccountSettings("contoso", "stripe"), "own": AccountSettings("own")})
ON, OFF = Recurring.ON, Recurring.OFF
RENEWS: Mapping[str, Any] = {"recurring": ON, "cancellation": Cancel.NONE}
STOPS: Mapping[str, Any] = {"recurring": OFF, "cancellation": Cancel.NONE}
CANCELLED: Mapping[str, Any] = {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL}


def loaded(texts: Mapping[str, str]) -> DesiredState:
    """The specs that these files hold."""
    files = tuple(SpecText(origin, text) for origin, text in texts.items())
    return load_specs(SpecTexts(files, (), ""), SETTINGS, frozenset({"ledger", "stripe"}))


def key_of(name: str) -> SubscriptionKey:
    """Of the one account."""
    return SubscriptionKey("contoso", name)


@dataclass
class Estate:
    """Its records, and what its provider shows."""

    texts: dict[str, str]
    rows: dict[str, StoredSubscription] = field(default_factory=dict)
    shown: dict[str, ObservedSubscription] = field(default_factory=dict)
    now: datetime = NOW
    known: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)

    def has(self, name: str, id: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Estate:
        """One that was as `before`, and that is shown as `after` now."""
        self.rows[name] = a_stored(f"contoso/{name}", id=id, declared=True, **before)
        self.shown[id] = a_seen(id, **after)
        return self

    @property
    def observed(self) -> ObservedState:
        """What was seen of it."""
        account = ObservedAccount("contoso", self.now, self.shown)
        return ObservedState({"contoso": replace(account, **self.known)})

    def around(self) -> Surroundings:
        """What its subscriptions are judged by."""
        desired = loaded(self.texts)
        assert not desired.has_errors, desired.diagnostics
        stored = a_stored_state(*self.rows.values(), **self.stored)
        return Surroundings(self.now, desired, stored, self.observed, Records(desired, stored))

    def accepted(self, *names: str, load: Any = None, **files: Any) -> Acceptance:
        """What is said of these, and what is to be written."""
        read = load or (lambda texts: loaded({**self.texts, **texts}))
        return acceptance(map(key_of, names), self.around(), Files(self.texts, **files), read)

    def said(self, name: str) -> Reply:
        """What is said of one."""
        (reply,) = self.accepted(name).replies
        return reply

    def write(self, found: Acceptance) -> None:
        """Put the new texts in place."""
        for origin, (was, text) in found.files.items():
            assert self.texts[origin] == was
            self.texts[origin] = text

    def plan(self) -> Plan:
        """What an apply would do now."""
        around = self.around()
        rules = Rulebook(outside=frozenset({"contoso"}))
        abroad = Abroad(self.observed)
        return build_plan(around.desired, around.stored, self.now, BINDINGS, rules, abroad=abroad)


def an_estate(own: str, before: Mapping[str, Any] = RENEWS, after: Mapping[str, Any] = STOPS, head: str = "") -> Estate:
    """One subscription with these own keys beside its id, indented as they are to stand."""
    text = HEAD.replace("subscriptions", f"{head}subscriptions")
    return Estate({FILE: f"{text}  visio:\n    id: s1\n{own}"}).has("visio", "s1", before, after)
