"""A secret shows itself to whoever asks for it by name, and to nobody else."""

from __future__ import annotations

import json
import logging
import pickle

import pytest

from reconciler.secret import Secret

TEXT = "sk_live_marker"
SECRET = Secret(TEXT)


def test_it_is_revealed_on_demand_alone() -> None:
    assert SECRET.reveal() == TEXT


@pytest.mark.parametrize(
    "shown",
    [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET:>20}", f"{[SECRET]}", "%s" % SECRET, f"{SECRET!r}"],  # noqa: UP031
    ids=["str", "repr", "format", "with a width", "in a list", "percent", "conversion"],
)
def test_no_text_shows_it(shown: str) -> None:
    assert "marker" not in shown


def test_json_refuses_it() -> None:
    with pytest.raises(TypeError):
        json.dumps({"key": SECRET})


def test_a_log_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("a test").error("signing in with %s and %r", SECRET, SECRET)
    assert caplog.records
    assert "marker" not in caplog.text


def test_it_has_no_dictionary_to_look_into() -> None:
    assert not hasattr(SECRET, "__dict__")
    with pytest.raises(TypeError):
        vars(SECRET)
    assert pickle.loads(pickle.dumps(SECRET)).reveal() == TEXT, "it is a value like any other, in one process"
