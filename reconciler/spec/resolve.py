"""Subscriptions, one after the other, with their layers folded: what each comes to, and what is wrong between them.

Pure. A mistake is told once, where it was made; what was complained about already is not missing as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.diagnostics import Diagnostics, Place, error, warning
from reconciler.model import DesiredSubscription, Facts, SubscriptionKey
from reconciler.remake import Remake
from reconciler.settings import OURS, AccountSettings
from reconciler.spec.characters import escaped
from reconciler.spec.layers import FieldPlaces, LayerReader
from reconciler.spec.models import SpecsFile, SubscriptionBlock
from reconciler.spec.positions import Document, SpecPlace
from reconciler.spec.schedule import decision_of, schedule_of
from reconciler.spec.stacks import Stack
from reconciler.spec.validate import Checked

_REQUIRED: Final = ("product", "term", "start")
_NO_FACTS: Final = Facts()
_Filled: Final = Remake(DesiredSubscription).filled  # a load makes one of each subscription


_NEVER_TWICE: Final = OURS | {"microsoft", "partner-center", "stripe"}
"""Providers of which no two customers have the same id: there, one that is declared twice was copied by mistake."""


def whose_ids(account: AccountSettings) -> tuple[object, ...]:
    """Within what an id names one subscription: all of a provider, or else the place that tenant and options name."""
    if account.provider in _NEVER_TWICE:
        return (account.provider,)
    return account.provider, account.tenant, tuple(sorted(account.options.items()))


@dataclass(frozen=True, slots=True)
class SpecFile:
    """One file of subscriptions, and what it stands under."""

    document: Document
    checked: Checked[SpecsFile]
    account: AccountSettings | None
    """None: it could not be told, and its subscriptions are only judged."""
    stack: Stack


@dataclass(slots=True)
class Estate:
    """All subscriptions resolved so far, and what is known of them for the duplicates."""

    found: Diagnostics
    layers: LayerReader
    subscriptions: dict[SubscriptionKey, DesiredSubscription] = field(default_factory=dict)
    _ids: dict[tuple[object, ...], DesiredSubscription] = field(default_factory=dict)
    _renamed: dict[SubscriptionKey, DesiredSubscription] = field(default_factory=dict)
    _told: set[Place] = field(default_factory=set)

    def resolve(self, file: SpecFile, name: str, block: SubscriptionBlock) -> None:
        """Fold one subscription's layers, judge what they come to, and take it in."""
        document, account = file.document, file.account
        own = self.layers.own(block, document, ("subscriptions", name))
        key = SubscriptionKey("" if account is None else account.name, name)
        inherited, base = file.stack.inherited(key, own)
        folded = base.under(own)
        schedule, decided = block.schedule, block.decided
        own_only = (block.id is not None, block.previously is not None, schedule is not None, decided is not None)
        fields = FieldPlaces(inherited, own, own_only)
        facts = folded.facts or _NO_FACTS
        if facts.billing is not None and facts.term is not None and facts.billing.months > facts.term.months:
            self._billing(facts, fields["billing"], name)
        if own.reason is not None and folded.pair is None and not file.checked.broken:
            hint = "say what for: add 'recurring' or 'cancel'"
            if schedule is not None:
                hint = f"{hint}; an entry of the schedule has a 'reason' of its own"
            self.found.add(warning("unused-reason", "a reason for nothing", own.place_of("reason"), hint=hint))
        made: Any = _Filled(
            key,
            SpecPlace(document, own.path, True),
            facts,
            folded.pair,
            block.id,
            block.previously,
            folded.owner,
            folded.labels,
            folded.protect,
            own.protect is not None,
            () if schedule is None else schedule_of(schedule, self.layers, document, own.path),
            None if decided is None else decision_of(decided, self.layers, document, own.path),
            fields,
        )
        made.__class__ = DesiredSubscription
        wanted: DesiredSubscription = made
        if account is not None:
            self._need(wanted, file, account)
            self._enter(wanted, account)

    def _billing(self, facts: Facts, place: Place, name: str) -> None:
        if place in self._told:
            return  # inherited by many, told once
        self._told.add(place)
        detail = f"billing {facts.billing}, term {facts.term}, for '{name}'"
        summary = "a billing cycle longer than the term"
        hint = "charge it once a term, or more often"
        self.found.add(error("billing-longer-than-term", summary, place, detail=detail, hint=hint))

    def _need(self, wanted: DesiredSubscription, file: SpecFile, account: AccountSettings) -> None:
        """What an account's provider cannot do without: facts where the records are ours, an id outside."""
        facts, name = wanted.facts, wanted.key.name
        if account.outside:
            if wanted.id is None and not file.checked.is_broken("subscriptions", name, "id"):
                hint = f"add 'id': the one by which {account.provider} knows it"
                self.found.add(error("missing-id", "a subscription without its provider's id", wanted.place, hint=hint))
            return
        if facts.product is not None and facts.term is not None and facts.start is not None:
            return
        missing = [fact for fact in _REQUIRED if getattr(facts, fact) is None and self._unsaid(fact, wanted, file)]
        if missing and file.stack.sure:
            names = ", ".join(f"'{fact}'" for fact in missing)
            hint = f"a {account.provider} account's record is made of its facts: add them here, or to defaults"
            self.found.add(error("missing-fact", "missing facts", wanted.place, detail=names, hint=hint))

    def _unsaid(self, fact: str, wanted: DesiredSubscription, file: SpecFile) -> bool:
        """Whether no layer says this fact, not even in a way that was complained about."""
        fields = wanted.fields
        if fact == "start" and isinstance(fields, FieldPlaces) and self.layers.start_was_told(fields.layers):
            return False
        return not (
            file.checked.is_broken("subscriptions", wanted.key.name, "facts", fact)
            or file.checked.is_broken("defaults", "facts", fact)
        )

    def _enter(self, wanted: DesiredSubscription, account: AccountSettings) -> None:
        first = self.subscriptions.setdefault(wanted.key, wanted)
        if first is not wanted:
            hint = "give one of them another name"
            summary, what = "a name declared twice", str(wanted.key)
            self._twice("duplicate-subscription", summary, what, wanted.place, first.place, hint)
            return
        if wanted.id is not None:
            first = self._ids.setdefault((wanted.id, *whose_ids(account)), wanted)
            if first is not wanted:
                hint = "one subscription of the provider is declared once; take one of them out"
                there, here = first.fields["id"], wanted.fields["id"]
                self._twice("duplicate-id", "a provider's id declared twice", wanted.id, here, there, hint)
        if wanted.previously is not None:
            self._rename(wanted, SubscriptionKey(account.name, wanted.previously))

    def _rename(self, wanted: DesiredSubscription, former: SubscriptionKey) -> None:
        place = wanted.fields["previously"]
        if former == wanted.key:
            hint = "take 'previously' out, or name what it was called before"
            self.found.add(error("previously-itself", "a subscription renamed to itself", place, hint=hint))
            return
        first = self._renamed.setdefault(former, wanted)
        if first is not wanted:
            hint = "only one subscription can be the renamed one"
            there = first.fields["previously"]
            self._twice("duplicate-previously", "a former name claimed twice", str(former), place, there, hint)

    def _twice(self, code: str, summary: str, what: str, place: Place, first: Place, hint: str) -> None:
        detail = f"'{escaped(what)}', first at {first.location}"
        self.found.add(error(code, summary, place, detail=detail, hint=hint))

    def check_renames(self) -> None:
        """A former name must not be declared any more. All subscriptions must have been resolved by now."""
        for former, wanted in self._renamed.items():
            still = self.subscriptions.get(former)
            if still is not None:
                detail = f"'{former}' at {still.place.location}"
                hint = "take the former name out, or 'previously'"
                summary = "a former name that is still declared"
                place = wanted.fields["previously"]
                self.found.add(error("previously-declared", summary, place, detail=detail, hint=hint))
