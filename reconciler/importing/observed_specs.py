"""Specs for what an outside provider shows: ids and products, and how everything stands as comments that ask nothing.

Pure: texts out, and the proof that they read back as what was shown. A provider's texts may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.desired import DesiredState
from reconciler.importing.proof import WrittenWrongly, prove_sound
from reconciler.importing.scalars import comment, quoted, scalar
from reconciler.importing.write import SUBSCRIPTIONS_AT_MOST, in_files
from reconciler.model import Cancel, Recurring, Status, SubscriptionKey
from reconciler.observed import ObservedSubscription, Obstacle
from reconciler.spec.characters import UNSAFE_IN_NAMES
from reconciler.wishes import last_day

LONGEST = 200
"""Of an id or a product code that a spec may hold."""
_NAMED = 50
"""So many that could not be taken are named in a file; the report names all."""
_NOTES = 5


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the subscriptions."""

    account: str
    provider: str
    at: datetime
    """When it was looked at."""
    schema: str
    """The specs' schema, relative to the new files."""
    ended: Mapping[Status, int]
    """How many have ended, and are left out."""
    barred: Mapping[str, Obstacle]
    """By id: what is there and could not be taken."""
    at_most: int = SUBSCRIPTIONS_AT_MOST
    """Subscriptions of one file."""


def declarable(text: str) -> bool:
    """Whether a spec may hold the text as an id or a product code."""
    return len(text) <= LONGEST and re.search(r"\S", text) is not None and UNSAFE_IN_NAMES.search(text) is None


def spec_texts(
    heading: Heading, named: Mapping[SubscriptionKey, ObservedSubscription], held: Mapping[SubscriptionKey, str]
) -> tuple[str, ...]:
    """The texts of one or more files, subscriptions by name. `held` says why those take an inherited pair back."""
    head = "\n".join(_head(heading)) + "\n"
    blocks = (
        "".join(f"  {line}\n" for line in _subscription(key.name, named[key], held.get(key))) for key in sorted(named)
    )
    return in_files(head, blocks, heading.at_most)


def _head(heading: Heading) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={heading.schema}"
    yield comment(f"Brought in from {heading.provider}, as it stood at {heading.at:%Y-%m-%dT%H:%M:%SZ}.")
    yield "# Comments say what stood then, and ask for nothing: whoever declares a value manages it."
    if heading.ended:
        yield f"# Left out, for they have ended: {ended_words(heading.ended)}."
    yield from _barred(heading.barred)
    yield "version: 1"
    yield f"account: {scalar(heading.account)}"
    yield "subscriptions:"


def ended_words(ended: Mapping[Status, int]) -> str:
    """How many of each status, in words."""
    return ", ".join(f"{count:,} {status}" for status, count in sorted(ended.items()))


def _barred(barred: Mapping[str, Obstacle]) -> Iterator[str]:
    if barred:
        yield "# Left out, for they could not be taken:"
    for id in sorted(barred)[:_NAMED]:
        yield comment(f"- {quoted(id)}: {barred[id].code}: {barred[id].detail}")
    if len(barred) > _NAMED:
        yield f"# and {len(barred) - _NAMED:,} more"


def _subscription(name: str, seen: ObservedSubscription, held: str | None) -> Iterator[str]:
    # In quotes, for a comment that began with a name like `yaml-language-server: …` would be an order to an editor.
    own = seen.display_name if seen.display_name not in ("", name, seen.product_name) else ""
    yield f"{scalar(name)}:{_beside(own)}"
    yield f"  id: {scalar(seen.id)}"
    known_as = seen.product_name if seen.product_name != seen.product else ""
    if declarable(seen.product):
        yield "  facts:"
        yield f"    product: {scalar(seen.product)}{_beside(known_as)}"
    elif seen.product or known_as:
        yield f"  {comment(f'product: {quoted(seen.product or known_as)}')}"
    if held is not None:
        yield f"  recurring: unmanaged  {comment(held)}"
    yield f"  # recurring: {seen.recurring}"
    if seen.cancellation is not Cancel.NONE:
        yield f"  # cancel: {seen.cancellation}"
    yield f"  {comment(standing(seen))}"
    yield from (f"  {comment(f'its provider says: {note}')}" for note in seen.notes[:_NOTES])


def _beside(text: str) -> str:
    return f"  {comment(quoted(text))}" if text else ""


def standing(seen: ObservedSubscription) -> str:
    """Its status and dates, in words: `active; annual term from 2026-02-14; renews 2027-02-14`."""
    word = seen.provider_status
    parts = [f"{seen.status}" if word.casefold() in ("", seen.status.value) else f"{seen.status} ({quoted(word)})"]
    if seen.term is not None:
        length = f"{seen.length} term" if seen.length is not None else "term"
        parts.append(f"{length} from {seen.term.start.date()}")
        renews = seen.recurring is Recurring.ON and seen.cancellation is Cancel.NONE
        parts.append(f"renews {seen.term.end.date()}" if renews else f"last day {last_day(seen.term.end)}")
    return "; ".join(parts)


def prove(
    loaded: DesiredState,
    named: Mapping[SubscriptionKey, ObservedSubscription],
    files: Collection[str],
    held: Collection[SubscriptionKey],
) -> None:
    """Compare the loaded specs with what these new files are to declare: ids, products, and nothing that is wished.

    Raises WrittenWrongly for a difference, and SpecError where a new file is in another account's folder, or brings
    out an error in a file that was there.
    """
    prove_sound(loaded, files)
    added = {key: item for key, item in loaded.subscriptions.items() if item.place.file in files}
    if added.keys() != named.keys():
        raise WrittenWrongly(f"{min(added.keys() ^ named.keys())} was written or read alone")
    for key, seen in named.items():
        found = added[key]
        if found.id != seen.id:
            raise WrittenWrongly(f"{key}: id was written as {seen.id!r} and read as {found.id!r}")
        if declarable(seen.product) and found.facts.product != seen.product:
            raise WrittenWrongly(f"{key}: product was written as {seen.product!r} and read as {found.facts.product!r}")
        own = found.intent is not None and found.intent.own
        if own or found.schedule or found.previously or (key in held and found.intent is not None):
            raise WrittenWrongly(f"{key} was read as if it asked for something")
