"""The providers there are: the built-in ones, and those that installed packages add by the entry-point group.

Two claims on one name are refused. The installed packages are asked only once a name that is not built in is met,
because asking them costs more than the rest of a small dry run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from reconciler.errors import ReconcilerError
from reconciler.ports import Provider
from reconciler.providers.ledger import LedgerProvider

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "reconciler.providers"


class Registry:
    """Provider classes by name."""

    def __init__(self) -> None:
        self._classes: dict[str, Callable[[], Provider]] = {LedgerProvider.name: LedgerProvider}
        self._asked = False

    def __contains__(self, name: object) -> bool:
        return name in self._classes or (isinstance(name, str) and name in self._all())

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._all()))

    def make(self, name: str) -> Provider:
        """A provider of that name; the settings have been checked to name one."""
        return (self._classes.get(name) or self._all()[name])()

    def _all(self) -> dict[str, Callable[[], Provider]]:
        if not self._asked:
            self._asked = True
            from importlib.metadata import entry_points  # about as slow to import as all of ours

            for claim in entry_points(group=GROUP):
                known = self._classes.get(claim.name)
                loaded = _loaded(claim)
                if known is not None and known is not loaded:
                    detail = f"two installed packages offer a provider named {claim.name}: {claim.value} is one"
                    raise ReconcilerError("provider-claimed-twice", detail, "remove one of them")
                self._classes[claim.name] = loaded
        return self._classes


def _loaded(claim: EntryPoint) -> Callable[[], Provider]:
    try:
        return cast("Callable[[], Provider]", claim.load())
    except Exception as error:  # whatever another's package raises while it is imported, it is not our bug
        detail = f"the provider {claim.name} ({claim.value}) cannot be loaded: {error}"
        raise ReconcilerError("provider-broken", detail, "mend or remove the package that offers it") from error
