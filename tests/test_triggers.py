"""Ticks come with every settled burst of events in a folder, and go on where folder or events are missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from reconciler import triggers
from reconciler.triggers import folder_ticks


def _next(ticks: Iterator[bool], wanted: bool, most: int = 300) -> None:
    """Go on to the next such tick; bounded, as a tick comes every second at the latest."""
    for _, tick in zip(range(most), ticks, strict=False):
        if tick is wanted:
            return
    raise AssertionError(f"no {wanted} within {most} ticks")


@pytest.mark.parametrize("polling", [False, True], ids=["by events", "by polling"])
def test_a_file_that_is_replaced_whole_is_noticed(
    tmp_path: Path, polling: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "_TICK", 100)
    monkeypatch.setattr(triggers, "_SETTLE", 50)
    file = tmp_path / "a.yaml"
    file.write_text("1", encoding="utf-8")
    # Polling tells an edit by the second of its time; one within the same second is left to the comparison of content.
    os.utime(file, (1_000_000_000, 1_000_000_000))
    stop = Event()
    ticks = triggers._watched(tmp_path, stop, polling=polling)
    assert next(ticks), "the first tick is for what happened before anybody watched"
    _next(ticks, wanted=False)
    other = tmp_path / "b"
    other.write_text("22", encoding="utf-8")
    other.replace(file)
    _next(ticks, wanted=True)
    stop.set()
    assert list(ticks) == []


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggers, "_TICK", 20)
    said: list[str] = []
    stop = Event()
    folder = tmp_path / "specs"
    ticks = folder_ticks(folder, stop, said.append)
    assert next(ticks)
    assert said == [f"{folder} is not there; waiting for it"]
    folder.mkdir()
    _next(ticks, wanted=True)
    stop.set()
    assert list(ticks) == []


def test_without_events_it_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bool] = []

    def watched(folder: Path, stop: Event, *, polling: bool) -> Iterator[bool]:
        tried.append(polling)
        if not polling:
            raise OSError(28, "inotify watch limit reached")
        yield True
        stop.set()

    monkeypatch.setattr(triggers, "_watched", watched)
    said: list[str] = []
    assert list(folder_ticks(tmp_path, Event(), said.append)) == [True]
    assert tried == [False, True]
    assert "polling instead" in said[0]


def test_polling_that_fails_too_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(folder: Path, stop: Event, *, polling: bool) -> Iterator[bool]:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(triggers, "_watched", watched)
    with pytest.raises(OSError, match="input/output"):
        list(folder_ticks(tmp_path, Event(), lambda text: None))


def test_a_folder_that_is_moved_into_place_is_watched_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "_TICK", 50)
    monkeypatch.setattr(triggers, "_SETTLE", 20)
    folder, other = tmp_path / "specs", tmp_path / "v2"
    folder.mkdir()
    other.mkdir()
    stop = Event()
    ticks = folder_ticks(folder, stop, lambda text: None)
    assert next(ticks)
    _next(ticks, wanted=False)
    folder.rename(tmp_path / "old")
    other.rename(folder)
    _next(ticks, wanted=True)
    _next(ticks, wanted=False)
    (folder / "a.yaml").write_text("1", encoding="utf-8")
    _next(ticks, wanted=True)
    stop.set()
    assert list(ticks) == []
