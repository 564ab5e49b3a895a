"""How the program ends: at once, once it has told whoever asked to be told, and not while anybody is at work."""

from __future__ import annotations

import subprocess
import sys

LEAVES = "; from reconciler.cli.entry import main; sys.argv = ['reconcile', '--version']; main()"


def ends(code: str) -> tuple[int, str]:
    """The exit code of this program, and what it prints beside the version."""
    done = subprocess.run([sys.executable, "-c", f"import sys{code}"], capture_output=True, check=False, text=True)
    version, *printed = done.stdout.splitlines()
    assert version.startswith("reconcile"), done
    return done.returncode, "".join(printed)


def test_what_asked_to_be_told_of_the_end_is_told() -> None:
    assert ends(", atexit; atexit.register(print, 'told')" + LEAVES) == (0, "told")


def test_nothing_is_taken_apart() -> None:
    kept = ", builtins\nclass Kept:\n def __del__(self): print('taken apart')\nbuiltins.kept = Kept()\npass"
    assert ends(kept + LEAVES) == (0, "")


def test_it_waits_for_whoever_is_still_at_work() -> None:
    late = ", threading; at_end = threading.main_thread().join"
    late += "; threading.Thread(target=lambda: (at_end(), print('at work'))).start()"
    assert ends(late + LEAVES) == (0, "at work")


def test_whoever_watches_has_the_last_word() -> None:
    watched = ", cProfile; from reconciler.cli.entry import main; sys.argv = ['reconcile', '--version']; "
    code, printed = ends(watched + "cProfile.run('main()')")
    assert code == 0
    assert "function calls" in printed


def test_a_mistake_keeps_its_exit_code() -> None:
    code = "import sys; from reconciler.cli.entry import main; sys.argv = ['reconcile', '--wrong']; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == 64
    assert "--wrong" in done.stderr
