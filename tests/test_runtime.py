"""Options, environment and settings become the parts of a run; what means nothing is refused before all else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.errors import InputError, ReconcilerError, SpecError, StoreError, UsageError
from reconciler.journal import OutcomeKind
from reconciler.plan import Plan
from reconciler.progress import Untold
from reconciler.reconcile import Pass
from reconciler.runtime import Options, Runtime, SystemClock, new_lineage
from reconciler.settings import LimitName
from reconciler.world import LOCK_TIMEOUT
from tests.builders import NOW
from tests.fakes import FixedClock

SETTINGS = "version: 1\naccounts: {contoso: {provider: ledger}}\n"
SPEC = (
    "version: 1\naccount: contoso\nsubscriptions:\n  visio: {facts: {product: SPB, term: annual, start: 2026-02-14}}\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one subscription."""
    (tmp_path / "specs" / "contoso").mkdir(parents=True)
    (tmp_path / "specs" / "contoso" / "licences.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "reconcile.yaml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def _runtime(root: Path, environ: Mapping[str, str] | None = None, **options: object) -> Runtime:
    return Runtime(Options(directory=root, **options), environ or {}, FixedClock())  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("said", "environ", "path"),
    [
        pytest.param(None, {}, ".reconcile/state.db", id="the settings' own default"),
        pytest.param("sqlite:///a/b.db", {}, "a/b.db", id="a relative place counts from the settings"),
        pytest.param("sqlite:///a%20b.db", {}, "a b.db", id="a URL's escapes are undone"),
        pytest.param(None, {"RECONCILE_STORE": "sqlite:///env.db"}, "env.db", id="the environment goes over the file"),
        pytest.param("sqlite:///flag.db", {"RECONCILE_STORE": "sqlite:///env.db"}, "flag.db", id="a flag over both"),
        pytest.param("sqlite:////abs/state.db", {}, "/abs/state.db", id="four slashes are absolute"),
    ],
)
def test_the_store_is_where_the_last_word_says(
    root: Path, said: str | None, environ: dict[str, str], path: str
) -> None:
    assert _runtime(root, environ, store=said).place.name == str(root / path)


@pytest.mark.parametrize("url", ["state.db", "sqlite:state.db", "sqlite:///", "mysql://x/y"])
def test_what_is_no_store_is_wrong_usage(root: Path, url: str) -> None:
    with pytest.raises(UsageError, match="is no store"):
        _ = _runtime(root, store=url).place


def test_a_store_on_a_server_is_named_without_its_password(root: Path) -> None:
    found = _runtime(root, store="postgresql://ada:hunter2@db.example:5433/estate?schema=team").place
    assert found.name == "postgresql://db.example:5433/estate?schema=team"
    assert "hunter2" not in f"{found!r}{vars(found)!r}"


def test_a_store_on_a_server_needs_its_library(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reconciler.stores.postgres.place", None)
    with pytest.raises(StoreError, match="needs psycopg") as refused:
        _ = _runtime(root, store="postgresql://host/db").place
    assert refused.value.code == "extra-missing"


def test_settings_of_another_name_are_found(root: Path) -> None:
    (root / "reconcile.yaml").rename(root / "other.yaml")
    with pytest.raises(InputError, match=r"there is no reconcile\.yaml"):
        _ = _runtime(root).settings
    assert "contoso" in _runtime(root, settings_file="other.yaml").settings.accounts
    assert "contoso" in _runtime(root, {"RECONCILE_CONFIG": "other.yaml"}).settings.accounts


def test_wrong_settings_raise_with_every_finding(root: Path) -> None:
    (root / "reconcile.yaml").write_text("version: 1\nacounts: {}\nspecs: 7\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        _ = _runtime(root).settings
    assert len(caught.value.diagnostics) >= 2


def test_the_environment_can_only_tighten(root: Path) -> None:
    settings = _runtime(root, {"RECONCILE_MAX_ENDINGS": "0"}).settings
    assert settings.safety.caps == {LimitName.MAX_ENDINGS: 0}


@pytest.mark.parametrize(
    ("environ", "seconds", "said"),
    [
        ({}, LOCK_TIMEOUT, None),
        ({"RECONCILE_LOCK_TIMEOUT": "2m"}, 120, None),
        ({"RECONCILE_LOCK_TIMEOUT": "2m"}, 1.5, 1.5),
    ],
    ids=["the default", "the environment", "a flag goes over it"],
)
def test_how_long_to_wait(root: Path, environ: dict[str, str], seconds: float, said: float | None) -> None:
    assert _runtime(root, environ, lock_timeout=said).lock_timeout == seconds


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("specs", "specs"),
        ("specs/contoso", "specs/contoso"),
        ("specs/../specs/contoso/licences.yaml", "specs/contoso/licences.yaml"),
    ],
)
def test_a_path_is_taken_as_diagnostics_show_it(root: Path, path: str, shown: str) -> None:
    assert _runtime(root, paths=(path,)).inputs(commit=False).selection.paths == (shown,)


@pytest.mark.parametrize(
    ("path", "code"), [("nowhere", "no-such-path"), ("reconcile.yaml", "path-outside"), ("..", "path-outside")]
)
def test_a_path_that_is_no_spec_is_wrong_usage(root: Path, path: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        _runtime(root, paths=(path,)).inputs(commit=False)
    assert caught.value.code == code


def test_an_apply_that_is_not_agreed_to_leaves_nothing(root: Path) -> None:
    seen: list[Plan] = []

    def refuse(found: Pass) -> bool:
        seen.append(found.plan)
        return False

    found, report = _runtime(root).apply(refuse, bool, Untold())
    assert (report, seen) == (None, [found.plan])
    assert not (root / ".reconcile" / "state.db").exists()


def test_a_first_apply_creates_the_store_and_tells_its_lineage(root: Path) -> None:
    _, report = _runtime(root).apply(lambda found: True, bool, Untold())
    assert report is not None
    assert report.created_store
    assert [item.outcome for item in report.changes] == [OutcomeKind.SUCCEEDED]
    with _runtime(root).reading() as reader:
        assert reader is not None
        assert reader.snapshot().lineage == report.lineage


def test_an_apply_that_is_wholly_refused_creates_no_store(root: Path) -> None:
    (root / "reconcile.yaml").write_text(SETTINGS + f"store: {{lineage: {new_lineage()}}}\n", encoding="utf-8")
    _, report = _runtime(root).apply(lambda found: True, bool, Untold())
    assert report is not None
    assert [refusal.limit for refusal in report.refused] == ["new-store"]
    assert not (root / ".reconcile" / "state.db").exists()


def test_a_command_that_writes_needs_a_store_and_the_pinned_one(root: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"), _runtime(root).writing():
        raise AssertionError("never reached")
    _runtime(root).apply(lambda found: True, bool, Untold())
    with _runtime(root).writing() as session:
        assert session.stored.serial == 1
    (root / "reconcile.yaml").write_text(SETTINGS + f"store: {{lineage: {new_lineage()}}}\n", encoding="utf-8")
    with pytest.raises(ReconcilerError) as caught, _runtime(root).writing():
        raise AssertionError("never reached")
    assert caught.value.code == "other-store"


def test_a_run_says_who_and_where(root: Path) -> None:
    run = _runtime(root, {"RECONCILE_ACTOR": "mara", "RECONCILE_CI_RUN": "4711"}).run("freeze", reason="closing")
    assert (run.actor, run.ci_run, run.command, run.reason, run.started_at) == (
        "mara",
        "4711",
        "freeze",
        "closing",
        NOW,
    )
    assert run.id.startswith(f"{NOW:%Y%m%dT%H%M%SZ}-")


def test_real_time_is_told_to_the_second_and_in_utc() -> None:
    now = SystemClock().now()
    assert (now.microsecond, now.tzinfo) == (0, UTC)
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60
