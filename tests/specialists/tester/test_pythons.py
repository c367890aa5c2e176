"""Which interpreters are asked what they have, and how often."""

import shlex
import sys
from pathlib import Path

from missioncontrol.specialists.tester.pythons import best_python


def counting(program: Path) -> Path:
    """Make `program` this Python; return the file that gets a line for each start of it."""
    starts = program.with_suffix(".starts")
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(
        f"#!/bin/sh\necho >> {shlex.quote(str(starts))}\n"
        f'[ ! -e {shlex.quote(str(program))}.broken ] && exec {shlex.quote(sys.executable)} "$@"\n'
    )
    program.chmod(0o700)
    return starts


def surroundings(tmp_path: Path, run: str) -> dict[str, str]:
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / run)}


def test_an_interpreter_is_asked_once_for_all_runs(tmp_path: Path) -> None:
    starts = counting(tmp_path / "bin" / "python3")
    first = best_python(tmp_path, ["msgspec"], surroundings(tmp_path, "one"))
    assert best_python(tmp_path, ["msgspec"], surroundings(tmp_path, "two")) == first
    assert len(starts.read_text()) == 1
    best_python(tmp_path, ["no-such-package"], surroundings(tmp_path, "two"))
    assert len(starts.read_text()) == 2


def test_the_own_interpreter_of_a_project_is_asked_each_time(tmp_path: Path) -> None:
    starts = counting(tmp_path / ".venv" / "bin" / "python")
    for run in ("one", "two"):
        python = best_python(tmp_path, (), surroundings(tmp_path, run))
        assert python is not None
        assert python.origin == "the project's own .venv"
    assert len(starts.read_text()) == 2


def test_one_that_did_not_answer_is_asked_again(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "python3"
    counting(program)
    broken = Path(f"{program}.broken")
    broken.touch()
    found = best_python(tmp_path, (), surroundings(tmp_path, "one"))
    assert found is not None
    assert found.program == sys.executable
    broken.unlink()
    found = best_python(tmp_path, (), surroundings(tmp_path, "two"))
    assert found is not None
    assert found.program == str(program)
