"""Messages at a terminal about all work at once, and beside an engine that holds the home."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.cli.main import main
from tests import prefork
from tests.cli.command import ARGV, BEGUN, answer, environment, mission

TICK = """
name: tick
steps: {say: {agent: command, effects: [reads_files], with: {argv: [echo, tick]}}}
"""
ASK = """
name: ask
inputs: {place: {type: path, default: here}}
steps:
  ship:
    agent: command
    risk: irreversible
    with: {argv: [touch, "${{ inputs.place }}/shipped"], writes: ["${{ inputs.place }}"]}
  after: {agent: command, needs: ship, if: always(), with: {argv: [echo, done]}}
"""


class Here:
    """A home, asked by command lines in this very process."""

    def __init__(self, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capfd = capfd

    def __call__(self, *arguments: str, code: int = 0) -> str:
        given = main([*arguments, "--home", str(self.home)])
        out, err = self._capfd.readouterr()
        assert given == code, out + err
        return out + err

    def save(self, text: str) -> None:
        self.home.mkdir(exist_ok=True)
        file = self.home.parent / "workflow.yaml"
        file.write_text(text)
        self("workflow", "save", str(file))


@pytest.fixture
def here(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Here:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("MISSION_ACTOR", "alice")
    monkeypatch.delenv("MISSION_ATTEMPT", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return Here(tmp_path / "home", capfd)


def asked(here: Here) -> str:
    return here("approvals", "list").split()[0]


# Messages.


def test_a_limit_that_is_changed_is_all_that_is_said(here: Here) -> None:
    here("limit", "set", "workspace", "--starts", "200", "--reason", "x")
    output = here(
        "limit", "set", "agent", "command", "--starts", "1", "--per", "90s", "--reason", "x"
    )
    assert output == "agent command: at most 1 start in 1m30s\n"
    gone = here("limit", "remove", "agent", "command", "--reason", "x")
    assert gone == "agent command: no rate limit any more\n"


def test_a_limit_for_an_agent_that_is_not_here_says_which_one_may_be_meant(here: Here) -> None:
    output = here("limit", "set", "agent", "comand", "--starts", "1", "--reason", "x")
    assert "Did you mean 'command'?" in output


def test_a_limit_names_a_person_as_the_log_does(here: Here) -> None:
    here("limit", "set", "actor", "alice", "--starts", "1", "--reason", "x")
    assert "actor user:alice: at most 1 start in 1m" in here("limit", "list")


def test_a_stage_names_the_others_that_can_be_entered(here: Here) -> None:
    here("stop", "--reason", "smoke")
    assert "--stage paused|all`" in here("start", "--stage", "drain")
    assert here("start", "--stage", "all") == "Everything may work.\n"


def test_what_holds_all_work_up_stands_over_the_runs_and_under_each_of_them(here: Here) -> None:
    here.save(ASK)
    here("workflow", "run", "ask", code=4)
    assert "stopped" not in here("runs")
    here("stop", "--reason", "smoke")
    for verb in (("runs",), ("show", "last")):
        output = " ".join(here(*verb).split())
        assert "Everything is stopped" in output
        assert "user:alice set this at 20" in output
        assert ": smoke. `mission engine resume --stage drain|paused|all` goes on." in output
    assert "stopped" not in here("runs", "--json")
    here("start", "--stage", "all")
    assert "Everything" not in here("show", "last") + here("runs")


def test_a_run_that_waits_before_its_first_step_is_said_to_wait(here: Here) -> None:
    here.save(ASK)
    here("workflow", "run", "ask", code=4)
    assert "  waiting  " in here("runs")


def test_what_a_step_became_is_not_counted_among_the_steps(here: Here) -> None:
    here.save(
        "name: many\nsteps:\n  each: {agent: command, effects: [reads_files], for_each: [1, 2, 3],"
        " with: {argv: [echo, hi]}}\n"
    )
    here("workflow", "run", "many")
    assert "1 of 1 step\n" in here("runs")
    assert "1 of 1 step succeeded, and 3 of 3 that they became" in here("show", "last")


def test_a_schedule_is_not_started_by_hand_where_all_is_stopped(here: Here) -> None:
    here.save(TICK)
    cron = ("--workflow", "tick", "--cron", "0 9 * * *", "--timezone", "UTC")
    here("schedule", "add", "daily", *cron)
    here("stop", "--reason", "smoke")
    output = here("schedule", "run", "daily", code=1)
    assert "No run may begin: everything was stopped (smoke)." in output
    assert "`mission engine resume --stage all`" in output


def test_an_argument_with_a_line_feed_breaks_no_line(here: Here) -> None:
    here.save(
        "name: odd\nsteps:\n  say: {agent: command, effects: [reads_files],"
        ' with: {argv: [sh, -c, "echo a\\nexit 3"]}}\n'
    )
    output = here("workflow", "run", "odd", code=1)
    (line,) = [line for line in output.splitlines() if line.startswith("✗ say")]
    assert "`sh -c 'echo a⏎exit 3'`" in line


def test_nothing_that_a_step_is_given_passes_for_a_line_of_its_own(here: Here) -> None:
    here.save(
        "name: odd\ninputs: {word: {type: string}}\nsteps:\n  say: {agent: command,"
        ' effects: [reads_files], with: {argv: [echo, "${{ inputs.word }}", "a  \U000e0041"]}}\n'
    )
    forged = "✓ z  command · all is well"
    output = here("workflow", "run", "odd", "--input", f"word=x\n{forged}\r{forged}")
    assert not [line for line in output.splitlines() if line.startswith(forged[:4])]
    assert f"`echo 'x⏎{forged}⟨U+000D CARRIAGE RETURN⟩{forged}'" in output
    assert "'a  ⟨U+E0041 TAG LATIN CAPITAL LETTER A⟩'`" in output


def test_a_run_that_was_cancelled_has_nothing_to_resume(here: Here) -> None:
    here.save(ASK)
    here("workflow", "run", "ask", code=4)
    here("cancel", "last")
    assert "was cancelled; there is nothing to resume." in here("resume", "last", code=2)


def test_a_run_that_may_not_start_yet_says_what_stands_in_the_way(here: Here) -> None:
    here.save(TICK)
    here("start", "--stage", "paused")
    output = " ".join(here("workflow", "run", "tick", code=4).split())
    assert "tick@1 is stuck (1 ready). Work is paused." in output
    assert "`mission engine resume --stage" in output
    assert "mission runs resume run-" in output


def test_a_decision_says_what_lets_the_run_go_on_unless_it_has_ended(here: Here) -> None:
    here.save(ASK)
    here("workflow", "run", "ask", code=4)
    output = here("approvals", "reject", asked(here), "--reason", "no", "--as", "bob")
    assert "`mission runs resume run-" in output  # What comes always is still to be done.
    here("resume", "last", code=1)
    here("workflow", "run", "ask", code=4)
    here("approvals", "approve", asked(here), "--reason", "yes", "--as", "bob")
    here("resume", "last")
    here("cancel", "last", code=2)


def test_reasons_of_people_do_not_run_into_the_next_sentence(here: Here) -> None:
    here.save(ASK)
    here("workflow", "run", "ask", code=4)
    here("approvals", "reject", asked(here), "--reason", "Not today", "--as", "bob")
    assert "rejected it: Not today. `mission runs fork`" in here("show", "last")


def test_a_schedule_says_that_nothing_starts_it_yet(here: Here) -> None:
    here.save(TICK)
    output = here("schedule", "add", "nightly", "--workflow", "tick", "--cron", "@daily")
    assert "Nothing starts it yet: `mission up` does" in output


def test_a_path_that_is_left_to_its_default_begins_where_a_schedule_is_made(here: Here) -> None:
    here.save(ASK)
    here("schedule", "add", "nightly", "--workflow", "ask", "--cron", "@daily")
    assert f"place={here.home.parent / 'here'}" in here("schedule", "show", "nightly")


def test_a_default_budget_that_is_taken_away_is_never_unlimited(here: Here) -> None:
    here("budget", "set", "run", "--tokens", "5", "--reason", "x")
    output = here("budget", "set", "run", "--tokens", "none", "--reason", "x")
    assert "it was 5 tokens. 2,000,000 tokens hold instead" in output


def test_the_last_run_can_be_named_so_where_budgets_are_meant(here: Here) -> None:
    here.save(f"budget: {{tokens: 7}}\n{ASK}")
    here("workflow", "run", "ask", code=4)
    assert "7 tokens left of 7" in here("budget", "show", "run", "last")
    output = here("budget", "set", "run", "last", "--tokens", "9", "--reason", "more")
    assert "is 9 tokens now (before: 7 tokens)" in output


# Beside other processes.


@pytest.mark.journey
def test_command_lines_that_change_a_home_at_the_same_moment_all_succeed(tmp_path: Path) -> None:
    home = tmp_path / "home"

    def limit(number: int) -> int:
        name = f"agent-{number}"
        return mission(
            home, "limit", "set", "agent", name, "--starts", "1", "--reason", "x"
        ).returncode

    with ThreadPoolExecutor(4) as people:
        assert list(people.map(limit, range(4))) == [0, 0, 0, 0]
    assert len(answer(home, "limit", "list")["limits"]) == 4


def up(home: Path, *before: str, trouble: str = "") -> "subprocess.Popen[bytes]":
    """Begin `mission up` and wait until it listens, and before that tells of `trouble`."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    options: dict[str, Any] = {"env": environment(home), "start_new_session": True, **streams}
    process: subprocess.Popen[bytes]
    if before:
        process = subprocess.Popen([*before, *ARGV, "up"], **options)
    else:
        process = prefork.start(["up"], **options)
    BEGUN.append(process)
    if trouble:
        until(process, trouble)
    until(process, "Everything may work")
    return process


def until(process: "subprocess.Popen[bytes]", words: str) -> str:
    """Read on to the line that has `words`."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line.decode():
            return line.decode()
    raise AssertionError(f"it never said {words!r}")


def until_all(process: "subprocess.Popen[bytes]", *words: str) -> None:
    """Read on until each of `words` was in a line: runs go on beside each other, in any order."""
    left = set(words)
    while left:
        line = until(process, "")
        left = {each for each in left if each not in line}


@pytest.mark.journey
def test_a_refusal_has_the_same_exit_code_beside_an_engine(tmp_path: Path) -> None:
    home = tmp_path / "home"
    wrong = ("limit", "set", "workspace", "too", "--starts", "1", "--reason", "x")
    alone = mission(home, *wrong)
    up(home)
    beside = mission(home, *wrong)
    assert (alone.returncode, alone.stderr) == (beside.returncode, beside.stderr)
    assert alone.returncode == 2
    file = tmp_path / "workflow.yaml"
    file.write_text(TICK)
    assert mission(home, "workflow", "save", str(file)).returncode == 0
    assert mission(home, "stop", "--reason", "smoke").returncode == 0
    refused = mission(home, "workflow", "run", "tick")
    assert (refused.returncode, b"(smoke)" in refused.stderr) == (1, True)


@pytest.mark.journey
def test_an_engine_tells_what_begins_waits_and_ends_and_a_watcher_what_is_paused(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    file = tmp_path / "workflow.yaml"
    file.write_text(ASK)
    assert mission(home, "workflow", "save", str(file)).returncode == 0
    engine = up(home)
    waits = mission(home, "workflow", "run", "ask", "--wait")
    assert waits.returncode == 4
    assert b"mission runs resume" not in waits.stdout  # It goes on by itself.
    begun = until(engine, "begins")
    run = begun.split()[3].rstrip(":")
    assert "ask@1" in begun
    until(engine, f"{run}: ship waits for a person, approval-")
    assert mission(home, "cancel", run, "--reason", "enough").returncode == 0
    until(engine, f"{run} was cancelled")
    answer(home, "start", "--stage", "paused", "--reason", "tea")
    until(engine, "Paused: runs may be asked for and wait; no step starts. (tea)")
    paused = mission(home, "workflow", "run", "ask", "--wait")
    assert paused.returncode == 4
    assert b"ask@1 is stuck" in paused.stdout


@pytest.mark.journey
def test_an_engine_tells_how_people_decide_and_takes_up_what_waits_without_a_word(
    tmp_path: Path,
) -> None:
    home, author = tmp_path / "home", {"MISSION_ACTOR": "alice"}
    file = tmp_path / "workflow.yaml"
    file.write_text(ASK)
    assert mission(home, "workflow", "save", str(file)).returncode == 0
    runs = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        begun = mission(
            home, "workflow", "run", "ask", "--input", f"place={tmp_path}/{name}", env=author
        )
        assert begun.returncode == 4
        runs.append(answer(home, "runs")[0]["id"])
    for _ in range(2):
        engine = up(home)
        engine.terminate()
        assert engine.wait(timeout=20) == 0
    assert [row["status"] for row in answer(home, "runs")] == ["waiting", "waiting"]
    found = answer(home, "audit", "search", "--kind", "run_resumed")
    assert found["events"] == []
    engine = up(home)
    wanted = {row["run"]: row["id"] for row in answer(home, "approvals", "list")}
    for run, verb in zip(runs, ("approve", "reject"), strict=True):
        options = ("--reason", "so", "--as", "bob")
        done = mission(home, "approvals", verb, wanted[run], *options, env=author)
        assert done.returncode == 0, done.stderr
    until_all(
        engine,
        f"{runs[0]}: ship is approved by user:bob, {wanted[runs[0]]}",
        f"{runs[0]} has succeeded",
        f"{runs[1]}: ship will not run. The approval {wanted[runs[1]]} was not given;",
        f"{runs[1]} has failed",
    )


@pytest.mark.journey
def test_an_engine_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    engine = up(tmp_path / "home", "nohup")
    os.kill(engine.pid, signal.SIGHUP)
    time.sleep(0.5)
    assert answer(tmp_path / "home", "limit", "list")["stage"] == "all"
    assert engine.poll() is None
    engine.terminate()
    assert engine.wait(timeout=20) == 0
