"""The example's GitHub workflow: what it says, and what its steps do when they are run as a runner would run them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from reconciler.views.markdown import MARKER
from tests.console import surroundings

EXAMPLE: Final = Path(__file__).resolve().parents[1] / "examples" / "github-workflow"
TEXT: Final = (EXAMPLE / ".github" / "workflows" / "reconcile.yml").read_text("utf-8")
# All scalars are texts: YAML 1.1 would read the key `on` as true.
WORKFLOW: Final[dict[str, Any]] = yaml.load(TEXT, Loader=yaml.BaseLoader)
JOBS: Final[dict[str, Any]] = WORKFLOW["jobs"]
STEPS: Final[list[dict[str, Any]]] = [step for job in JOBS.values() for step in job["steps"]]

# Another comment is there already, by a person who quotes ours.
COMMENTS: Final = [{"id": 1, "user": {"type": "User"}, "body": f"{MARKER} is what it begins with"}]

# As much of `gh api` as the workflow uses: lists comments through its own filter, makes one, writes over one.
GH: Final = """\
import json, re, sys
from pathlib import Path

arguments = sys.argv[1:]
assert arguments.pop(0) == "api", arguments
store = Path(__file__).with_name("comments.json")
comments = json.loads(store.read_text("utf-8"))
named = [name for name in ("--method", "--jq", "--field") if name in arguments]
options = {name: arguments.pop(arguments.index(name) + 1) for name in named}
(address,) = (word for word in arguments if not word.startswith("--"))
prefix = "repos/contoso/subscriptions/issues"
match options.get("--method", "GET"), address:
    case "GET", address if address == f"{prefix}/7/comments":
        form = '.[] | select(.user.type == "KIND" and (.body | startswith("START"))) | .id'
        pattern = re.escape(form).replace("KIND", "(.+)").replace("START", "(.+)")
        kind, start = re.fullmatch(pattern, options["--jq"]).groups()
        for comment in comments:
            if comment["user"]["type"] == kind and comment["body"].startswith(start):
                print(comment["id"])
        sys.exit()
    case "POST", address if address == f"{prefix}/7/comments":
        comments.append({"id": len(comments) + 1, "user": {"type": "Bot"}, "body": ""})
        written = comments[-1]
    case "PATCH", address:
        (written,) = (comment for comment in comments if address == f"{prefix}/comments/{comment['id']}")
key, _, file = options["--field"].partition("=@")
written[key] = Path(file).read_text("utf-8")
store.write_text(json.dumps(comments), "utf-8")
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one step with a script did."""

    name: str
    exit_code: int
    printed: str


@dataclass
class Runner:
    """Runs the jobs of the workflow in one repository: scripts as they stand, the few actions that are used by hand."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(EXAMPLE, self.checkout)
        for folder in ("around", "artefacts", "empty", "disk"):
            (self.root / folder).mkdir()
        gh = self.root / "around" / "gh.py"
        gh.write_text(GH, "utf-8")
        gh.with_name("comments.json").write_text(json.dumps(COMMENTS), "utf-8")
        base = surroundings(self.root / "around")
        launcher = self.root / "around" / "bin" / "gh"
        launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{gh}" "$@"\n', "utf-8")
        launcher.chmod(0o755)
        self.environment = {
            **base,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "ada",
            "GITHUB_REPOSITORY": "contoso/subscriptions",
            "GITHUB_RUN_ID": "4711",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_STEP_SUMMARY": str(self.root / "summary.md"),
        }

    @property
    def checkout(self) -> Path:
        """The repository."""
        return self.root / "repository"

    @property
    def store(self) -> Path:
        """The store, on the runner's disk."""
        return self.root / "disk" / "state.db"

    @property
    def comments(self) -> list[str]:
        """What stands below the pull request."""
        found = json.loads((self.root / "around" / "comments.json").read_text("utf-8"))
        return [comment["body"] for comment in found]

    def edit(self, file: str) -> None:
        """The next commit: one of the example's edits."""
        shutil.copy(EXAMPLE / file, self.checkout / "specs" / "contoso")

    def reconcile(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command that a person gives on the runner."""
        environment = self.environment | {"RECONCILE_STORE": f"sqlite:///{self.store}"}
        return subprocess.run(
            ["reconcile", *words], cwd=self.checkout, env=environment, capture_output=True, text=True, check=False
        )

    def job(self, name: str) -> list[Ran]:
        """Run a job; the steps whose scripts ran, in order."""
        job = JOBS[name]
        # A job without a checkout starts in an empty folder.
        checks_out = any("actions/checkout@" in step.get("uses", "") for step in job["steps"])
        folder = self.checkout if checks_out else self.root / "empty"
        ran: list[Ran] = []
        for step in job["steps"]:
            failed = any(item.exit_code for item in ran)
            if not _due(step.get("if"), failed=failed):
                continue
            if "uses" in step:
                self._action(step, folder)
            else:
                ran.append(self._script(step, folder))
        return ran

    def _action(self, step: Mapping[str, Any], folder: Path) -> None:
        action = step["uses"].partition("@")[0]
        given = step.get("with", {})
        match action:
            case "actions/checkout":
                assert given == {"persist-credentials": "false"}
                self._cleaned()
            case "actions/upload-artifact":
                shutil.copy(folder / given["path"], self.root / "artefacts" / given["name"])
            case "actions/download-artifact":
                shutil.copy(self.root / "artefacts" / given["name"], folder / f"{given['name']}.md")
            case _:
                raise NotImplementedError(action)

    def _cleaned(self) -> None:
        """A checkout takes away what earlier runs left, as `git clean` does."""
        for path in self.checkout.rglob("*"):
            if path.is_file() and not (EXAMPLE / path.relative_to(self.checkout)).is_file():
                path.unlink()

    def _script(self, step: Mapping[str, Any], folder: Path) -> Ran:
        script = self.root / "script.sh"
        script.write_text(step["run"], "utf-8")
        own = {name: EXPRESSIONS[value] for name, value in step.get("env", {}).items()}
        shown = {**WORKFLOW["env"], "RECONCILE_STORE": f"sqlite:///{self.store}"}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=folder,
            env=self.environment | shown | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(step.get("name", ""), done.returncode, done.stdout)


EXPRESSIONS: Final = {"${{ github.token }}": "a-token", "${{ github.event.pull_request.number }}": "7"}


def _due(condition: str | None, *, failed: bool) -> bool:
    """Whether a step is run, given what ran before it in its job."""
    return {None: not failed, "failure()": failed, "${{ !cancelled() }}": True}[condition]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A repository with a runner, and a store in which all is as the specs say."""
    made = Runner(tmp_path)
    assert made.reconcile("--allow", "new-store").returncode == 0
    return made


def test_it_starts_on_these_events_and_no_other() -> None:
    assert WORKFLOW["on"] == {
        "pull_request": "",
        "push": {"branches": ["main"]},
        "schedule": [{"cron": "23 3 * * *"}],
        "workflow_dispatch": "",
    }


def test_each_job_may_do_what_it_needs_and_no_more() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "plan": {"contents": "read"},
        "comment": {"pull-requests": "write"},
        "apply": {"contents": "read"},
    }


def test_what_may_write_to_the_pull_request_runs_nothing_of_it() -> None:
    steps = JOBS["comment"]["steps"]
    assert [step["uses"].partition("@")[0] for step in steps if "uses" in step] == ["actions/download-artifact"]
    assert not any("reconcile " in step.get("run", "") for step in steps)


def test_a_pull_request_never_applies_and_a_fork_runs_nothing_on_our_runner() -> None:
    assert JOBS["apply"]["if"] == "github.event_name != 'pull_request' && github.ref == 'refs/heads/main'"
    assert "github.event.pull_request.head.repo.full_name == github.repository" in JOBS["plan"]["if"]
    assert JOBS["comment"]["needs"] == "plan"


def test_applies_wait_for_each_other_and_for_the_environment() -> None:
    assert JOBS["apply"]["concurrency"] == {"group": "apply", "cancel-in-progress": "false"}
    assert JOBS["apply"]["environment"] == "subscriptions"
    assert all(int(job["timeout-minutes"]) > 0 for job in JOBS.values())


def test_every_action_is_pinned_to_a_commit_and_names_its_release() -> None:
    used = re.findall(r"uses: (.*)", TEXT)
    assert len(used) == len([step for step in STEPS if "uses" in step])
    assert [line for line in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_nothing_foreign_is_pasted_into_a_script() -> None:
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_the_store_is_outside_the_checkout() -> None:
    assert WORKFLOW["env"] == {"RECONCILE_STORE": "sqlite:////var/lib/reconcile/state.db"}


def test_the_comment_is_found_by_the_mark_that_plans_begin_with() -> None:
    assert f'startswith("{MARKER}")' in JOBS["comment"]["steps"][-1]["run"]


def test_a_pull_request_gets_one_comment_which_each_push_renews(runner: Runner) -> None:
    assert [step.exit_code for step in runner.job("plan")] == [0, 0]
    assert [step.exit_code for step in runner.job("comment")] == [0]
    runner.edit("step-2/licences.yaml")
    plan = runner.job("plan")[-1]
    runner.job("comment")
    assert "::notice file=specs/contoso/licences.yaml,line=15,col=16,title=turn off" in plan.printed
    quoted, ours = runner.comments
    assert quoted == COMMENTS[0]["body"]
    assert "**Plan: 1 to turn off, 2 unchanged.**" in ours


def test_a_pull_request_with_an_error_fails_and_its_comment_says_why(runner: Runner) -> None:
    runner.edit("step-2/licences.yaml")
    runner.job("plan")
    runner.job("comment")
    runner.edit("step-3/licences.yaml")
    ran = runner.job("plan")
    runner.job("comment")
    assert [(step.name, step.exit_code) for step in ran] == [("Check the specs", 1), ("Say why there is no plan", 0)]
    assert "::error file=specs/contoso/licences.yaml,line=15,col=16," in ran[0].printed
    (_, ours) = runner.comments
    assert "specs/contoso/licences.yaml:15:16" in ours
    assert "1 to turn off" not in ours


def test_a_dry_run_changes_no_byte_of_the_store(runner: Runner) -> None:
    runner.edit("step-2/licences.yaml")
    before = runner.store.read_bytes()
    runner.job("plan")
    assert runner.store.read_bytes() == before


def test_a_merge_applies_and_keeps_a_copy_and_the_night_finds_nothing_left(runner: Runner) -> None:
    runner.edit("step-2/licences.yaml")
    assert [step.exit_code for step in runner.job("apply")] == [0, 0, 0]
    assert "**Recorded: 1 turned off." in (runner.root / "summary.md").read_text("utf-8")
    night = runner.job("apply")
    assert "No changes. 3 subscriptions match their specs." in night[0].printed
    history = json.loads(runner.reconcile("history", "contoso/visio-plan-2", "--format", "json").stdout)
    last = history["entries"][-1]
    assert (last["kind"], last["actor"]) == ("turn-off-recurring", "ada")
    assert last["ci_run"] == "https://github.example/contoso/subscriptions/actions/runs/4711"


def test_a_lost_store_refuses_and_its_copy_brings_everything_back(runner: Runner) -> None:
    runner.edit("step-2/licences.yaml")
    runner.job("apply")
    copy = runner.root / "artefacts" / "store"
    kept = copy.read_bytes()
    runner.store.unlink()

    ran = runner.job("plan")
    assert "new-store" in ran[-1].printed
    with pytest.raises(FileNotFoundError):  # there is nothing to copy, and uploading it fails
        runner.job("apply")
    assert "and there is no store here" in (runner.checkout / "applied.md").read_text("utf-8")
    assert not runner.store.exists()

    assert runner.reconcile("store", "import", str(copy)).returncode == 0
    ran = runner.job("apply")
    assert [step.exit_code for step in ran] == [0, 0, 0]
    assert "No changes. 3 subscriptions match their specs." in ran[0].printed
    assert copy.read_bytes() == kept


def test_a_lost_store_ends_the_apply_with_exit_code_3(runner: Runner) -> None:
    runner.store.unlink()
    done = runner.reconcile()
    assert done.returncode == 3
    assert not runner.store.exists()
