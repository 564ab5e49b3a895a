"""The time zones there are: the names of the IANA database, and a zone by its name.

The names are those of the `tzdata` package, so that settings are judged alike on every machine. A zone's rules come
from the system where it has them, for it may be newer, and else from that package: a slim container has none.
Imports what it needs only when it is asked, for the sake of start-up time: most settings name no zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from functools import cached_property
from typing import Final

_NO_PLACE: Final = frozenset({"Factory"})
"""In the database for machines on which nobody has set a zone."""


class Zones:
    """The names, as a collection that is read when it is first asked."""

    @cached_property
    def _names(self) -> frozenset[str]:
        from importlib.resources import files

        return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split()) - _NO_PLACE

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))


def zone_of(name: str) -> tzinfo:
    """The zone of that name, which must be one of `Zones`."""
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)
