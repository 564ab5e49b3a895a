"""A newer export confirms what people were asked to do, or contradicts what they said."""

from __future__ import annotations

import json

from tests.cli.office import OPEN, VISIO, Office, asked, office
from tests.cli.world import Done, kinds

__all__ = ["asked", "office"]

SHOWN_OFF = "Visio,VISIOCLIENT,annual,2026-03-01,off,,1\n"
SHOWN_ON = "Visio,VISIOCLIENT,annual,2026-03-01,on,,1\n"


def shown(done: Done) -> list[tuple[str, str, str]]:
    """What an import says of tasks."""
    return [(item["subscription"], item["kind"], item["shown"]) for item in done.document["tasks"]]


def test_an_export_that_shows_the_target_confirms_the_task(asked: Office) -> None:
    dry = asked.export(SHOWN_OFF, "--dry-run", "--detailed-exitcode", "--format", "json")
    assert (dry.code, shown(dry)) == (2, [(OPEN, "turn-off-recurring", "confirmed")])
    assert len(asked.open()) == 1
    done = asked.export(SHOWN_OFF)
    assert (done.code, done.err) == (0, "")
    assert done.last == (
        "Imported: 1 confirmed by hand. Nothing changed at a vendor: kiosk is changed by people alone."
    )
    assert asked.told()[-1] == ("turn-off-recurring", "succeeded", "confirmed by import of export.csv")
    assert (asked.pair()[1], asked.open(), asked.plan()["changes"]) == ("off", [], [])


def test_an_export_that_shows_the_state_before_leaves_the_task_open(asked: Office) -> None:
    done = asked.export(SHOWN_ON, "--format", "json")
    assert (done.code, shown(done)) == (0, [(OPEN, "turn-off-recurring", "not-done")])
    assert asked.open() == [(OPEN, "turn-off-recurring", False, False)]
    assert "Nothing to import: 1 not done by hand, 1 unchanged." in asked.export(SHOWN_ON).out


def test_an_export_that_says_nothing_of_it_says_nothing_of_the_task(asked: Office) -> None:
    done = asked.export("Visio,VISIOCLIENT,annual,2026-03-01,,,1\n", "--format", "json")
    assert shown(done) == []
    assert len(asked.open()) == 1


def test_recurring_off_alone_does_not_show_a_cancellation(office: Office) -> None:
    office.specs(VISIO + "  cancel: at-renewal\n")
    office.apply()
    done = office.export(SHOWN_OFF, "--format", "json")
    assert shown(done) == [(OPEN, "cancel-at-renewal", "unclear")]
    assert [item["kind"] for item in done.document["differing"]] == ["turn-off-recurring"]
    assert len(office.open()) == 1
    confirmed = office.export("Visio,VISIOCLIENT,annual,2026-03-01,off,at-renewal,1\n", "--format", "json")
    assert shown(confirmed) == [(OPEN, "cancel-at-renewal", "confirmed")]
    assert office.pair() == ("active", "off", "at-renewal")
    office.specs(VISIO + "  recurring: off\n  cancel: none\n")
    office.apply()
    unsaid = office.export(SHOWN_OFF, "--format", "json")
    assert shown(unsaid) == [(OPEN, "undo-cancel", "unclear")]
    said = office.export("Visio,VISIOCLIENT,annual,2026-03-01,off,none,1\n", "--format", "json")
    assert shown(said) == [(OPEN, "undo-cancel", "confirmed")]
    assert office.pair() == ("active", "off", "none")


def test_a_confirmed_task_stands_on_what_else_the_same_export_changes(asked: Office) -> None:
    asked.export(SHOWN_OFF.replace(",1\n", ",7\n"), "--update")
    assert [item[:2] for item in asked.told()[-2:]] == [("update", "succeeded"), ("turn-off-recurring", "succeeded")]
    line = asked.row()
    assert (line["seats"], line["recurring"]) == (7, "off")


def test_what_was_said_to_be_done_goes_back_where_a_newer_export_shows_otherwise(asked: Office) -> None:
    asked.run("done", OPEN, "--evidence", "I saw it")
    asked.on("2026-12-01")
    dry = asked.export(SHOWN_ON, "--dry-run", "--format", "json")
    assert shown(dry) == [(OPEN, "turn-off-recurring", "contradicted")]
    assert asked.pair()[1] == "off"
    done = asked.export(SHOWN_ON)
    assert "it was done by hand on 2026-11-23; evidence: I saw it, and is shown as it was before" in done.out
    assert done.last.startswith("Imported: 1 contradicted by hand.")
    assert asked.pair() == ("active", "on", "none")
    assert asked.told()[-1][:2] == ("turn-on-recurring", "succeeded")
    assert "export.csv shows it as it was before it was done by hand" in (asked.told()[-1][2] or "")
    assert kinds(asked.apply()) == [(OPEN, "turn-off-recurring")]
    assert asked.open() == [(OPEN, "turn-off-recurring", False, False)]


def test_what_time_did_on_a_false_word_it_did_not_do(asked: Office) -> None:
    asked.run("done", OPEN)
    asked.on("2027-03-05")
    asked.apply()
    assert asked.pair()[0] == "expired"
    asked.on("2027-06-05")
    asked.export(SHOWN_ON)
    assert asked.pair() == ("active", "on", "none")
    assert asked.row()["term"]["end"] == "2028-03-01T00:00:00Z"
    asked.apply()
    assert [item[0] for item in asked.told()[-3:]] == ["turn-on-recurring", "renewed", "turn-off-recurring"]


def test_an_end_at_once_that_was_only_said_goes_back_too(office: Office) -> None:
    monthly = "visio:\n  facts: {product: VISIOCLIENT, term: annual, start: 2026-11-20}\n"
    office.specs(monthly.replace("visio", "trial"))
    office.apply()
    confirm = "    when: immediately\n    reason: bought twice\n    confirm: kiosk/trial@2026-11-20\n"
    office.specs(monthly.replace("visio", "trial") + "  cancel:\n" + confirm)
    office.apply()
    (task,) = office.document("tasks")["tasks"]
    assert task["deadline"] == "2026-11-26"
    row = "Trial,VISIOCLIENT,annual,2026-11-20,on,,\n"
    assert shown(office.export(row, "--format", "json")) == [("kiosk/trial", "cancel-now", "not-done")]
    office.run("done", "kiosk/trial")
    assert office.pair("trial") == ("disabled", "off", "immediately")
    office.export(row)
    assert office.pair("trial") == ("active", "on", "none")
    assert office.told("kiosk/trial")[-1][:2] == ("undo-cancel", "succeeded")
    office.apply()
    assert office.open() == [("kiosk/trial", "cancel-now", False, False)]


def test_what_an_export_confirmed_and_a_later_one_does_not_show_was_changed_since(asked: Office) -> None:
    asked.export(SHOWN_OFF)
    done = asked.export(SHOWN_ON, "--format", "json")
    assert (shown(done), [item["kind"] for item in done.document["differing"]]) == ([], ["turn-on-recurring"])
    assert asked.pair()[1] == "off"


def test_a_difference_that_nobody_was_asked_for_is_none_of_a_task(office: Office) -> None:
    done = office.export(SHOWN_OFF, "--format", "json")
    assert (shown(done), [item["kind"] for item in done.document["differing"]]) == ([], ["turn-off-recurring"])


def test_what_is_shown_done_of_a_record_that_is_over_is_for_a_person_to_place(office: Office) -> None:
    office.export(SHOWN_OFF, "--update")
    office.specs(VISIO + "  recurring: on\n")
    office.apply()
    office.on("2027-03-05")
    done = office.export(SHOWN_ON, "--format", "json")
    assert shown(done) == [(OPEN, "turn-on-recurring", "unclear")]
    assert "reconcile done kiosk/visio --on DATE" in json.dumps(done.document["tasks"])


def test_a_first_import_records_what_stands_and_no_wish(office: Office) -> None:
    office.world.write("specs/_defaults.yaml", "version: 1\ndefaults: {recurring: off}\n")
    office.specs(VISIO.replace("visio", "word").replace("VISIOCLIENT", "WORD"))
    unsaid = "Word,WORD,annual,2026-03-01,,,1\n"
    office.export(unsaid + "Teams,TEAMS,annual,2026-03-01,on,,1\n")
    assert (office.pair("word")[1], office.pair("teams")[1]) == ("on", "on")
    assert kinds(office.plan()) == [("kiosk/word", "turn-off-recurring")]
