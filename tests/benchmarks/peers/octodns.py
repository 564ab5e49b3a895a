"""octoDNS (MIT) at the equal work: one zone of A records, declared and stored as its own YAML. Only as a process.

An A record in one file for the zone is what it is quickest at: other record types and many zones take it longer.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.peers.contender import Asked, Case, NotTheWork
from tests.benchmarks.peers.environments import environment_of, version_of
from tests.benchmarks.peers.work import wanted

REQUIREMENT = "octodns==1.22.0"
_ZONE = "subscriptions.example."
_SETTINGS = f"""\
providers:
  declared: {{class: octodns.provider.yaml.YamlProvider, directory: ./declared}}
  stored: {{class: octodns.provider.yaml.YamlProvider, directory: ./stored}}
zones:
  {_ZONE}: {{sources: [declared], targets: [stored]}}
"""
_TOTAL = re.compile(r"^\S+ +\[\d+\] INFO +Manager sync: +(\d+) total changes$", re.MULTILINE)
_SUMMARY = re.compile(r"^\* +Summary: Creates=(\d+), Updates=(\d+), Deletes=(\d+),", re.MULTILINE)
_NONE = re.compile(r"^No changes were planned$", re.MULTILINE)
_RECORD = re.compile(r"^(s\d+):\n(?:  .*\n)*?  value: 10\.0\.0\.(\d+)$", re.MULTILINE)


def record(name: str, number: int) -> str:
    """A record, laid out as octoDNS itself writes it."""
    return f"{name}:\n  ttl: 300\n  type: A\n  value: 10.0.0.{number}\n"


class OctoDNS:
    """octoDNS, from YamlProvider to YamlProvider."""

    name = "octoDNS"

    def __init__(self, folder: Path, environments: Path) -> None:
        self.home = folder
        self._environment = environment_of(REQUIREMENT, environments)
        self._size = 0

    def versions(self) -> dict[str, str]:
        """As all contenders."""
        return {
            "octoDNS": version_of(self._environment, "octodns"),
            "octoDNS's PyYAML": version_of(self._environment, "PyYAML"),
        }

    def build(self, size: int) -> None:
        """Both sides."""
        self._size = size
        self.home.mkdir(parents=True)
        (self.home / "production.yaml").write_text(_SETTINGS, "utf-8")
        for side in ("declared", "stored", "built"):
            (self.home / side).mkdir()
        self._write("built", changed=False)

    def _file(self, side: str) -> Path:
        return self.home / side / f"{_ZONE}yaml"

    def _write(self, side: str, *, changed: bool) -> None:
        records = "".join(record(name, number) for name, number in wanted(self._size, changed=changed))
        self._file(side).write_text(f"---\n{records}", "utf-8")

    def restore(self) -> None:
        """Both sides alike."""
        for side in ("declared", "stored"):
            shutil.copyfile(self._file("built"), self._file(side))

    def change(self) -> None:
        """Another address in each hundredth."""
        self._write("declared", changed=True)

    def before(self, case: Case) -> None:
        """It keeps nothing."""

    def asked(self, case: Case) -> Asked:
        """A sync, or what it would do."""
        words = [str(self._environment / "bin" / "octodns-sync"), "--config-file", "production.yaml"]
        return Asked([*words, "--doit"] if case is Case.APPLY else words, self.home)

    def said(self, output: str) -> int:
        """By the total of a sync, else by the summary of a plan."""
        return changes_in(output)

    def stored(self) -> Iterator[tuple[str, int]]:
        """The records of the file that it syncs to."""
        return records_in(self._file("stored").read_text("utf-8"))


def changes_in(output: str) -> int:
    """How many it planned, or made."""
    if total := _TOTAL.search(output):
        return int(total[1])
    if summary := _SUMMARY.search(output):
        return sum(map(int, summary.groups()))
    if _NONE.search(output):
        return 0
    raise NotTheWork(f"octoDNS names no number of changes:\n{output}")


def records_in(zone: str) -> Iterator[tuple[str, int]]:
    """The records of a zone's file, however octoDNS has left it."""
    for found in _RECORD.finditer(zone):
        yield found[1], int(found[2])
