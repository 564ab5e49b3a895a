"""Specs for imported rows, as a person would have written them: facts as facts, and what stands as comments.

Pure: texts and file names out. Whoever writes them must create new files, never open one that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.errors import InputError
from reconciler.importing.rows import ImportedRow
from reconciler.importing.scalars import comment, quoted, scalar
from reconciler.model import SubscriptionKey, money_text

SUBSCRIPTIONS_AT_MOST = 1_000
"""Of one file: what a person can still find a way about in."""
_CHARACTERS_AT_MOST = 3 * 1024 * 1024
"""Of one file, wherever cells are huge: four bytes each at the worst, and a spec file may have 16 MiB."""


@dataclass(frozen=True, slots=True)
class WrittenSpec:
    """One new spec file: its path as shown to people, and its text."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Writing:
    """How the specs are to be written."""

    source: str
    """The imported file, as shown."""
    declare: frozenset[str] = frozenset()
    """`recurring`, `cancel`: write these as declarations instead of comments."""
    schema: str | None = None
    """The specs' schema, as an address or relative to the new files, for editors."""
    product_name: Callable[[str], str | None] = field(default=lambda code: None)
    at_most: int = SUBSCRIPTIONS_AT_MOST


def spec_texts(
    account: str, rows: Mapping[SubscriptionKey, ImportedRow], how: Writing, held: Mapping[SubscriptionKey, str]
) -> tuple[str, ...]:
    """The texts of one or more spec files, subscriptions by name. `held` says why those take an inherited pair back."""
    head = "\n".join(_head(account, how)) + "\n"
    blocks = ("".join(f"  {line}\n" for line in _subscription(key, rows, how, held)) for key in sorted(rows))
    return in_files(head, blocks, how.at_most)


def in_files(head: str, blocks: Iterable[str], at_most: int = SUBSCRIPTIONS_AT_MOST) -> tuple[str, ...]:
    """The blocks of subscriptions over as few texts as a person finds a way about in, each below the same head."""
    parts: list[list[str]] = []
    size = 0
    for block in blocks:
        if not parts or len(parts[-1]) >= at_most or size + len(block) > _CHARACTERS_AT_MOST:
            parts.append([])
            size = len(head)
        parts[-1].append(block)
        size += len(block)
    return tuple(head + "".join(part) for part in parts)


def _head(account: str, how: Writing) -> Iterator[str]:
    if how.schema is not None:
        yield f"# yaml-language-server: $schema={how.schema}"
    yield comment(f"Imported from {how.source}.")
    yield from _about_comments([key for key in ("recurring", "cancel") if key not in how.declare])
    yield "version: 1"
    yield f"account: {scalar(account)}"
    yield "subscriptions:"


def _about_comments(keys: list[str]) -> Iterator[str]:
    if len(keys) == 1:
        yield f"# {keys[0]} is a comment: it says what stood then, and asks for nothing."
    elif keys:
        yield f"# {' and '.join(keys)} are comments: they say what stood then, and ask for nothing."


def _subscription(
    key: SubscriptionKey,
    rows: Mapping[SubscriptionKey, ImportedRow],
    how: Writing,
    held: Mapping[SubscriptionKey, str],
) -> Iterator[str]:
    name, row = key.name, rows[key]
    product = how.product_name(row.product)
    # In quotes, for a comment that began with a name like `yaml-language-server: …` would be an order to an editor.
    known_as = f"  {comment(quoted(row.name))}" if row.name not in (name, product) else ""
    yield f"{scalar(name)}:{known_as}"
    if row.id is not None:
        yield f"  id: {scalar(row.id)}"
    yield "  facts:"
    yield from (f"    {line}" for line in _facts(row, product))
    yield from (f"  {line}" for line in _pair(row, how, held.get(key)))
    if row.owner is not None:
        yield f"  owner: {scalar(row.owner)}"
    if row.labels is not None:
        yield "  labels:"
        yield from (f"    {scalar(label)}: {scalar(row.labels[label])}" for label in sorted(row.labels))


def _facts(row: ImportedRow, product: str | None) -> Iterator[str]:
    yield f"product: {scalar(row.product)}" + (f"  {comment(product)}" if product else "")
    yield f"term: {row.term}"
    if row.billing is not None:
        yield f"billing: {row.billing}"
    yield f"start: {row.start.isoformat()}"
    if row.seats is not None:
        yield f"seats: {row.seats}"
    if row.price is not None:
        yield f"price: {money_text(row.price)}"
    if row.last_charge is not None:
        yield f"last_charge: {money_text(row.last_charge)}"


def _pair(row: ImportedRow, how: Writing, held: str | None) -> Iterator[str]:
    if held is not None:
        yield f"recurring: unmanaged  {comment(held)}"
    for key, value in (("recurring", row.recurring), ("cancel", row.cancel)):
        if value is not None:
            yield f"{key}: {value}" if key in how.declare else f"# {key}: {value}"


def file_names(
    account: str, count: int, existing: Collection[str], folder: str, out: str | None = None
) -> tuple[str, ...]:
    """Paths for that many new files, none of which exists: `contoso.yaml`, `contoso-2.yaml`, …

    Names that are taken are passed over, but never where `out` asks for one: then InputError `spec-exists` is raised.
    """
    # Some file systems hold two names that differ in case for one.
    taken = {name.casefold() for name in existing}
    if out is not None:
        stem, dot, ending = out.rpartition(".")
        wanted = [out, *(f"{stem}-{number}{dot}{ending}" for number in range(2, count + 1))]
        there = next((name for name in wanted if name.casefold() in taken), None)
        if there is not None:
            hint = "an import never overwrites a spec: name a new file, or leave out -o and a free name is chosen"
            raise InputError("spec-exists", f"{there} exists already", hint)
        return tuple(wanted[:count])
    found: list[str] = []
    number = 1
    while len(found) < count:
        name = f"{folder}/{account}.yaml" if number == 1 else f"{folder}/{account}-{number}.yaml"
        number += 1
        if name.casefold() not in taken:
            found.append(name)
    return tuple(found)
