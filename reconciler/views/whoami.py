"""Who is signed in at each outside account, and what they may not do: as text and as a document.

Pure values. Everything in an identity is the provider's own words, and is escaped like any foreign text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.answers import Identity, Role
from reconciler.observed import Obstacle
from reconciler.views.json import note_json
from reconciler.views.json_values import Document
from reconciler.views.paint import BLANK, Line, Piece, Style, padded, paint
from reconciler.views.words import counted, listed

_LABEL = 12
_PLACES = 10
"""Places and roles of one account that people are shown; the document has them all."""


@dataclass(frozen=True, slots=True)
class WhoamiEntry:
    """One account, and who is signed in there or why that is not known."""

    account: str
    provider: str
    identity: Identity | None = None
    trouble: Obstacle | None = None
    pinned: str | None = None
    """The tenant that the settings name for it; None: they name none."""


def whoami_text(entries: Sequence[WhoamiEntry], *, colour: bool = False) -> str:
    """Every account in the order given, and a line that counts them."""
    return paint(whoami_lines(entries), colour=colour)


def whoami_lines(entries: Sequence[WhoamiEntry]) -> list[Line]:
    """The same as styled lines."""
    lines: list[Line] = []
    for entry in entries:
        head = (Piece(entry.account, Style.STRONG), Piece(f"    {entry.provider}"))
        lines += [head, *_known(entry), *_trouble(entry.trouble), BLANK]
    return [*lines, (Piece(_summary(entries), Style.STRONG),)]


def _summary(entries: Sequence[WhoamiEntry]) -> str:
    if not entries:
        return "No account is with an outside provider: there is nowhere to sign in."
    wrong = sum(1 for entry in entries if entry.trouble is not None)
    trouble = f", {wrong:,} in trouble" if wrong else ""
    return f"{counted(len(entries), 'account')}{trouble}."


def _known(entry: WhoamiEntry) -> list[Line]:
    """What there is to know, a line each; of many places and roles the first."""
    found = entry.identity
    if found is None and entry.trouble is None:
        return [(Piece("  its records are our own: it needs no sign-in", Style.QUIET),)]
    if found is None:
        return _labelled([("tenant", _tenant(None, entry.pinned))] if entry.pinned else [])
    facts = [("signed in as", found.name), ("tenant", _tenant(found.tenant, entry.pinned))]
    facts += _first("sees", [f"{name} ({id})" if name and name != id else id for id, name in found.places])
    facts += _first("role", [_role(role) for role in found.roles])
    return _labelled([*facts, *(("note", note) for note in found.notes)])


def _tenant(tenant: str | None, pinned: str | None) -> str:
    """The provider's tenant, and whether it is the one that the settings name."""
    if pinned is None:
        return f"{tenant}, which the settings do not pin" if tenant else ""
    if tenant is None:
        return f"{pinned} by the settings"
    return f"{tenant}, as the settings say" if tenant == pinned else f"{tenant}, and the settings say {pinned}"


def _role(role: Role) -> str:
    lacks = f"; may not {listed(role.lacks, len(role.lacks))}" if role.lacks else ""
    return f"{role.name} at {role.scope}{lacks}" if role.scope else f"{role.name}{lacks}"


def _first(label: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    more = len(texts) - _PLACES
    cut = [(label, f"and {more:,} more; --format json has them all")] if more > 0 else []
    return [*((label, text) for text in texts[:_PLACES]), *cut]


def _labelled(facts: Sequence[tuple[str, str]]) -> list[Line]:
    """Facts that there are, each label once for those below each other."""
    lines: list[Line] = []
    last = ""
    for label, text in facts:
        if text:
            shown = "" if label == last else label
            lines.append((Piece(f"  {padded(shown, _LABEL)}  ", Style.QUIET), Piece(text)))
            last = label
    return lines


def _trouble(trouble: Obstacle | None) -> list[Line]:
    if trouble is None:
        return []
    lines: list[Line] = [(Piece(f"  {trouble.code}: ", Style.DANGER), Piece(trouble.detail))]
    return [*lines, (Piece(f"  hint: {trouble.hint}"),)] if trouble.hint else lines


def whoami_json(entries: Sequence[WhoamiEntry], *, as_of: datetime | None = None, pretty: bool = True) -> bytes:
    """One document with every account in the order given; `as_of` is when it was asked."""
    return note_json("whoami", {"accounts": [_entry(entry) for entry in entries]}, as_of=as_of, pretty=pretty)


def _entry(entry: WhoamiEntry) -> Document:
    trouble = entry.trouble
    return {
        "account": entry.account,
        "provider": entry.provider,
        "pinned": entry.pinned,
        "identity": None if entry.identity is None else _identity(entry.identity),
        "trouble": None if trouble is None else {"code": trouble.code, "detail": trouble.detail, "hint": trouble.hint},
    }


def _identity(identity: Identity) -> Document:
    return {
        "name": identity.name,
        "tenant": identity.tenant,
        "places": [{"id": id, "name": name} for id, name in identity.places],
        "roles": [{"name": role.name, "scope": role.scope, "lacks": list(role.lacks)} for role in identity.roles],
        "notes": list(identity.notes),
    }
