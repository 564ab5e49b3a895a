"""What every JSON document is made of, as models: kinds of text, places, sums, findings, products.

Strict in what is known, open to what a later minor version adds. Must not know what a document is about.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from reconciler.consequences import Basis
from reconciler.diagnostics import Severity

Instant = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$", max_length=27)
]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Key = Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]
Count = Annotated[int, Field(ge=0)]
Period = Literal["P1M", "P1Y", "P3Y"]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Value = str | int | bool | None | dict[str, str]
"""What `before` and `after` hold: JSON scalars, and labels."""


class Part(BaseModel):
    """What every part of a document has in common."""

    model_config = ConfigDict(strict=True, extra="allow", use_attribute_docstrings=True)


class Source(Part):
    """A place in a file."""

    file: str
    """The path, relative to where the command ran, with `/`."""
    line: Annotated[int, Field(ge=1)]
    """Counted from 1."""
    column: Annotated[int, Field(ge=1)]
    """Counted from 1, in characters."""


class SumPart(Part):
    """An exact sum."""

    amount: str | None
    """As people write it: `20.60 EUR`; null where it is not known."""
    minor: int | None
    """In the currency's minor units (ISO 4217): 2060; null where it is not known."""
    currency: Currency | None
    """The ISO 4217 code; null where the sum is not known."""


class AmountPart(SumPart):
    """A sum, and where it comes from."""

    basis: Basis
    """The declared price, the price list that the settings name, what was charged last, or `not-known`."""
    detail: str
    """How it was worked out: `25 x 20.60 EUR x 12`; or why it is not known."""


class DiagnosticPart(Part):
    """One finding about the specs, the settings or the run."""

    severity: Severity
    """An error stops the run, a warning never does."""
    code: str
    """Stable; each has a page of its own."""
    summary: str
    """Constant for its code."""
    detail: str
    """Names and numbers."""
    hint: str
    """What to do; empty where nothing can be said."""
    source: Source | None
    """Where it stands; null for a finding about the whole run."""


class FailurePart(Part):
    """Why the command could not do its work."""

    code: str
    """Stable; each has a page of its own."""
    message: str
    """What is wrong."""
    hint: str
    """What to do; empty where nothing can be said."""


class ProductPart(Part):
    """A product code and its name."""

    product: str
    """The provider's own product code."""
    product_name: str
    """What to call it; the code itself where no name is known."""
