"""The measurement against peers, without any peer: the work, the proofs of it, the clock and the rounds."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.benchmarks.peers import __main__ as command
from tests.benchmarks.peers import environments, machine, octodns, ours, rounds, terraform, work
from tests.benchmarks.peers.contender import Asked, Case, NotThere, NotTheWork
from tests.benchmarks.peers.figures import Measured, Missing
from tests.benchmarks.peers.rounds import Bounds
from tests.benchmarks.peers.timing import Timed, timed

# The work


def test_each_hundredth_item_is_changed() -> None:
    found = [name for (name, then), (_, now) in zip(*both(250), strict=True) if then != now]
    assert found == ["s0000000", "s0000100", "s0000200"]
    assert work.changes(250) == len(found)


def both(size: int) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Before and after."""
    before, after = (list(work.wanted(size, changed=changed)) for changed in (False, True))
    return before, after


def test_what_is_stored_may_come_in_any_order() -> None:
    assert work.differing(reversed(both(3)[1]), 3, changed=True) is None


@pytest.mark.parametrize(
    ("found", "told"),
    [
        pytest.param([("s0000000", 26)], "it holds None", id="one is missing"),
        pytest.param([("s0000000", 26), ("s0000001", 25), ("s0000002", 25)], "must hold None", id="one is too many"),
        pytest.param([("s0000000", 25), ("s0000001", 25)], "must hold ('s0000000', 26)", id="a change was not made"),
        pytest.param([("s0000000", 26), ("s0000001", 26)], "must hold ('s0000001', 25)", id="another was changed too"),
    ],
)
def test_what_is_stored_wrongly_is_named(found: list[tuple[str, int]], told: str) -> None:
    assert told in str(work.differing(found, 2, changed=True))


def test_all_declare_the_same_names_and_numbers(tmp_path: Path) -> None:
    declared: list[list[tuple[str, int]]] = []
    work.write_files(tmp_path / "ours", ours.HEAD, ours.item, 150, changed=True)
    work.write_files(tmp_path / "theirs", "", terraform.item, 150, changed=True)
    found = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((tmp_path / "ours").iterdir())]
    assert [len(file["subscriptions"]) for file in found] == [100, 50]
    declared.append([(name, item["facts"]["seats"]) for file in found for name, item in file["subscriptions"].items()])
    found = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((tmp_path / "theirs").iterdir())]
    declared.append([(name, item["seats"]) for file in found for name, item in file.items()])
    zone = "".join(octodns.record(name, number) for name, number in work.wanted(150, changed=True))
    declared.append([(name, int(item["value"].rpartition(".")[2])) for name, item in yaml.safe_load(zone).items()])
    declared.append(list(octodns.records_in(zone)))
    assert declared == [both(150)[1]] * 4


# What each says, as it was printed by the versions that are measured

OURS_PLAN = """\
~ update    contoso/s0000900    Microsoft 365 Business Premium
      seats 25 -> 26
      why: specs/part-00009.yaml:8:14
Plan: 1,010 to update, 99,990 unchanged.
Renew within 30 days, undecided: 0.
"""
OURS_APPLY = """\
To take it back, as a change of the specs: reconcile undo 20261123T153231Z-f898d8a6
Recorded: 10 updated. Nothing changed at a vendor: contoso is a ledger.
"""
OURS_REGISTER = """\
+ register    contoso    1,000 subscriptions

Plan: 1,000 to register.
"""
OCTODNS_PLAN = """\
*   Update
*     <ARecord A 300, s0000900.subscriptions.example., ['10.0.0.25']> ->
*     <ARecord A 300, s0000900.subscriptions.example., ['10.0.0.26']> (declared)
*   Summary: Creates=0, Updates=10, Deletes=0, Existing=1000, Meta=False
********************************************************************************


"""
OCTODNS_NONE = """\
********************************************************************************
No changes were planned
********************************************************************************
"""
OCTODNS_APPLY = f"""{OCTODNS_PLAN}
2026-11-23T15:35:23  [139810864118656] INFO    YamlProvider[stored] apply: making 10 changes to subscriptions.example.
2026-11-23T15:35:23  [139810864118656] INFO    Manager sync:   10 total changes
"""
TERRAFORM_PLAN = """\
Plan: 0 to add, 10 to change, 0 to destroy.

─────────────────────────────────────────────────────────────────────────────

Note: You didn't use the -out option to save this plan, so Terraform can't
guarantee to take exactly these actions if you run "terraform apply" now.
"""
TERRAFORM_NONE = """\

No changes. Your infrastructure matches the configuration.

Terraform has compared your real infrastructure against your configuration
and found no differences, so no changes are needed.
"""
TERRAFORM_APPLY = """\
Plan: 0 to add, 10 to change, 0 to destroy.
terraform_data.subscription["s0000800"]: Modifications complete after 1s [id=00000000-0000-0000-0000-000000000320]

Apply complete! Resources: 0 added, 9 changed, 0 destroyed.
"""


@pytest.mark.parametrize(
    ("read", "output", "said"),
    [
        pytest.param(ours.changes_in, "No changes. 1,000 subscriptions match their specs.\n", 0, id="ours, no change"),
        pytest.param(ours.changes_in, OURS_PLAN, 1010, id="ours, a plan"),
        pytest.param(ours.changes_in, OURS_APPLY, 10, id="ours, an apply"),
        pytest.param(octodns.changes_in, OCTODNS_NONE, 0, id="octoDNS, no change"),
        pytest.param(octodns.changes_in, OCTODNS_PLAN, 10, id="octoDNS, a plan"),
        pytest.param(octodns.changes_in, OCTODNS_APPLY, 10, id="octoDNS, an apply"),
        pytest.param(terraform.changes_in, TERRAFORM_NONE, 0, id="Terraform, no change"),
        pytest.param(terraform.changes_in, TERRAFORM_PLAN, 10, id="Terraform, a plan"),
        pytest.param(terraform.changes_in, TERRAFORM_APPLY, 9, id="Terraform, by what it made and not what it planned"),
    ],
)
def test_the_number_of_changes_is_read_from_what_a_program_prints(read: Any, output: str, said: int) -> None:
    assert read(output) == said


@pytest.mark.parametrize(
    ("read", "output"),
    [
        pytest.param(ours.changes_in, OURS_REGISTER, id="ours, other changes"),
        pytest.param(octodns.changes_in, "Traceback (most recent call last):", id="octoDNS, an error"),
        pytest.param(terraform.changes_in, "Error: Unsupported argument", id="Terraform, an error"),
    ],
)
def test_an_output_without_such_a_number_is_no_work_done(read: Any, output: str) -> None:
    with pytest.raises(NotTheWork):
        read(output)


ADDRESSES = """\
---
s0000000:
  ttl: 300
  type: A
  value: 10.0.0.26
s0000001:
  type: A
  value: 10.0.0.25
"""


def test_records_are_read_from_a_zone_as_octodns_leaves_it() -> None:
    assert list(octodns.records_in(ADDRESSES)) == [("s0000000", 26), ("s0000001", 25)]


def seeded() -> dict[str, Any]:
    """A state file of Terraform's, with what we look at."""
    value = {"value": {"product": "SPB", "seats": 25}, "type": ["object", {"product": "string", "seats": "number"}]}
    first = {"index_key": "s0000000", "attributes": {"id": "x", "input": value, "output": copy.deepcopy(value)}}
    return {"version": 4, "serial": 11, "resources": [{"type": "terraform_data", "instances": [first]}]}


def test_a_state_file_grows_to_the_size_of_the_work() -> None:
    grown = terraform.grown(seeded(), 250)
    assert list(terraform.stored_in(grown)) == both(250)[0]
    assert len({item["attributes"]["id"] for item in terraform.instances(grown)}) == 250
    assert len(terraform.instances(seeded())) == 1


def test_an_instance_that_is_not_what_it_was_given_is_no_work_done() -> None:
    half = seeded()
    terraform.instances(half)[0]["attributes"]["input"]["value"]["seats"] = 26
    with pytest.raises(NotTheWork, match="was given 26 and holds 25"):
        list(terraform.stored_in(half))


def test_we_do_the_work_that_is_measured(tmp_path: Path) -> None:
    contender = ours.Ours(tmp_path, cold=True)
    contender.build(101)
    contender.restore()
    for case in Case:
        if case is Case.PLAN:
            contender.change()
        contender.before(case)
        done = timed(contender.asked(case), contender.home, 60)
        assert done is not None
        rounds.prove(contender, case, done, 101)
    contender.restore()
    assert work.differing(contender.stored(), 101, changed=False) is None


# The clock


def python(code: str, cwd: Path) -> Asked:
    """A process of this Python's."""
    return Asked((sys.executable, "-I", "-S", "-c", code), cwd)


def test_a_process_is_measured_from_the_outside(tmp_path: Path) -> None:
    done = timed(python("print(len(bytearray(60 << 20)))", tmp_path), tmp_path, 60)
    assert done is not None
    assert done.output == f"{60 << 20}\n"
    assert done.seconds > 0
    assert done.processor > 0
    assert 60 < done.mebibytes < 120


def test_what_we_hold_ourselves_does_not_count_as_its_memory(tmp_path: Path) -> None:
    held = bytearray(b"x") * (100 << 20)
    done = timed(python("pass", tmp_path), tmp_path, 60)
    assert done is not None
    assert done.mebibytes < len(held) >> 20


def test_only_the_end_of_a_long_output_is_kept(tmp_path: Path) -> None:
    done = timed(python("print('x' * 100_000 + 'the end')", tmp_path), tmp_path, 60)
    assert done is not None
    assert done.output.endswith("the end\n")
    assert len(done.output) < 20_000


def test_a_process_has_nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_STORE", "sqlite:///theirs.db")
    done = timed(python("import os; print(sorted(os.environ))", tmp_path), tmp_path, 60)
    assert done is not None
    assert "'HOME'" in done.output
    assert "RECONCILE_STORE" not in done.output


def test_a_failing_process_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(NotTheWork, match=r"ended with 3:\nso"):
        timed(python("import sys; print('so'); sys.exit(3)", tmp_path), tmp_path, 60)


def test_a_process_that_cannot_be_started_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(NotTheWork, match="could not be started"):
        timed(Asked((str(tmp_path / "nobody"),), tmp_path), tmp_path, 60)


def test_a_process_is_ended_at_its_limit_with_all_that_it_started(tmp_path: Path) -> None:
    child = "import os, signal; open('pid', 'w').write(str(os.getpid())); signal.pause()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', {child!r}])"
    assert timed(python(code, tmp_path), tmp_path, 0.5) is None
    started = tmp_path / "pid"
    if started.exists() and started.read_text("utf-8"):  # on a busy machine it may not have come that far
        stat = Path(f"/proc/{started.read_text('utf-8')}/stat")
        assert not stat.exists() or ") Z " in stat.read_text("utf-8")


# The rounds


@dataclass
class Fake:
    """A contender without a program: it takes these seconds at each hundred items, and does what it is told to."""

    name: str
    home: Path
    log: list[str]
    seconds: float = 1.0
    says: dict[Case, int] = field(default_factory=dict)
    forgets: bool = False
    size: int = 0
    changed: bool = False
    applied: bool = False

    def versions(self) -> dict[str, str]:
        return {self.name: "1.0"}

    def build(self, size: int) -> None:
        self.size = size

    def restore(self) -> None:
        self.changed = self.applied = False

    def change(self) -> None:
        self.changed = True

    def before(self, case: Case) -> None:
        self.log.append(f"{self.name} {self.size} {case}")

    def asked(self, case: Case) -> Asked:
        self.applied = self.applied or (case is Case.APPLY and not self.forgets)
        return Asked((self.name, case), self.home)

    def said(self, output: str) -> int:
        case = Case(output)
        return self.says.get(case, work.changes(self.size) if self.changed else 0)

    def stored(self) -> Iterator[tuple[str, int]]:
        return work.wanted(self.size, changed=self.applied)


@dataclass
class Field:
    """Contenders that share a clock."""

    tmp_path: Path
    log: list[str] = field(default_factory=list)
    fakes: dict[str, Fake] = field(default_factory=dict)

    def add(self, name: str, **given: Any) -> Fake:
        self.fakes[name] = Fake(name, self.tmp_path, self.log, **given)
        return self.fakes[name]

    def measure(self, *sizes: int, bounds: Bounds) -> list[Measured | Missing]:
        makers = {name: (lambda folder, fake=fake: fake) for name, fake in self.fakes.items()}
        return list(rounds.measure(makers, sizes, bounds, self.tmp_path))

    def timed(self, asked: Asked, home: Path, limit: float) -> Timed | None:
        name, case = asked.words
        fake = self.fakes[name]
        seconds = fake.seconds * fake.size / 100
        return None if seconds > limit else Timed(seconds, seconds, 10.0, case)


@pytest.fixture
def entrants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Field:
    """A field with nobody in it yet."""
    found = Field(tmp_path)
    monkeypatch.setattr(rounds, "timed", found.timed)
    return found


BOUNDS = Bounds(rounds=2, limit=100.0, patience=60.0)


def test_contenders_run_in_turn_and_another_one_begins_each_round(entrants: Field) -> None:
    entrants.add("a")
    entrants.add("b")
    found = entrants.measure(100, bounds=BOUNDS)
    order = [(item.round, item.contender) for item in found if isinstance(item, Measured) and item.case is Case.PLAN]
    assert order == [(0, "a"), (0, "b"), (1, "b"), (1, "a")]
    assert [item.case for item in found[:3]] == list(Case)


def test_the_first_round_at_the_smallest_size_is_not_counted(entrants: Field) -> None:
    entrants.add("a")
    found = entrants.measure(100, 200, bounds=replace(BOUNDS, rounds=1))
    assert len(found) == 6
    assert len(entrants.log) == 9


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param({"says": {Case.NOTHING: 1}}, "speaks of 1 changes, and there are 0", id="changes where none are"),
        pytest.param({"says": {Case.PLAN: 0}}, "speaks of 0 changes, and there are 2", id="a change overlooked"),
        pytest.param({"forgets": True}, "must hold .'s0000000', 26.", id="an apply that wrote nothing"),
    ],
)
def test_who_does_not_do_the_work_gets_no_figure(entrants: Field, given: dict[str, Any], told: str) -> None:
    entrants.add("a", **given)
    with pytest.raises(NotTheWork, match=told):
        entrants.measure(200, bounds=BOUNDS)


def test_what_takes_too_long_is_ended_and_larger_sizes_are_not_tried(entrants: Field) -> None:
    entrants.add("a", seconds=0.01)
    entrants.add("b", seconds=101)
    found = [item for item in entrants.measure(100, 1000, bounds=BOUNDS) if isinstance(item, Missing)]
    assert [(item.contender, item.size, item.why, item.over) for item in found] == [
        ("b", 100, "ended after 100 s", 100.0),
        ("b", 100, "not begun: 100 s were used up", None),
        ("b", 100, "not begun: 100 s were used up", None),
        *[("b", 1000, "not tried: 100 was not finished", None)] * 3,
    ]


def test_what_would_take_too_long_is_not_begun(entrants: Field) -> None:
    entrants.add("a", seconds=11)
    found = [item for item in entrants.measure(100, 1000, bounds=BOUNDS) if isinstance(item, Missing)]
    assert {item.why for item in found} == {"not tried: 100 took up to 11 s, so this takes over 100 s"}
    assert len(found) == len(Case)


def test_nothing_is_begun_once_the_time_of_a_size_is_used_up(entrants: Field) -> None:
    entrants.add("a", seconds=60)
    found = entrants.measure(100, bounds=BOUNDS)
    assert [type(item) for item in found] == [Measured, Measured, Missing]
    assert isinstance(found[2], Missing)
    assert found[2].why == "not begun: 120 s were used up"


def test_more_rounds_end_with_the_patience(entrants: Field) -> None:
    entrants.add("a", seconds=10)
    entrants.add("b", seconds=11)
    found = entrants.measure(100, bounds=replace(BOUNDS, rounds=5))
    assert [len([item for item in found if item.contender == name]) for name in ("a", "b")] == [6, 3]


# The command


def test_who_cannot_be_installed_is_missing_and_stops_nobody(entrants: Field) -> None:
    fake = entrants.add("a")

    def nobody(folder: Path) -> Fake:
        raise NotThere("b==1 cannot be installed: no network")

    found = command.run({"a": lambda folder: fake, "b": nobody}, (100,), BOUNDS, entrants.tmp_path)
    assert {item.contender for item in found.measured} == {"a"}
    assert {(item.contender, item.why) for item in found.missing} == {("b", "b==1 cannot be installed: no network")}
    assert found.versions["a"] == "1.0"
    assert set(found.versions) == {"commit", "a"}


def test_a_contender_is_called_as_it_calls_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (octodns, terraform):
        monkeypatch.setattr(module, "environment_of", lambda requirement, folder: folder / requirement)
    found = command.contenders(tmp_path)
    assert [maker(tmp_path / name).name for name, maker in found.items()] == list(found)


@pytest.mark.parametrize("words", [["--sizes", "100,0"], ["--sizes", "many"], ["--only", "Pulumi"]])
def test_what_cannot_be_measured_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(words)
    assert words[0] in capsys.readouterr().err


def test_an_environment_that_could_not_be_filled_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(words: list[str], **given: Any) -> subprocess.CompletedProcess[str]:
        (tmp_path / "peer==1-py").mkdir(exist_ok=True)
        return subprocess.CompletedProcess(words, 1, "", "ERROR: No matching distribution\n")

    monkeypatch.setattr(subprocess, "run", fails)
    for _ in range(2):
        with pytest.raises(NotThere, match="peer==1 cannot be installed: ERROR: No matching distribution"):
            environments.environment_of("peer==1", tmp_path)


def test_the_machine_is_described() -> None:
    found = machine.machine()
    assert found["processors"].isdigit()
    assert all(found.values())
    assert float(machine.Beside().processors() or 0) >= 0
