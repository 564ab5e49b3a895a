"""Product codes and their names, from the table that ships with the package.

For people only: nothing is decided by a name. Importing it reads nothing; the table is read once, when the first name
is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Place, warning
from reconciler.observed import ObservedAccount
from reconciler.settings import AccountSettings

MICROSOFT = "microsoft"
"""Of an account's `catalogue`: its product codes are this table's."""
NO_NAMES = "none"
"""Of an account's `catalogue`: its product codes are shown as they are."""

_TABLE = Path(__file__).parent / "data" / "microsoft-products.csv"

# Looking for near codes is slow beside all else here: a file of nothing but unknown codes gets this many hints.
_HINTED = 100


class Catalogue:
    """Names of product codes, and the nearest known code to one that is not known."""

    def __init__(self, table: Path = _TABLE) -> None:
        self._table = table

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Name by code; a code that stands there twice keeps its first name."""
        import csv  # only where a name is asked for

        names: dict[str, str] = {}
        with self._table.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                names.setdefault(row["string_id"], row["display_name"])
        return names

    @cached_property
    def _folded(self) -> Mapping[str, str]:
        return {code.casefold(): code for code in self._names}

    def name(self, code: str) -> str | None:
        """The display name of a product code, or None for a code that the table does not hold."""
        return self._names.get(code)

    def nearest(self, code: str) -> str | None:
        """The known code that was most likely meant; None if none is near. Other capitals are nearest of all."""
        from difflib import get_close_matches  # needed only once a code is unknown

        folded = self._folded.get(code.casefold())
        if folded is not None:
            return folded
        near = get_close_matches(code.casefold(), self._folded, n=1, cutoff=0.7)
        return self._folded[near[0]] if near else None

    def names_for(
        self, accounts: Mapping[str, AccountSettings], observed: Mapping[str, ObservedAccount] | None = None
    ) -> Names:
        """The names to show for these accounts' codes: those that providers showed, or else this table's."""
        return Names(self, accounts, observed or {})

    def unknown_codes(self, desired: DesiredState, hints: dict[str, str] | None = None) -> tuple[Diagnostic, ...]:
        """A warning for each place that declares a product which the account's own catalogue does not hold.

        `hints`: what was said of codes of the same estate before, to be gone on with.
        """
        hints = {} if hints is None else hints
        found = []
        for code, place in _checked(desired):
            if self.name(code) is not None:
                continue
            if code not in hints:
                hints[code] = self._hint(code) if len(hints) < _HINTED else ""
            summary = "unknown product code"
            found.append(warning("unknown-product", summary, place, detail=f"'{code}'", hint=hints[code]))
        return tuple(found)

    def _hint(self, code: str) -> str:
        near = self.nearest(code)
        if near is None:
            return "look the String ID up in Microsoft's table of product names, or write `catalogue: none`"
        return f"did you mean '{near}' ({self.name(near)})?"


class Names:
    """What to call a product: its display name, or the code itself where no name is known or none is wanted."""

    def __init__(
        self,
        catalogue: Catalogue,
        accounts: Mapping[str, AccountSettings],
        observed: Mapping[str, ObservedAccount],
    ) -> None:
        self._catalogue = catalogue
        self._shown = {
            (name, seen.product): seen.product_name
            for name, account in observed.items()
            for seen in account.subscriptions.values()
            if seen.product_name
        }
        nameless = {name for name, account in accounts.items() if account.catalogue == NO_NAMES}
        # A rule's codes belong to no one account: they have names unless every account goes without.
        self._nameless = nameless | ({""} if nameless and len(nameless) == len(accounts) else set())

    def __call__(self, key_account: str, code: str) -> str:
        """The name of a code on that account; an empty account stands for any of them."""
        if key_account in self._nameless:
            return code
        return self._shown.get((key_account, code)) or self._catalogue.name(code) or code


def _checked(desired: DesiredState) -> Iterator[tuple[str, Place]]:
    """Codes to look up and where they stand; a value that many subscriptions inherit comes once."""
    accounts = {name for name, account in desired.accounts.items() if account.catalogue == MICROSOFT}
    seen: dict[tuple[str, int], Place] = {}  # the places too: the id of one that is gone may be another's
    for key, wanted in desired.subscriptions.items():
        code = wanted.facts.product
        if code is None or key.account not in accounts:
            continue
        place = wanted.fields.get("product", wanted.place)
        if (code, id(place)) not in seen:
            seen[code, id(place)] = place
            yield code, place
