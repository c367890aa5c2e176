"""The output of a terminal on a run's past, on its end, and on what runs again."""

import re
from pathlib import Path

import msgspec
import pytest

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.application.journal import Entry
from missioncontrol.cli.server_commands import Teller
from missioncontrol.domain.run.events import RunSettled
from tests.cli.test_operating import ASK, Here

MANY = """
name: many
steps:
  say: {agent: command, with: {argv: [echo, hi]}}
  each: {agent: command, needs: say, for_each: [1, 2], with: {argv: [echo, hi]}}
"""
LONG = "name: long\nsteps:\n  say: {{agent: command, with: {{argv: [echo, {}]}}}}\n"
SLOW = """
name: slow
timeout: 300ms
steps:
  nap: {agent: command, with: {argv: [sleep, "30"]}}
"""


@pytest.fixture
def here(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Here:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("MISSION_ACTOR", "alice")
    monkeypatch.delenv("MISSION_ATTEMPT", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    return Here(tmp_path / "home", capfd)


# A run as it stood.


def test_a_replay_tells_inputs_outputs_cost_and_approvals(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.save(ASK)
    here("workflow", "run", "ask", code=4)
    approval = here("approvals", "list").split()[0]
    monkeypatch.setenv("MISSION_ACTOR", "bob")
    here("approvals", "approve", approval, "--reason", "I read it.")
    here("resume", "last")
    output = here("replay", "last")
    assert "  input     place = " in output
    assert '    input   argv = ["touch",' in output
    assert '    input   argv = ["echo","done"]' in output
    assert "    output  stdout = done" in output
    assert "    output  exit_code = 0" in output
    assert output.count("    cost    0 tokens, $0.00") == 2
    assert f"{approval} for ship: approved\n" in output
    assert re.search(r"\n  20.* UTC  bob agreed: I read it\.\n", output)
    assert "I read it." not in here("show", "last")


def test_a_replay_of_an_earlier_moment_tells_what_was_true_then(here: Here) -> None:
    here.save(ASK)
    here("workflow", "run", "ask", code=4)
    view = msgspec.json.decode(here("replay", "last", "--json"))
    here("approvals", "approve", view["approvals"][0]["approval"], "--reason", "x", "--as", "bob")
    then = here("replay", "last", "--at", str(view["position"]))
    assert ": waiting, open until 20" in then
    assert "agreed" not in then
    assert "output" not in then


def test_a_replay_cuts_what_is_long_and_says_where_all_of_it_is(here: Here) -> None:
    here.save(LONG.format("word" * 100))
    here("workflow", "run", "long")
    output = here("replay", "last")
    assert all(len(line) <= 100 for line in output.splitlines() if line.startswith("    input"))
    assert "Long values are cut here; `--json` has all of them.\n" in output
    assert "word" * 100 in here("replay", "last", "--json")
    here.save(LONG.format("word"))
    here("workflow", "run", "long")
    assert "cut here" not in here("replay", "last")


def test_a_replay_for_programs_has_every_field(here: Here) -> None:
    here.save(MANY)
    here("workflow", "run", "many")
    view = msgspec.json.decode(here("replay", "last", "--json"))
    for step in view["steps"]:
        assert {"input_tokens", "cost"} <= set(step["usage"])
        assert {"output", "artifacts", "facts"} <= set(step["work"])
    assert {"input_tokens", "cost"} <= set(view["usage"])


# What runs again.


@pytest.mark.parametrize("verb", [("fork", "last", "--from"), ("retry", "last")])
def test_a_step_within_another_is_said_to_begin_all_of_that(
    here: Here, verb: tuple[str, ...]
) -> None:
    here.save(MANY)
    here("workflow", "run", "many")
    output = here(*verb, "each[0]")
    assert "each[0] is a part of each: all of each, and what follows from it, runs again" in output
    assert "is a part of" not in here(*verb, "each")


# How it ended.


def test_a_run_whose_time_was_over_says_why_and_was_not_cancelled(here: Here) -> None:
    here.save(SLOW)
    ended = " ".join(here("workflow", "run", "slow", code=1).split())
    assert "slow@1 has failed" in ended
    assert "The run took longer than its limit of " in ended.partition("has failed")[2]
    shown = here("show", "last")
    assert "  ended     The run took longer than its limit of " in shown
    assert "cancelled  " not in shown.partition("\n\n")[0]


# What `mission up` says.


def test_what_happens_early_is_told_after_the_program_has_named_itself(
    capfd: pytest.CaptureFixture[str],
) -> None:
    now = int(SystemClock().now() * 1_000_000)
    teller = Teller()
    teller.take([Entry("run-1", RunSettled("succeeded"), now, 1)])
    assert capfd.readouterr().err == ""
    teller.begin()
    assert "run-1 has succeeded\n" in capfd.readouterr().err
    teller.take([Entry("run-2", RunSettled("failed"), now, 2)])
    assert "run-2 has failed\n" in capfd.readouterr().err


def test_a_limit_that_refuses_a_run_says_its_time_in_words(here: Here) -> None:
    here.save(MANY)
    here("limit", "set", "actor", "alice", "--starts", "1", "--per", "1h", "--reason", "x")
    here("workflow", "run", "many")
    output = here("workflow", "run", "many", code=1)
    assert "'user:alice' has begun 1 run in the last 1h, which is the limit." in output
