"""Time zones: known by the names of the IANA database, whatever the machine has, and found without one of its own."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest

from reconciler.zones import Zones, zone_of


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "UTC", "CET"])
def test_a_zone_of_the_database_is_known(name: str) -> None:
    assert name in Zones()
    assert name in list(Zones())


@pytest.mark.parametrize(
    "name",
    [
        *("", "Berlin", "europe/berlin", "Europe", "Europe/", "Factory", "localtime", "posix/Europe/Berlin"),
        *("../../etc/passwd", "/etc/localtime", "Europe/Berlin\0", 5, None),
    ],
)
def test_what_no_database_names_is_none_whatever_files_there_are(name: object) -> None:
    assert name not in Zones()


def test_the_names_are_told_in_order_and_each_is_a_zone() -> None:
    names = list(Zones())
    assert names == sorted(set(names))
    assert len(names) > 400
    assert set(names) <= available_timezones()


def test_a_zone_knows_its_summer() -> None:
    berlin = zone_of("Europe/Berlin")
    offsets = [datetime(2026, month, 1, tzinfo=UTC).astimezone(berlin).utcoffset() for month in (1, 7)]
    assert offsets == [timedelta(hours=1), timedelta(hours=2)]


def test_where_the_system_has_no_zones_the_package_does() -> None:
    code = (
        "import zoneinfo; zoneinfo.reset_tzpath(to=[]); from reconciler.zones import Zones, zone_of; "
        "assert 'Europe/Berlin' in Zones(); print(zone_of('Europe/Berlin'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, "Europe/Berlin\n"), done.stderr


def test_nothing_is_imported_before_a_zone_is_asked_for() -> None:
    code = (
        "import sys; from reconciler.zones import Zones; Zones(); "
        "assert not {'zoneinfo', 'importlib.resources'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
