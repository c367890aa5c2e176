"""One word for each state, short sentences for long commands, and pages in place of commands."""

import re
from pathlib import Path

import pytest

from missioncontrol.application.queries.halts import Need, needs_of
from missioncontrol.application.queries.reasons import in_a_sentence, parse_reason
from missioncontrol.domain.budget.refusals import raising
from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.errors import Conflict, Rejected
from missioncontrol.domain.run.states import Halt
from missioncontrol.domain.status import RUN_WORDS, WORDS
from missioncontrol.interfaces.web import assets
from missioncontrol.interfaces.web.cap_forms import cap_changes
from missioncontrol.interfaces.web.glyphs import run_state
from missioncontrol.interfaces.web.hints import linked, on_page
from missioncontrol.interfaces.web.words import LOOKS, look_of, state_of_run

SPRITE = (Path(assets.__file__).parent / "static" / "icons.svg").read_text("utf-8")
ISLAND = (Path(assets.__file__).parent / "static/js/graph/looks.js").read_text("utf-8")
TOLD = "`sh -c 'a `b` c.'` ended with exit status 4 after 1.2 s. no such\nfile"


def test_a_run_that_waits_for_a_person_looks_as_what_it_waits_for() -> None:
    shown = look_of(state_of_run("waiting"))
    assert shown.look == look_of("approval").look == look_of("held").look
    assert shown.word == "Waiting"
    assert "Waiting on bob" in run_state("waiting", ("bob", "carol"))


@pytest.mark.parametrize("word", [each for each in RUN_WORDS if each != "waiting"])
def test_every_status_is_shown_by_its_word(word: str) -> None:
    assert look_of(state_of_run(word)).word == WORDS[word]


def test_every_state_has_a_glyph_that_there_is() -> None:
    known = set(re.findall('id="([a-z0-9-]+)"', SPRITE))
    assert {look.glyph for look in LOOKS.values()} <= known
    assert look_of("handed_over").word == "Ready to build"


def test_the_graph_has_the_words_of_the_pages() -> None:
    labels = dict(re.findall(r'^  (\w+): \["\w+", "([^"]+)"\],$', ISLAND, re.MULTILINE))
    assert labels.pop("absent") == "Not started"
    assert labels == {state: look_of(state).word for state in labels}
    assert len(labels) > 10


def test_what_a_command_came_to_is_told_without_its_text() -> None:
    found = parse_reason(TOLD)
    assert found.sentence == "ended with exit status 4"
    assert found.command == "sh -c 'a `b` c.'"
    assert found.said == "no such file"
    assert in_a_sentence("check", TOLD) == "check ended with exit status 4."


def test_other_reasons_stay_as_they_are() -> None:
    assert parse_reason("The plan has a loop").command == ""
    assert in_a_sentence("plan", "The plan has a loop") == "plan. The plan has a loop."


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("`mission list` names them.", "The list of missions names them."),
        ("`mission runs output RUN STEP` shows it.", "The log of the run shows it."),
        ("Let it end, or `mission runs cancel run-1` first.", "Let it end, or “Cancel run” first."),
        (
            "`mission budget set run 'a b' --cost 3.00 --per day --reason TEXT` would allow it.",
            "A cap of $3.00 each day for run 'a b' would allow it.",
        ),
        (
            "`mission budget set run run-1 --cost +3.00 --reason TEXT` would allow it.",
            "A cap of $3.00 beyond what is spent for run 'run-1' would allow it.",
        ),
        ("`mission budget set 'broken --cost` it", "A cap in the settings it"),
        ("`mission up --workers PORT` does.", "`mission up --workers PORT` does."),
        ("Nothing to type.", "Nothing to type."),
    ],
)
def test_a_page_speaks_of_pages(hint: str, expected: str) -> None:
    assert on_page(hint) == expected


def test_hints_lead_to_pages_and_are_never_markup_themselves() -> None:
    assert 'href="/runs/run-1?tab=log"' in linked("`mission runs output run-1 check`")
    assert "RUN" not in linked("`mission runs output RUN STEP`")
    text = linked("<b>`mission show run-<b>`</b> `mission no<i>such`")
    assert "<b>" not in text
    assert "<i>" not in text


def written(*scopes: Scope) -> str:
    commands = [raising(scope, "day", "cost", 2_280_000) for scope in scopes]
    return f"Too much. {' and '.join(commands)} would allow it."


def test_a_halt_tells_which_caps_have_to_be_what() -> None:
    halt = Halt("budget.exceeded", written(Scope("workspace"), Scope("workflow", "a 'b'")))
    assert needs_of(halt) == [
        Need("workspace", "", "day", "cost", 2_280_000),
        Need("workflow", "a 'b'", "day", "cost", 2_280_000),
    ]
    tokens = raising(Scope("run", "run-1"), "total", "tokens", 500)
    assert needs_of(Halt("x", tokens)) == [Need("run", "run-1", "total", "tokens", 500)]


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "Nothing",
        "`mission budget set`",
        "`mission budget set planet --cost x`",
        "`mission budget set 'x --cost 1`",
    ],
)
def test_a_halt_of_another_kind_needs_no_cap(reason: str) -> None:
    assert needs_of(Halt("x", reason)) == []
    assert needs_of(None) == []


def test_the_form_of_caps_says_what_each_is_to_be() -> None:
    needs = [Need("workspace", "", "day", "cost", 1), Need("run", "r", "total", "tokens", 5)]
    form = {"cap.workspace.day.cost.": "2.50", "cap.run.total.tokens.r": "1 000"}
    money, tokens = cap_changes(needs, form, "more")
    assert (money.cost, money.period, money.reason) == (2_500_000, "day", "more")
    assert (tokens.tokens, tokens.scope) == (1_000, Scope("run", "r"))


def test_a_form_that_does_not_fit_raises_nothing() -> None:
    needs = [Need("run", "r", "total", "tokens", 5)]
    with pytest.raises(Conflict, match="no longer block the run"):
        cap_changes(needs, {}, "more")
    with pytest.raises(Conflict):
        cap_changes([], {"cap.run.total.tokens.r": "5"}, "more")
    with pytest.raises(Rejected, match="no number"):
        cap_changes(needs, {"cap.run.total.tokens.r": "many"}, "more")
