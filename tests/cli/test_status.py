"""`reconcile status`: your products on one page, filtered, sorted, in every format, and quiet where the reader goes."""

from __future__ import annotations

import csv
import io
import os
import pty
import subprocess
import sys
from fcntl import ioctl
from struct import pack
from termios import TIOCSWINSZ

import pytest

from reconciler.cli.narrowing import chosen_columns, matching, sorting
from reconciler.errors import UsageError
from reconciler.model import Money, Recurring, TermLength
from tests.cli.world import Done, World
from tests.views.test_status import a_row, ended

SPEC = """
premium:
  facts: {product: SPB, term: annual, billing: monthly, start: 2026-02-14, seats: 25, price: 20.60 EUR}
  labels: {team: sales}
  owner: sales@contoso.example
power-bi:
  facts: {product: POWER_BI_PRO, term: annual, start: 2025-12-15, seats: 10, last_charge: 1120.00 USD}
  decided: {for: 2026-12-15, by: finance@contoso.example}
  owner: it@contoso.example
visio:
  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31, price: 13.10 EUR}
  recurring: off
"""


@pytest.fixture
def applied(world: World) -> World:
    """Three subscriptions, recorded in August, of which one is declared no more; seen in November."""
    world.specs(SPEC)
    assert world.apply(as_of="2026-08-20").code == 0
    world.specs(SPEC[: SPEC.index("visio:")])
    return world


def keys(done: Done) -> list[str]:
    """The names that a document holds, in its order."""
    assert done.code == 0
    return [item["subscription"].removeprefix("contoso/") for item in done.document["subscriptions"]]


def test_the_estate_stands_as_time_has_left_it(applied: World) -> None:
    assert applied.run("status").out.splitlines() == [
        (
            "subscription      product                         status    recurring  next                 days"
            "         cost                   owner"
        ),
        (
            "contoso/power-bi  Power BI Pro                    active    on         renews 15 Dec 2026     22"
            "  1120.00 USD /yr, last charge  it@contoso.example"
        ),
        (
            "contoso/premium   Microsoft 365 Business Premium  active    on         renews 14 Feb 2027     83"
            "  6180.00 EUR /yr               sales@contoso.example"
        ),
        (
            "contoso/visio     Visio Plan 2                    disabled  off        deleted 29 Dec 2026    36"
            "                                                       unmanaged"
        ),
        "",
        "3 subscriptions: 2 active, 1 disabled; 1 unmanaged; 6180.00 EUR and 1120.00 USD for one term of each.",
    ]


def test_it_is_told_as_of_another_instant(applied: World) -> None:
    rows = applied.run("status", "--format", "json", as_of="2026-08-21").document["subscriptions"]
    assert [(row["status"], row["days_left"]) for row in rows] == [("active", 116), ("active", 177), ("active", 10)]
    assert rows[2]["next"] == {"occasion": "ends", "on": "2026-08-31", "sure": True}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param(("--sort", "-cost"), ["premium", "power-bi", "visio"], id="sorted by cost, downwards"),
        pytest.param(("--sort", "next"), ["power-bi", "visio", "premium"], id="by the column's heading"),
        pytest.param(("--sort", "status,-name"), ["premium", "power-bi", "visio"], id="by two columns"),
        pytest.param(("--where", "status=disabled"), ["visio"], id="filtered"),
        pytest.param(("--where", "days<40", "--where", "managed=yes"), ["power-bi"], id="filtered twice"),
        pytest.param(("--where", "product=Visio*"), ["visio"], id="by a product's name"),
        pytest.param(("--where", "label:team=sales", "contoso/p*"), ["premium"], id="by a label and a key"),
        pytest.param(("--where", "status=expired"), [], id="nothing is like that"),
    ],
)
def test_rows_are_chosen_and_sorted(applied: World, words: tuple[str, ...], found: list[str]) -> None:
    assert keys(applied.run("status", *words, "--format", "json")) == found


def test_a_filter_that_matches_nothing_says_so_and_is_no_failure(applied: World) -> None:
    done = applied.run("status", "--where", "status=expired", "contoso/p*")
    assert (done.code, done.out) == (0, "None of 2 subscriptions matches: status=expired.\n")


def test_a_spreadsheet_gets_stable_names_dates_and_numbers(applied: World) -> None:
    done = applied.run("status", "--format", "csv", "--columns", "name,date,cost,managed")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert rows[0] == {
        "subscription": "contoso/power-bi",
        "next": "renews",
        "next_on": "2026-12-15",
        "cost": "1120.00",
        "currency": "USD",
        "cost_per": "P1Y",
        "cost_basis": "last-charge",
        "managed": "true",
    }
    assert rows[2]["cost"] == ""


def test_each_format_can_be_written_beside(applied: World) -> None:
    files = {name: applied.root / f"status.{name}" for name in ("csv", "json", "markdown", "text", "github")}
    words = [word for name, file in files.items() for word in ("--out", f"{name}={file}")]
    done = applied.run("status", *words)
    assert files["text"].read_text() == files["github"].read_text() == done.out
    for name in ("csv", "json", "markdown"):
        assert files[name].read_bytes().decode() == applied.run("status", "--format", name).out


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("--where", "statsu=active"), "bad-where", "did you mean 'status'?"),
        (("--where", "status=expird"), "bad-where", "did you mean 'expired'?"),
        (("--where", "managed=maybe"), "bad-where", "managed is one of: yes, no"),
        (("--where", "colour=red"), "bad-where", "fields are: status, recurring, cancellation, product, owner"),
        (("--where", "status"), "bad-where", "write FIELD=VALUE"),
        (("--where", "label:=sales"), "bad-where", "did you mean 'label:NAME'?"),
        (("--where", "days<soon"), "bad-where", "days is a whole number"),
        (("--where", "owner<b"), "bad-where", "only days have an order"),
        (("--sort", "cots"), "unknown-column", "did you mean 'cost'?"),
        (("--sort", ""), "unknown-column", "columns are: name, product, status"),
        (("--columns", "name,xyz"), "unknown-column", "columns are: name, product, status"),
    ],
)
def test_what_means_nothing_is_wrong_usage(world: World, words: tuple[str, ...], code: str, hint: str) -> None:
    failed = world.run("status", *words, "--format", "json")
    error = failed.document["error"]
    assert (failed.code, error["code"]) == (64, code)
    assert hint in error["hint"]


ROW = a_row(product="SPB", owner="it@contoso.example", labels={"team": "sales"}, length=TermLength.MONTHLY)
OTHER = a_row(managed=False, recurring=Recurring.OFF, price=Money(1, "EUR"), start=ended(0)["start"])
GONE = a_row(**ended(200))


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("status=active", "ro"),
        ("status!=active", "g"),
        ("status=[ad]*", "rog"),
        ("recurring=off", "og"),
        ("cancellation=none", "rog"),
        ("product=SPB", "r"),
        ("product=Microsoft 365*", "r"),
        ("product!=SPB", "og"),
        ("owner=", "og"),
        ("owner=*@contoso.example", "r"),
        ("account=contoso", "rog"),
        ("account=fabrikam", ""),
        ("managed=no", "o"),
        ("term=monthly", "r"),
        ("label:team=sales", "r"),
        ("label:team=", "og"),
        ("label:team!=sales", "og"),
        (" status = active ", "ro"),
        ("days=8", "r"),
        ("days!=8", "o"),
        ("days<8", ""),
        ("days<=8", "r"),
        ("days>8", "o"),
        ("days >= 8", "ro"),
    ],
)
def test_a_filter_matches(text: str, which: str) -> None:
    matches = matching([text])
    assert "".join(name for name, row in zip("rog", (ROW, OTHER, GONE), strict=True) if matches(row)) == which


def test_several_filters_hold_together() -> None:
    assert matching([])(GONE)
    assert matching(["recurring=off", "managed=no"])(OTHER)
    assert not matching(["recurring=off", "managed=no"])(GONE)


def test_columns_are_read_once_each_and_downwards_with_a_dash() -> None:
    assert sorting(None) == ()
    assert sorting("-cost, name,-days") == (("cost", True), ("name", False), ("days", True))
    assert chosen_columns(None) is None
    assert chosen_columns("subscription,next,name") == ("name", "date")
    with pytest.raises(UsageError):
        chosen_columns("-cost")


COMMAND = (sys.executable, "-m", "reconciler", "--as-of", "2026-11-23", "status")


def on_a_terminal(world: World, columns: int, *words: str) -> list[str]:
    """What a terminal of that width is shown."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, pack("HHHH", 40, columns, 0, 0))
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        (*COMMAND, "-C", str(world.root), "--no-color", *words), stdout=theirs, stdin=theirs, env=environ
    )
    os.close(theirs)
    shown = bytearray()
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # how a terminal says on Linux that nobody writes to it any more
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0
    return shown.decode().splitlines()


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_a_terminal_gets_what_it_has_room_for(applied: World, columns: int) -> None:
    lines = on_a_terminal(applied, columns)
    table = lines[: lines.index("")]
    assert max(map(len, table)) <= columns
    assert [line.split()[0] for line in table[1:]] == ["contoso/power-bi", "contoso/premium", "contoso/visio"]
    assert lines[-1].startswith("3 subscriptions: 2 active, 1 disabled")


def test_a_file_is_not_narrower_because_a_terminal_is(applied: World) -> None:
    file = applied.root / "status.txt"
    on_a_terminal(applied, 60, "--out", f"text={file}")
    assert file.read_text() == applied.run("status").out


@pytest.mark.parametrize("words", [("status",), ("--help",), ("status", "--help"), ("--version",)], ids=" ".join)
def test_a_reader_that_has_gone_is_no_failure(applied: World, words: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    command = (sys.executable, "-m", "reconciler", "-C", str(applied.root), *words)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_shell_that_completes_a_word_gets_its_own_exit_code(applied: World) -> None:
    environ = {**os.environ, "_RECONCILE_COMPLETE": "nonsense_source"}
    done = subprocess.run((sys.executable, "-m", "reconciler"), env=environ, capture_output=True, check=False)
    assert done.returncode == 1
