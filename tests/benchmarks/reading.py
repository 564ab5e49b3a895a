"""Measures swift reading beside the parser and its bare events, on the same texts, and tells how often it fell back.

Run by `python -m tests.benchmarks.reading`. Of each text the best of some rounds in turn counts: machines are noisy.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from yaml import StreamEndEvent

from reconciler.spec import swift
from reconciler.spec.dialect import Limits
from reconciler.spec.libyaml import CParser
from reconciler.spec.parse import parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import PlainScalars

PER_FILE = 100
_ROOT = Path(__file__).parents[2]
_PRODUCTS = ("SPB", "VISIOCLIENT", "PROJECTPREMIUM", "ENTERPRISEPACK", "POWER_BI_PRO", "INTUNE_A", "EXCHANGESTANDARD")
_HEAD = "version: 1\naccount: contoso\n"
_DEFAULTS = """\
# What holds for all of them
defaults:
  owner: "it@contoso.example"  # who answers
  recurring: on
  labels: {team: sales, 'cost centre': "0123"}
"""
_RULES = """\
rules:
  - match: {product: ["VISIO*", "PROJECT*"]}
    set: {recurring: off, owner: licensing@contoso.example}
  # nobody needs these
  - match:
      labels: {team: 'team-1'}
    set:
      reason: 'it''s over'
"""


def uniform(number: int) -> str:
    """A subscription of eight lines, as `reconcile import` writes it."""
    return (
        f"  subscription-{number:07d}:\n    facts:\n      product: {_PRODUCTS[number % 7]}\n      term: annual\n"
        f"      start: {_start(number)}\n      seats: {number % 300}\n    labels:\n      team: team-{number % 17}\n"
    )


def mixed(number: int) -> str:
    """A subscription in one of ten layouts: comments, quotes, brackets, lists; each by hand of somebody else."""
    name, product, start = f"subscription-{number:07d}", _PRODUCTS[number % 7], _start(number)
    seats, team = number % 300, f"team-{number % 17}"
    match number % 10:
        case 0:
            facts = f"product: {product}, term: annual, start: {start}, seats: {seats}"
            return f"  {name}:\n    facts: {{{facts}}}  # mailed\n"
        case 1:
            return (
                f'\n  # asked for by {team}\n  {name}:\n    facts:\n      product: "{product}"\n      start: {start}\n'
            )
        case 2:
            return f"  {name}:\n    facts: {{ product: '{product}', start: {start} }}\n    labels: {{team: {team}}}\n"
        case 3:
            return (
                f"  {name}:\n      facts:\n          product: {product}\n          start: '{start}'\n"
                f"          price: {number % 90}.{number % 100:02d} EUR   # a seat\n      protect: true\n"
            )
        case 4:
            return f"  {name}: {{facts: {{product: {product}, start: {start}}}, labels: {{team: {team}}}}}\n"
        case 5:
            return (
                f"  {name}:\n    facts: {{product: {product}, start: {start}}}\n    schedule:\n"
                f"    - from: 2027-01-01\n      recurring: off\n    - {{from: 2027-06-01, recurring: on}}\n"
            )
        case 6:
            return (
                f"  {name}:\n    id: 6f0d6c1e-7a1b-4d8e-9a53-{number:012x}\n    facts:\n      product: {product}\n"
                f"      start: {start}\n    recurring: off\n    reason: moved to another tool, büro {number % 50}\n"
            )
        case _:
            return uniform(number)


def _start(number: int) -> str:
    return f"202{number % 6}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"


def uniform_texts(subscriptions: int) -> list[str]:
    """Files of 100 subscriptions, all in one layout."""
    return [
        f"{_HEAD}subscriptions:\n{''.join(map(uniform, range(first, first + PER_FILE)))}"
        for first in range(0, subscriptions, PER_FILE)
    ]


def mixed_texts(subscriptions: int) -> list[str]:
    """Files of 100 subscriptions in ten layouts. Of 50 files one has a text of several lines, and one an escape."""
    texts = []
    for first in range(0, subscriptions, PER_FILE):
        file = first // PER_FILE
        text = f"{_HEAD}{_DEFAULTS if file % 2 else ''}subscriptions:\n"
        text += "".join(map(mixed, range(first, first + PER_FILE)))
        if file % 50 == 7:
            text += "    reason: >-\n      a long story\n      of two lines\n"
        if file % 50 == 23:
            text += '    owner: "b\\u00fcro@contoso.example"\n'
        texts.append(text + (_RULES if file % 3 else ""))
    return texts


def own_texts() -> list[str]:
    """The sample specs, those of the examples and the good corpus: every file that people here wrote."""
    folders = (_ROOT / "specs", _ROOT / "examples", _ROOT / "tests" / "corpus" / "good")
    return [path.read_bytes().decode() for folder in folders for path in sorted(folder.rglob("*.yaml"))]


class Reading(NamedTuple):
    """What reading some texts took: seconds, and how many texts swift reading left to the parser."""

    texts: int
    bytes: int
    swift: float
    parse: float
    scan: float
    fell_back: int


def read(texts: Sequence[str], rounds: int) -> Reading:
    """All texts in all three ways, each in turn; what swift reading leaves to the parser counts with the parser's time.

    Its memo is as an estate of such texts fills it.
    """
    known, plain = PlainScalars(), PlainScalars()
    limits = Limits()  # not those by default: so the events alone read
    ways: tuple[Callable[[str], object], ...] = (
        lambda text: swift.swiftly(text, known) or parse(Document("a.yaml", text), known, limits),
        lambda text: parse(Document("a.yaml", text), plain, limits),
        scan,
    )
    for text in texts:
        swift.swiftly(text, known)
    fell_back = sum(swift.swiftly(text, PlainScalars()) is None for text in texts)
    totals = [0.0, 0.0, 0.0]
    for text in texts:
        best = [float("inf")] * 3
        for _ in range(rounds):
            if known.lines is not None:
                for line in [line for line in text.split("\n") if "subscription-" in line]:
                    known.lines.pop(line, None)  # a name is new wherever it is met
            for way, call in enumerate(ways):
                began = time.process_time()
                call(text)
                best[way] = min(best[way], time.process_time() - began)
        totals = [total + seconds for total, seconds in zip(totals, best, strict=True)]
    size = sum(len(text.encode()) for text in texts)
    return Reading(len(texts), size, totals[0], totals[1], totals[2], fell_back)


def scan(text: str) -> None:
    """The parser's bare events, of which nothing is made."""
    next_event = CParser(text).get_event
    while next_event().__class__ is not StreamEndEvent:
        pass


def reading(runs: int, subscriptions: int = 20_000) -> list[str]:
    """Lines of a table: each corpus, with its share left to the parser."""
    corpora = {
        "uniform": (uniform_texts(subscriptions), subscriptions),
        "mixed": (mixed_texts(subscriptions), subscriptions),
        "the samples, examples and corpus of this repository": (own_texts(), 0),
    }
    lines = []
    gc.disable()  # as the command does, which soon ends
    for name, (texts, number) in corpora.items():
        found = read(texts, runs)
        each = f"{found.swift / number * 1e6:.1f} µs" if number else ""
        lines.append(
            f"| {name} | {found.fell_back} of {found.texts} | {each} | {found.bytes / found.swift / 1e6:.1f} MB/s |"
            f" {found.parse / found.swift:.1f} | {found.scan / found.swift:.1f} |"
        )
    gc.enable()
    return lines


def main() -> None:
    """Print the table."""
    print("| Texts | Left to the parser | Each | Swift | Parser's time, of swift | Bare events' time, of swift |")
    print("|---|---:|---:|---:|---:|---:|")
    for line in reading(3 if "--quick" in sys.argv else 7, 2_000 if "--quick" in sys.argv else 20_000):
        print(line)


if __name__ == "__main__":
    main()
