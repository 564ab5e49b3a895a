"""Inherited pairs that ask for something else than what is imported: found by planning, taken back, and told.

Pure. An import changes nothing, so that what stands above a new file must not make it ask for anything either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from reconciler.changes import INTENTS, Blocked, Change
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Location, warning
from reconciler.importing.proof import WrittenWrongly
from reconciler.model import Intent, SubscriptionKey


def inherited(desired: DesiredState, left: Iterable[Change | Blocked]) -> Iterator[tuple[SubscriptionKey, Intent]]:
    """The inherited pairs behind what would be left to do; anything else left is our bug."""
    for item in left:
        intent = desired.subscriptions[item.key].intent
        if item.kind not in INTENTS or intent is None or intent.own:
            raise WrittenWrongly(f"{item.key}: {item.kind} would be left to do after the import")
        yield item.key, intent


def why(intent: Intent) -> str:
    """Why a new spec takes a pair back, as a comment beside it."""
    return f"{intent.place.location} asks for {_pair(intent)}; remove this line to let it"


def _pair(intent: Intent) -> str:
    stated = {"recurring": intent.recurring, "cancel": intent.cancel}
    return ", ".join(f"{key}: {value}" for key, value in stated.items() if value is not None)


def held_back(held: Mapping[SubscriptionKey, Intent], teller: str) -> Iterator[Diagnostic]:
    """One warning for each inherited pair that new specs take back; `teller` is who says otherwise."""
    places: dict[Location, list[SubscriptionKey]] = defaultdict(list)
    pairs = {intent.place.location: _pair(intent) for intent in held.values()}
    for key, intent in held.items():
        places[intent.place.location].append(key)
    for place, keys in sorted(places.items()):
        others = f" and {len(keys) - 1:,} more" if len(keys) > 1 else ""
        detail = f"`{pairs[place]}` against what {teller} says of {min(keys)}{others}"
        hint = "their specs say `recurring: unmanaged`; remove that line where the inherited pair is to hold"
        yield warning(
            "import-holds-back", "an inherited pair does not fit imported rows", place, detail=detail, hint=hint
        )
