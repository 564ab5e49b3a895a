"""Cuts a spec file into the blocks of its subscriptions, each as its form and the pieces of its lines.

Pure, in front of `swift` as that is in front of the parser: of a form that was not met before the text is read by
`swift`, and of whatever that leaves to the parser nothing is said. Must not know what the values mean.

Why it holds: a piece is the text between two line ends, or between a comma before `key: ` and the next. A form is all
of a block's text but for simple scalars; each of those is of letters and signs that mean nothing to YAML where it
stands, and it was found to be just the value at its place. So another one there changes that value, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from reconciler.spec.scalars import IntText, PlainScalars
from reconciler.spec.swift import may_exceed, swiftly

PIECES_KEPT: Final = 20_000
"""How many pieces are remembered; then all are forgotten, and those that recur are soon known again."""
FORMS_KEPT: Final = 5_000
HEADS_KEPT: Final = 1_000
TRUST: Final = 20_000
"""Blocks: so many pay for the forms that never come again; an estate of nothing but those is left alone from then on.
"""
COST: Final = 20
"""Blocks whose reading one new form costs."""

_BREAK = "\x1e"
_TEXT, _COUNT = "\x00", "\x01"
"""Stand in a sign for a value: one that is a text, and one that is a number. No other piece with either is taken."""
_KEY = r"[A-Za-z_][A-Za-z0-9_./-]*+"
_WORD = r"[A-Za-z0-9._@/+-]++"
_FLOW_TEXT = rf"(?=[A-Za-z0-9]){_WORD}(?: {_WORD})*+"
_BLOCK_TEXT = r"(?=[A-Za-z0-9])(?:[!\"$-9;-~\xc0-\u024f]++|:(?=[A-Za-z0-9/])| (?=[!\"$-~\xc0-\u024f]))++"
_PIECE = re.compile(
    rf" ++{_KEY}: ()({_BLOCK_TEXT})()"
    rf"|((?:(?: ++{_KEY}:)?+ ?+\{{ ?+(?:{_KEY}: \{{ ?+)?+|, | ++){_KEY}: ++)({_FLOW_TEXT})((?: ?+\}}){{0,4}}+ *+)"
    rf"|((?:(?: ++{_KEY}:)?+ ?+\{{ ?+(?:{_KEY}: \{{ ?+)?+|, | ++){_KEY}: ++\")({_FLOW_TEXT})(\"(?: ?+\}}){{0,4}}+ *+)"
    rf"|((?:(?: ++{_KEY}:)?+ ?+\{{ ?+(?:{_KEY}: \{{ ?+)?+|, | ++){_KEY}: ++')({_FLOW_TEXT})('(?: ?+\}}){{0,4}}+ *+)"
)
