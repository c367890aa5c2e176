"""The results of a workflow's run: its outputs, the output of its steps, its files."""

import json
import zipfile
from pathlib import Path

import pytest

from missioncontrol.cli.results import places_of
from tests.cli.command import answer, mission

pytestmark = pytest.mark.journey

CHECKS = """
name: checks
inputs: {word: {type: string, default: hello}}
steps:
  split:
    agent: command
    with: {argv: [sh, -c, "echo one; echo two >&2; echo three; echo kept > found.txt"]}
    artifacts: [found.txt]
  look:
    agent: command
    needs: split
    for_each: [4, 5]
    with: {argv: [sh, -c, "echo item ${{ item }}; echo ${{ item }} > found.txt"]}
    artifacts: [found.txt]
  flaky: {agent: command, needs: split, on_failure: continue, with: {argv: ["false"]}}
  never: {agent: command, needs: split, if: "inputs.word == 'x'", with: {argv: ["true"]}}
outputs: {said: "${{ steps.split.output.stdout }}"}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which that workflow has run once."""
    root = tmp_path_factory.mktemp("results")
    (root / "checks.yaml").write_text(CHECKS)
    assert mission(root / "home", "workflow", "save", str(root / "checks.yaml")).returncode == 0
    done = mission(root / "home", "workflow", "run", "checks")
    assert done.returncode == 0, done.stderr
    return root / "home"


def text(home: Path, *arguments: str) -> str:
    done = mission(home, *arguments, env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_what_a_step_said_can_be_read_later(home: Path) -> None:
    # The order of lines from two streams is not known.
    assert sorted(text(home, "output", "last", "split").split()) == ["one", "three", "two"]
    (four, five) = sorted(text(home, "output", "last", "look").splitlines())
    assert (four.split(), five.split()) == (["look[0]", "item", "4"], ["look[1]", "item", "5"])


def test_of_a_long_output_the_end_is_shown_and_how_to_see_more(home: Path) -> None:
    done = mission(home, "output", "last", "--tail", "2")
    assert len(done.stdout.splitlines()) == 2
    assert b"`--tail N` shows the last N" in done.stderr
    assert b"--tail" not in mission(home, "output", "last", "--tail", "5").stderr


def test_a_program_reads_the_same_lines_with_their_level(home: Path) -> None:
    lines = answer(home, "output", "last", "split")
    assert {(line["message"], line["level"]) for line in lines} == {
        ("one", "info"),
        ("two", "warning"),
        ("three", "info"),
    }


def test_a_step_that_said_nothing_and_one_that_is_not_there_are_told_apart(home: Path) -> None:
    silent = mission(home, "output", "last", "flaky")
    assert (silent.returncode, b"has no output" in silent.stderr) == (0, True)
    absent = mission(home, "output", "last", "splitt")
    assert absent.returncode == 2
    assert b"Did you mean split?" in absent.stderr
    assert mission(home, "output", "last", "--tail", "0").returncode == 2


def test_show_tells_outputs_reasons_and_what_the_run_went_on_from(home: Path) -> None:
    shown = text(home, "show", "last")
    assert "  output    said = one⏎three\n" in shown
    assert "2 of 4 steps succeeded" in shown
    assert "Its condition does not hold: inputs.word == 'x'" in shown
    assert "! flaky" in shown
    assert "✗" not in shown
    run = answer(home, "runs")[0]["id"]
    assert f"`mission runs output {run} flaky`" in " ".join(shown.split())
    assert answer(home, "show", "last")["outputs"] == {"said": "one\nthree\n"}


def test_children_stand_under_their_step(home: Path) -> None:
    _, steps = text(home, "show", "last").split("\n\n")
    names = [line.split()[1] for line in steps.splitlines() if not line.startswith(" ")]
    assert names == ["split", "look", "look[0]", "look[1]", "flaky", "never"]


def test_the_end_of_a_run_tells_the_same_numbers_as_show(home: Path) -> None:
    done = mission(home, "workflow", "run", "checks", env={"COLUMNS": "80"})
    output = done.stdout.decode()
    assert "checks@1 has succeeded (2 succeeded, 1 failed, 1 skipped)." in output
    assert "  ! flaky" in output
    assert "\n  output  said = one⏎three\n" in output


def test_all_files_are_written_under_their_steps_and_nothing_is_replaced(
    home: Path, tmp_path: Path
) -> None:
    to = tmp_path / "new" / "files"
    assert mission(home, "artifacts", "last", "--output", str(to)).returncode == 0
    found = {str(p.relative_to(to)): p.read_text() for p in to.rglob("*") if p.is_file()}
    assert found == {
        "split/found.txt": "kept\n",
        "look.0/found.txt": "4\n",
        "look.1/found.txt": "5\n",
    }
    (to / "split" / "found.txt").unlink()
    (to / "look.1" / "found.txt").write_text("mine")
    again = mission(home, "artifacts", "last", "--output", str(to))
    assert again.returncode == 2
    assert b"is there already; nothing was written" in again.stderr
    assert not (to / "split" / "found.txt").exists()
    assert (to / "look.1" / "found.txt").read_text() == "mine"


def test_the_hint_of_artifacts_is_a_command_that_works(home: Path, tmp_path: Path) -> None:
    hint = next(line for line in text(home, "artifacts", "last").splitlines() if "--output" in line)
    words = hint.split("mission ")[1].replace("DIR", str(tmp_path / "out")).split()
    assert mission(home, *words).returncode == 0
    assert (tmp_path / "out" / "split" / "found.txt").read_text() == "kept\n"


def test_names_of_steps_become_names_of_directories_that_differ() -> None:
    steps = ("packages[0]", "a/b", "a#2/b", "a_b", "A_b", "..", "x y\n")
    files = [{"step": step, "name": "../r/../x:.txt"} for step in steps]
    assert places_of(files) == [
        "packages.0/r/x_.txt",
        "a.b/r/x_.txt",
        "a~2.b/r/x_.txt",
        "a_b/r/x_.txt",
        "A_b_2/r/x_.txt",
        "_./r/x_.txt",
        "x_y_/r/x_.txt",
    ]


def test_a_run_of_a_workflow_is_exported_whole(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "run.json"
    done = mission(home, "export", "last", "--format", "json", "--output", str(target))
    assert done.returncode == 0, done.stderr
    known = json.loads(target.read_text())
    assert known["schema"] == "missioncontrol.run/1"
    assert known["outputs"] == {"said": "one\nthree\n"}
    assert (known["events"][0]["type"], known["events"][-1]["type"]) == (
        "run_created",
        "run_settled",
    )


def test_its_zip_holds_the_files_too_and_is_the_same_each_time(home: Path, tmp_path: Path) -> None:
    targets = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for target in targets:
        mission(home, "export", "last", "--format", "zip", "--output", str(target))
    assert targets[0].read_bytes() == targets[1].read_bytes()
    with zipfile.ZipFile(targets[0]) as archive:
        assert archive.read("artifacts/look.1/found.txt") == b"5\n"
        assert json.loads(archive.read("run.json"))["status"] == "succeeded"


@pytest.mark.parametrize("form", ["html", "md"])
def test_a_page_of_a_run_without_a_mission_is_refused_with_what_works(
    home: Path, tmp_path: Path, form: str
) -> None:
    target = tmp_path / "page"
    done = mission(home, "export", "last", "--format", form, "--output", str(target))
    assert done.returncode == 2
    assert b"belongs to no mission" in done.stderr
    assert b"--format json" in done.stderr
    assert not target.exists()


def test_a_home_with_runs_of_workflows_alone_says_where_they_are(home: Path) -> None:
    assert "`mission runs`" in text(home, "list")
    (first, *_) = text(home, "runs").splitlines()
    assert "  checks@1  " in first
    assert len(first) <= 80
