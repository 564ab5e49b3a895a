"""Spec files as people lay them out: the same declarations line by line or in braces, in any order, with comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from reconciler.importing.scalars import quoted, scalar

Said = str | int | bool | Mapping[str, "Said"] | Sequence["Said"]
"""What stands under a key."""
Keys = Mapping[str, Said]

_T = TypeVar("_T")
_TEXTS = frozenset({"owner", "reason", "product"})


@dataclass
class Writer:
    """Lays declarations out as chance will have it; every comment has a number of its own."""

    chance: Random
    comments: int = 0

    def file(self, subscriptions: Mapping[str, Keys], more: str = "") -> str:
        """A whole file."""
        if self.odds(6):
            parts = [f"{name}: {self.braces(keys)}" for name, keys in subscriptions.items()]
            body = f"subscriptions: {{{self.pick([', ', ',  ', f',{chr(10)}  ']).join(parts)}}}\n"
        else:
            body = f"subscriptions:{self.comment()}\n{self.lines(subscriptions, self.pick([1, 2, 2, 4]))}"
        text = f"version: 1\naccount: contoso\n{more}{body}"
        if self.odds(6):
            text = text.replace("\n", "\r\n")
        return text.rstrip("\r\n") if self.odds(5) else text

    def lines(self, keys: Keys, column: int) -> str:
        """Keys line by line."""
        found, indent, step = "", " " * column, self.pick([2, 2, 4, 1])
        for name, said in self.shuffled(keys):
            found += self.line_comment(indent)
            head = f"{indent}{self.key(name)}:"
            if isinstance(said, Mapping) and said and self.odds(2):
                found += f"{head}{self.comment()}\n{self.lines(said, column + step)}"
            elif isinstance(said, list) and self.odds(2):
                found += f"{head}{self.comment()}\n{self.items(said, column + self.pick([0, step]))}"
            elif name == "reason" and self.odds(4):
                found += f"{head} |{self.comment()}\n{indent}  {said}\n{self.pick(['', chr(10)])}"
            else:
                found += f"{head} {self.value(name, said, flow=False)}{self.comment()}\n"
        return found

    def items(self, said: Sequence[Said], column: int) -> str:
        """A list behind dashes."""
        found, indent = "", " " * column
        for item in said:
            assert isinstance(item, Mapping)
            if self.odds(2):
                found += f"{indent}- {self.braces(item)}{self.comment()}\n"
            else:
                first, *others = self.shuffled(item)
                found += f"{indent}- {first[0]}: {self.value(*first, flow=False)}{self.comment()}\n"
                found += "".join(
                    f"{indent}  {name}: {self.value(name, one, flow=False)}{self.comment()}\n" for name, one in others
                )
        return found

    def braces(self, keys: Keys) -> str:
        """Keys in braces."""
        quote, between = self.odds(5), self.pick([", ", ",", f",{chr(10)}          "])
        parts = [
            f"{quoted(name) if quote else self.key(name)}: {self.value(name, one, flow=True)}"
            for name, one in self.shuffled(keys)
        ]
        inner = between.join(parts) + (self.pick(["", ","]) if parts else "")
        return self.pick(["{%s}", "{ %s }"]) % inner

    def value(self, name: str, said: Said, *, flow: bool) -> str:
        """What stands behind a key, on one line."""
        if isinstance(said, Mapping):
            return self.braces(said)
        if isinstance(said, list):
            return f"[{', '.join(self.value(name, item, flow=True) for item in said)}]"
        if isinstance(said, bool | int):
            return str(said).lower()
        text = str(said)
        if name in _TEXTS or name.startswith("label"):
            return quoted(text) if flow or self.odds(2) else scalar(text)
        return self.pick([text, text, text, f'"{text}"', f"'{text}'"])

    def key(self, name: str) -> str:
        """A key, now and then in quotes."""
        return quoted(name) if self.odds(8) or " " in name else name

    def comment(self) -> str:
        """A comment behind something, or none."""
        return f"  {self.numbered()}" if self.odds(3) else ""

    def line_comment(self, indent: str) -> str:
        """A comment on a line of its own, or none."""
        return f"{indent}{self.numbered()} alone\n" if self.odds(6) else ""

    def numbered(self) -> str:
        """The next comment."""
        self.comments += 1
        return f"# note {self.comments}."

    def shuffled(self, keys: Keys) -> list[tuple[str, Said]]:
        """Keys in any order."""
        found = list(keys.items())
        self.chance.shuffle(found)
        return found

    def odds(self, number: int) -> bool:
        """Once in so many times."""
        return self.chance.randrange(number) == 0

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of these."""
        return choices[self.chance.randrange(len(choices))]


def declared(chance: Random) -> dict[str, Said]:
    """Any own keys that a subscription may have."""
    pick = chance.choice
    facts: dict[str, Said] = {"product": pick(["SPB", "0123"]), "term": pick(["annual", "triennial"])}
    facts["start"] = pick(["2026-03-01", "2026-01-31"])
    facts |= pick([{}, {"seats": 1}, {"seats": 2, "price": "5.00 EUR"}, {"price": "6.10 EUR"}])
    facts |= pick([{}, {}, {"billing": "monthly"}, {"billing": "annual"}])
    pair: dict[str, Said] = dict(pick(_PAIRS))
    if pair and chance.random() < 0.4:
        pair["reason"] = pick(["moved", "ticket #12"])
    keys: dict[str, Said] = {"facts": facts, **pair}
    keys |= pick([{}, {"owner": "a@b"}, {"owner": "Team, X"}, {"owner": "on"}])
    keys |= pick([{}, {"labels": {}}, {"labels": {"label a": "x, y"}}, {"labels": {"label-b": "no", "label a": "1"}}])
    keys |= pick([{}, {}, {"protect": True}, {"protect": False}])
    if chance.random() < 0.3:
        entry = {"from": "2026-01-05", **pick([{"recurring": "on"}, {"recurring": "off"}, {"cancel": "at-renewal"}])}
        keys["schedule"] = [entry, *pick([[], [{"from": "2028-01-01", "recurring": "off", "reason": "later"}]])]
    return keys


_PAIRS: tuple[dict[str, Said], ...] = (
    {},
    {"recurring": "on"},
    {"recurring": "off"},
    {"recurring": "off", "cancel": "none"},
    {"cancel": "none"},
    {"cancel": "at-renewal"},
    {"recurring": "off", "cancel": "at-renewal"},
    {"cancel": {"when": "at-renewal", "reason": "gone"}},
)
