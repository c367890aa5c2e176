"""The message after the last round of a step: what that round found, and where."""

from pathlib import Path
from typing import Any

from missioncontrol.domain.work import ArtifactRef, Work
from tests.application.play import Play, Turns

STEPS = (
    "name: work\nsteps:\n  call: {{workflow: {name}, repeat: {{until: output.ended, times: 2}}}}"
)
ROUND = """name: {name}
steps:
  build: {{agent: hand}}
  inspect: {{agent: hand, needs: build, artifacts: [review.md]}}
outputs:
  ended: false
  commit: c0ffee
  findings: "${{{{ steps.inspect.output }}}}"
"""
FINDING = {"rule": "inspector.secret", "message": "A token\nis there", "path": "a.py", "line": 3}


def played(directory: Path, findings: Any, name: str = "sub") -> Play:
    """Return a run whose step has used up its two rounds."""
    play = Play(directory, STEPS.format(name=name), {}, saved=[ROUND.format(name=name)])
    ref = ArtifactRef(
        "review.md", play.command_bus.artifacts.put(b"# Review\n"), 9, "text/markdown"
    )
    play.script["call/inspect"] = Work(output=[{"message": "of the first round"}], artifacts=(ref,))
    play.script["call#2/inspect"] = Work(output=findings, artifacts=(ref,))
    return play.go()


def test_the_failure_names_what_the_last_round_found_and_where_it_is_told(tmp_path: Path) -> None:
    failure = played(tmp_path, [FINDING, {"message": "A note", "blocking": False}]).failure("call")
    assert failure.code == "repeat.exhausted"
    assert "After 2 rounds of step 'call' `output.ended` still does not hold." in failure.reason
    assert "found: a.py:3: A token is there (inspector.secret). Details are in" in failure.reason
    assert "review.md of step 'call#2/inspect'." in failure.reason
    assert "of the first round" not in failure.reason
    assert "A note" not in failure.reason
    assert failure.detail["findings"] == [{**FINDING, "message": "A token is there", "remedy": ""}]
    (evidence,) = failure.detail["evidence"]
    assert (evidence["step"], evidence["name"]) == ("call#2/inspect", "review.md")


def test_many_findings_are_counted_and_where_there_are_notes_alone_they_are_named(
    tmp_path: Path,
) -> None:
    many = [{**FINDING, "line": line} for line in range(1, 41)]
    failure = played(tmp_path / "many", many).failure("call")
    assert "; and 35 more. Details are" in failure.reason
    assert (len(failure.detail["findings"]), failure.detail["findings_left_out"]) == (12, 28)
    note = played(tmp_path / "note", [{"rule": "r", "blocking": False}]).failure("call")
    assert "found: r. Details are" in note.reason


def test_what_is_no_finding_is_not_told_as_one(tmp_path: Path) -> None:
    for number, odd in enumerate(([], "text", [7], None)):
        failure = played(tmp_path / str(number), odd).failure("call")
        assert failure.reason.endswith("`output.ended` still does not hold.")
    strange = [{"message": "x" * 9_000, "path": 7, "line": True, "blocking": True}]
    failure = played(tmp_path / "strange", strange).failure("call")
    assert failure.detail["findings"][0] == {
        "rule": "", "message": "x" * 300, "path": "", "remedy": "", "line": 0
    }  # fmt: skip


def test_a_task_of_a_repository_is_told_how_it_begins_anew(tmp_path: Path) -> None:
    hint = played(tmp_path, [FINDING], "task-round").failure("call").hint
    assert "`mission runs artifacts run-1` has what was found in full" in hint
    assert "`git show c0ffee`" in hint
    assert "`mission task run TASK --agents …` starts again" in hint


def test_a_step_of_one_agent_tells_what_it_handed_in_itself(tmp_path: Path) -> None:
    text = "name: work\nsteps:\n  a: {agent: hand, repeat: {until: output.ok, times: 2}}"
    play = Play(tmp_path, text, {})
    ref = ArtifactRef("out.txt", play.command_bus.artifacts.put(b"x"), 1, "text/plain")
    output = {"ok": False, "findings": [FINDING]}
    play.script["a"] = Turns([Work(output=output, artifacts=(ref,))])
    failure = play.go().failure("a")
    assert "Details are in out.txt of step 'a'." in failure.reason
    assert "repeat.times" in failure.hint
