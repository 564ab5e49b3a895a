"""The garbage collector at rest while many objects are made that are all kept: it would only look, and find nothing.

Changes no result; whatever it was before, it is again afterwards.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_rest() -> Iterator[None]:
    """No collection within this block: a load is a third faster by it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
