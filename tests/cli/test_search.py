"""`mission audit search` as a person and a program see it."""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.home import Home
from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
from missioncontrol.app.read_context import ReadContext
from missioncontrol.application import search as searching
from missioncontrol.cli import search as verb
from missioncontrol.domain.errors import NotFound, Rejected
from tests.application.spoken import RUNS, TALK, append

Said = tuple[str, str]
Ask = Callable[..., Said]

NOTHING: dict[str, Any] = dict.fromkeys(
    ("text", "kind", "actor", "workflow", "agent", "run", "since", "until", "before")
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    append(made.log, TALK)
    return made


def say(home: Home, capsys: pytest.CaptureFixture[str], **given: Any) -> Said:
    """Ask once, and return what is printed and the messages beside it."""
    reading = ReadContext(home)
    try:
        line = {**NOTHING, "limit": 20, "runs": False, "json": False, **given}
        assert verb.search(reading, argparse.Namespace(**line)) == 0
    finally:
        reading.close()
    return tuple(capsys.readouterr())  # type: ignore[return-value]


@pytest.fixture
def ask(home: Home, capsys: pytest.CaptureFixture[str]) -> Ask:
    return lambda **given: say(home, capsys, **given)


def test_an_event_is_shown_with_who_where_and_what(ask: Ask) -> None:
    out, err = ask(text="tag")
    assert out == (
        "5  2026-09-21 14:13:24 UTC  approval_given  by bob\n"
        "  run-1 · release-check · command\n"
        "  bob agreed: The tag is right.\n"
    )
    assert err == ""


def test_without_a_text_it_is_told_what_happened(ask: Ask) -> None:
    out, _ = ask(kind="run_settled", limit=1)
    assert out.splitlines()[2] == "  the run is over, failed"


def test_the_data_of_an_event_that_this_release_does_not_know_is_shown(
    home: Home, ask: Ask
) -> None:
    append(home.log, [("run-3", "noted", "dave", {"note": "hm"})])
    assert ask(kind="noted")[0].splitlines()[2] == '  {"note":"hm"}'


def test_a_bare_name_means_the_person_where_nobody_else_is_called_so(home: Home, ask: Ask) -> None:
    given = {"by": "user:erin", "reason": "I read it."}
    append(home.log, [("approval-1", "approval_given", "user:erin", given)])
    out, err = ask(actor="erin")
    assert "  erin agreed: I read it.\n" in out
    assert err == ""
    assert "by bob\n" in ask(actor="bob")[0]
    assert "No event has the actor 'erni'." in ask(actor="erni")[1]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_long_texts_are_cut_around_what_was_looked_for(
    home: Home, ask: Ask, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    long_text = f"{'before ' * 90}needle {'after ' * 90}"
    append(home.log, [("run-3", "noted", "dave", {"note": long_text})])
    out, _ = ask(text="NEEDLE")
    shown = out.splitlines()[2]
    assert "needle" in shown
    assert len(shown) <= columns


def test_nothing_that_is_shown_steers_the_terminal(home: Home, ask: Ask) -> None:
    append(home.log, [("run-3", "noted", "d\x1b[2Jave", {"note": "evil \x1b]0;x\x07 \u202etxt"})])
    out, _ = ask(text="evil")
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_older_ones_are_reached_by_the_position_that_is_told(ask: Ask) -> None:
    out, err = ask(limit=3)
    seen = re.findall(r"^\d+", out, re.MULTILINE)
    while found := re.search(r"--before (\d+)", err):
        out, err = ask(limit=3, before=int(found[1]))
        seen += re.findall(r"^\d+", out, re.MULTILINE)
    assert seen == [str(n) for n in range(10, 0, -1)]


def test_runs_are_told_with_how_many_events_fit(ask: Ask) -> None:
    out, err = ask(actor="engine", runs=True)
    assert out.splitlines() == [
        "run-2  audit  2 events, the newest is 10",
        "run-1  release-check  4 events, the newest is 6",
    ]
    assert err == ""
    out, err = ask(text="磁盘", runs=True)
    assert out == "run-2  audit  1 event, the newest is 9\n"


def test_programs_get_one_json_object(ask: Ask) -> None:
    out, err = ask(text="tag", json=True)
    found = json.loads(out)
    assert out.count("\n") == 1
    assert set(found) == {"events", "next", "is_cut", "reach"}
    assert found["events"][0] == {
        "position": 5,
        "time": 1790000004.0,
        "stream": "approval-1",
        "version": 2,
        "type": "approval_given",
        "actor": "bob",
        "on_behalf": "",
        "correlation": "approval-1",
        "run": "run-1",
        "workflow": "release-check",
        "agent": "command",
        "data": {"by": "bob", "reason": "The tag is right."},
    }
    assert found["reach"] == {"indexed": 10, "log": 10, "reason": ""}
    runs = json.loads(ask(text="tag", runs=True, json=True)[0])
    assert runs["runs"] == [{"run": "run-1", "workflow": "release-check", "events": 1, "newest": 5}]
    assert err == ""


def test_a_run_is_found_by_its_id_the_beginning_of_it_and_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "other")
    home.make()
    append(home.log, RUNS)
    for name in ("run-2", "2", "last"):
        out, _ = say(home, capsys, run=name, kind="run_settled")
        assert out.startswith("7  ")
    with pytest.raises(NotFound) as caught:
        say(home, capsys, run="run-9")
    assert caught.value.code == "run.unknown"


def test_bad_input_is_refused(ask: Ask) -> None:
    for bad in ({"since": "soon"}, {"limit": 0}, {"before": 0}, {"text": ""}, {"kind": ""}):
        with pytest.raises(Rejected):
            ask(**bad)


def test_where_nothing_fits_what_may_have_been_meant_is_named(ask: Ask) -> None:
    out, err = ask(workflow="relase-check")
    assert out == ""
    assert err == (
        "No event fits.\nNo event has the workflow 'relase-check'. There is release-check.\n"
    )
    assert ask(workflow="audit", actor="bob")[1] == "No event fits.\n"
    assert ask(workflow="audit", actor="bob", runs=True)[1] == "No run has an event that fits.\n"


def test_who_waits_for_the_index_is_told_why(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "QUIET_SECONDS", 0.0)
    _, err = ask(text="tag")
    assert err == "Indexing the log: 10 of 10 events.\n"


def test_a_search_that_ran_out_of_time_says_so(
    ask: Ask, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("missioncontrol.adapters.search_indexes.segment.EVENTS_MAX", 2)
    monkeypatch.setattr(searching, "SECONDS_MAX", 0.0)
    _, err = ask(text="nowhere")
    assert "Only events from 9 on were looked at" in err
    assert "--before 9" in err
    _, err = ask(runs=True)
    assert "Only events from 9 on were counted" in err


def test_an_index_that_is_behind_says_how_far_it_goes(
    ask: Ask, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask()
    append(home.log, TALK[1:2])
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.0)
    other = SqliteSearchIndex(home.root / "search.db")
    with other.turn():
        _, err = ask(text="tag")
    other.close()
    assert "knows 10 of 11 events" in err


def test_a_home_that_cannot_be_written_is_searched_all_the_same(ask: Ask, home: Home) -> None:
    (home.root / "search.lock").mkdir()
    out, err = ask(text="tag")
    assert out.startswith("5  ")
    assert "This search makes an index of its own." in err
    assert not (home.root / "search.db").exists()
