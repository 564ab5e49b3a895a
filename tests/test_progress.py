"""Telling how far work is: phases by name, and one phase for who tells done and total."""

from __future__ import annotations

from reconciler.progress import Progress, Untold, telling


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    def phase(self, name: str, total: int, unit: str = "") -> None:
        self.said.append(("phase", name, total, unit))

    def advance(self, count: int = 1) -> None:
        self.said.append(("advance", count))

    def done(self) -> None:
        self.said.append(("done",))


def test_one_phase_begins_with_the_first_that_is_told_and_ends_with_the_last() -> None:
    told = Told()
    tell = telling(told, "Applying", "changes")
    assert told.said == []
    for done in (0, 2, 5):
        tell(done, 5)
    assert told.said == [
        ("phase", "Applying", 5, "changes"),
        ("advance", 0),
        ("advance", 2),
        ("advance", 3),
        ("done",),
    ]


def test_another_total_is_another_phase() -> None:
    told = Told()
    tell = telling(told, "Looking")
    tell(1, 3)
    tell(1, 4)
    assert told.said == [("phase", "Looking", 3, ""), ("advance", 1), ("phase", "Looking", 4, ""), ("advance", 1)]


def test_who_is_not_seen_says_nothing() -> None:
    nobody: Progress = Untold()
    nobody.phase("Reading", 9, "files")
    nobody.advance()
    nobody.done()
    assert not hasattr(nobody, "said")
