"""A task: one change that a person has to make where no API reaches. Values only; `providers.manual` writes them.

A task stands in the journal as an accepted intent, its token being this in JSON, until somebody says that it is done,
or an export shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Final

AGREEMENT: Final = "agreement"
"""The option of a manual account that names the vendor's pages."""
AGREEMENTS: Final = (
    "portal",
    "microsoft-customer-agreement",
    "microsoft-online-services",
    "microsoft-enterprise",
    "reseller",
)
"""What it may say; the first, where nothing is said."""
OPTIONS: Final[Mapping[str, str]] = {
    AGREEMENT: f"manual: whose pages the steps of a task describe: {', '.join(AGREEMENTS[:-1])} or {AGREEMENTS[-1]}",
}
"""Every option that a manual account may have."""
PRODUCT: Final = "{product}"


@dataclass(frozen=True, slots=True)
class Task:
    """What a person is asked to do."""

    steps: tuple[str, ...]
    """The clicks, in order, in the words of the vendor's pages; PRODUCT stands for the product's name."""
    deadline: date | None = None
    """The last UTC day on which it is of use; None: none is known."""
    owner: str | None = None
    """Who is to do it, as the specs have it."""
    asked_by: str = ""
    """Who applied."""
    commit: str | None = None
    """And on which decision."""
    why: str | None = None
    """The spec's own reason."""

    def named(self, product: str) -> Task:
        """With the name of its product, which pages show and specs do not know."""
        return replace(self, steps=tuple(step.replace(PRODUCT, product) for step in self.steps))


def token_of(task: Task) -> str:
    """The task as the journal keeps it."""
    import orjson  # start-up: the words above are needed wherever settings are read

    return orjson.dumps(asdict(task), option=orjson.OPT_SORT_KEYS).decode()


def task_of(token: str) -> Task:
    """The task that the journal keeps; ValueError for what is none."""
    import orjson  # start-up: as above

    try:
        values = orjson.loads(token)
        deadline = values["deadline"]
        return Task(
            steps=tuple(str(step) for step in values["steps"]),
            deadline=None if deadline is None else date.fromisoformat(deadline),
            owner=_text(values["owner"]),
            asked_by=str(values["asked_by"]),
            commit=_text(values["commit"]),
            why=_text(values["why"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no task: {error}") from error


_SAID: Final = "done by hand on "


def said_done(on: date, evidence: str | None) -> str:
    """The note of a task that somebody says is done: on which UTC day, and what shows it."""
    return f"{_SAID}{on.isoformat()}" + (f"; evidence: {evidence}" if evidence else "")


def on_word_alone(note: str | None) -> bool:
    """Whether an outcome with this note stands on what somebody said, and on nothing that an export showed."""
    return note is not None and note.startswith(_SAID)


def confirmed_by(file: str) -> str:
    """The note of a task that an imported file shows done."""
    return f"confirmed by import of {file}"


def belied_by(file: str, said: str) -> str:
    """The note of a record that goes back, for an imported file shows that what was said to be done is not."""
    return f"{file} shows it as it was before it was {said}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
