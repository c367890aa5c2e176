import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.cli.exit_codes import UNPROVEN
from tests.cli.command import ARGV, Running, answer, environment, mission

pytestmark = pytest.mark.journey

Finished = tuple[Path, Running]


def run_of(finished: Finished) -> str:
    return str(finished[1].lines[-1]["run"])


def test_the_last_line_of_a_run_names_its_end(finished: Finished) -> None:
    home, running = finished
    last = running.lines[-1]
    fields = ["mission", "run", "status", "report", "mission_status", "is_completed", "lacking"]
    assert list(last) == fields
    assert last["status"] == "succeeded"
    assert Path(last["report"]).parent == home / "reports"
    assert Path(last["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_every_line_of_a_run_is_an_event_a_log_line_or_progress(finished: Finished) -> None:
    kinds = {next(iter(line)) for line in finished[1].lines[:-1]}
    assert kinds == {"event", "log", "progress"}


@pytest.mark.parametrize("verb", ["show", "artifacts", "replay"])
def test_a_run_is_found_by_its_id_a_prefix_its_mission_and_last(
    finished: Finished, verb: str
) -> None:
    home, running = finished
    last = running.lines[-1]
    names = (last["run"], last["run"][:-3], last["run"][4:], last["mission"], "last")
    found = [answer(home, verb, name) for name in names]
    assert all(one == found[0] for one in found)


def test_shapes_for_programs_stay(finished: Finished) -> None:
    home = finished[0]
    (row,) = answer(home, "list")
    assert {"id", "title", "goal", "repository", "status", "created", "run", "tasks"} <= set(row)
    view = answer(home, "show", "last")
    assert {"run", "position", "mission", "status", "created", "inputs", "usage", "steps"} <= set(
        view
    )
    assert {"step", "title", "agent", "needs", "state", "attempts"} <= set(view["steps"][0])
    for artifact in answer(home, "artifacts", "last"):
        assert {"step", "name", "digest", "size", "media_type", "path"} <= set(artifact)
        assert Path(artifact["path"]).stat().st_size == artifact["size"]


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("verb", [("list",), ("show", "last"), ("artifacts", "last")])
def test_lines_fit_the_terminal(finished: Finished, verb: tuple[str, ...], columns: int) -> None:
    done = mission(finished[0], *verb, env={"COLUMNS": str(columns)})
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
    # What is there to be copied is never broken: ids, paths and commands.
    copied = (run_of(finished), "mission-", str(finished[0].parent), "UTC", "FILE.zip")
    lines = done.stdout.decode().splitlines()
    assert len(lines) >= 1
    for line in lines:
        assert len(line) <= columns or (verb != ("list",) and any(c in line for c in copied))


def test_a_replay_shows_the_run_as_it_was(finished: Finished) -> None:
    home, running = finished
    at = next(line["position"] for line in running.lines if line.get("event") == "steps_added")
    then = answer(home, "replay", "last", "--at", str(at))
    assert then["status"] == "running"
    assert {step["state"] for step in then["steps"][1:]} <= {"waiting", "ready"}
    assert answer(home, "replay", "last") == answer(home, "show", "last")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "nope"), "There is no run 'nope' here."),
        (("show", ""), "RUN is empty."),
        (("replay", "last", "--at", "1"), "begins at position 2. Give a position from 2 to"),
        (("replay", "last", "--at", "999"), "and the log ends at position"),
        (("cancel", "last"), "has succeeded; that never changes."),
        (("resume", "last"), "has succeeded; there is nothing to resume."),
        (("retry", "last", "nope"), "has no step 'nope'. It has: plan, survey,"),
        (("audit", "verify", "--heads", "/nowhere"), "There is no file '/nowhere' (--heads)."),
        (("audit", "export", "--output", "/nowhere/x"), "'/nowhere' (--output) is no directory."),
        (("audit", "export", "--output", ""), "'' (--output) names no file."),
    ],
)
def test_what_is_not_there_is_refused(
    finished: Finished, arguments: tuple[str, ...], message: str
) -> None:
    done = mission(finished[0], *arguments)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("form", ["html", "md", "json", "zip"])
def test_an_export_is_the_same_bytes_each_time(
    finished: Finished, tmp_path: Path, form: str
) -> None:
    for name in ("first", "second"):
        path = str(tmp_path / name)
        done = mission(finished[0], "export", "last", "--format", form, "--output", path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes() != b""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def export(finished: Finished, output: str) -> subprocess.CompletedProcess[bytes]:
    return mission(finished[0], "export", "last", "--format", "md", "--output", output)


def test_an_export_leaves_a_link_a_link_and_a_mode_as_it_was(
    finished: Finished, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("old")
    (tmp_path / "kept").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    assert export(finished, str(tmp_path / "link")).returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert export(finished, str(tmp_path / "kept")).returncode == 0
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "kept").read_text(encoding="utf-8").startswith("# ")


def test_an_export_never_puts_a_file_in_the_place_of_a_pipe(
    finished: Finished, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    assert export(finished, str(pipe)).returncode == 0
    assert reader.communicate(timeout=10)[0].startswith(b"# ")
    assert pipe.is_fifo()


@pytest.mark.parametrize("output", ["", ".", "/nowhere/x", "x" * 300])
def test_an_export_that_cannot_be_written_names_the_option(finished: Finished, output: str) -> None:
    done = export(finished, output)
    assert done.returncode == 2
    assert b"(--output)" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE events SET body = zeroblob(length(body)) WHERE position = 1", "event 1."),
        ("DELETE FROM events WHERE position = 5", "event 5."),
    ],
)
def test_tampering_is_found_and_named(
    finished: Finished, tmp_path: Path, statement: str, message: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(finished[0], home)
    assert mission(home, "audit", "verify").returncode == UNPROVEN
    with sqlite3.connect(home / "log.db") as other:
        triggers = other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            other.execute(f"DROP TRIGGER {name}")
        assert other.execute(statement).rowcount == 1
    other.close()
    done = mission(home, "audit", "verify")
    assert done.returncode == 1
    assert message in done.stdout.decode()


def test_an_audit_export_holds_every_event(finished: Finished, tmp_path: Path) -> None:
    done = mission(finished[0], "audit", "export", "--output", str(tmp_path / "log.jsonl"))
    count = len((tmp_path / "log.jsonl").read_bytes().splitlines())
    assert f"{count} events written" in done.stderr.decode()
    verdict = json.loads(mission(finished[0], "audit", "verify", "--json").stdout)
    assert (verdict["state"], verdict["events"]) == ("unproven", count)


def test_a_home_is_for_its_owner_alone(finished: Finished) -> None:
    home = finished[0]
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "signing-key.pem").stat().st_mode & 0o777 == 0o600


def test_a_reader_that_has_enough_is_no_fault(finished: Finished) -> None:
    with subprocess.Popen(
        [*ARGV, "show", "last", "--json"],
        env=environment(finished[0]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_told(finished: Finished) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*ARGV, "list"],
            env=environment(finished[0]),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"mission: standard output can't be written: No space left on device.\n"


def test_closed_streams_are_no_fault_and_never_reach_the_log(finished: Finished) -> None:
    command = f"{sys.executable} -m missioncontrol show last >&- 2>&- <&-"
    done = subprocess.run(command, shell=True, env=environment(finished[0]), check=False)
    assert done.returncode == 0
    assert mission(finished[0], "audit", "verify").returncode == UNPROVEN


def test_a_terminal_without_unicode_gets_plain_signs(finished: Finished) -> None:
    plain: dict[str, Any] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = mission(finished[0], "show", "last", env=plain)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"+ plan" in done.stdout
    as_json = mission(finished[0], "show", "last", "--json", env=plain)
    assert as_json.stdout == mission(finished[0], "show", "last", "--json").stdout


def test_a_retried_task_runs_in_a_new_run_that_keeps_the_other_results(
    finished: Finished, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(finished[0], home)
    old = run_of(finished)
    before = answer(home, "show", old)
    running = Running(home, "retry", old, "review")
    code, err = running.end()
    assert code == 0, err
    new = answer(home, "show", running.lines[-1]["run"])
    assert new["run"] != old
    assert new["retry_of"] == old
    assert {step["step"] for step in new["steps"] if not step.get("kept_from")} == {"review"}
    after = answer(home, "show", old)
    # The state of the mission, and what to do next, is that of its newest run.
    for newest in ("mission_status", "reason", "action"):
        before.pop(newest, None), after.pop(newest, None)
    assert after == before


def test_a_run_is_listed_as_the_mission_that_it_speaks_for(finished: Finished) -> None:
    """A mission without its change is no success, in whichever list it stands."""
    home, run = finished[0], run_of(finished)
    shown = answer(home, "show", run)
    (row,) = [each for each in answer(home, "runs") if each["id"] == run]
    for field in ("status", "mission_status", "reason", "action"):
        assert row[field] == shown[field], field
    assert row["mission_status"] == "ready_to_build"
    text = mission(home, "runs").stdout.decode()
    assert "ready to build" in text
    assert "succeeded" not in text
