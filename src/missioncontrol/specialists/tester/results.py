"""What a tester hands back: for the steps that follow, for people, and as evidence."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.work import (
    ArtifactRef,
    CommandRan,
    Evidence,
    FilesRead,
    TestsRan,
)
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester import others, report
from missioncontrol.specialists.tester.trial import Trial

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

File = tuple[str, bytes | str, str, str]
"""Name, content, media type and title of something that is handed in."""

NO_OUTPUT = "(The tests wrote nothing.)\n"
"""The stored text of a run without output: an empty file would be no evidence of anything."""

OF_A_COMMIT: Mapping[str, Any] = MappingProxyType(
    {"commit": "", "base": "", "broken": [], "altered": [], "gone": [], "checks": []}
)
"""The report where no commit was named: nothing was compared with another one."""


def level(trial: Trial | None) -> Any:
    if trial is None:
        return "info"
    return {"passed": "success", "failed": "error"}.get(trial.verdict.status, "warning")


def output(
    trial: Trial | None, commands: Sequence[others.CommandResult], **more: Any
) -> dict[str, Any]:
    """Return what the steps after this one are likely to ask for."""
    nothing: dict[str, Any] = {"ran": [], "failures": [], "exit_code": None, "seconds": None}
    result = {**nothing, **OF_A_COMMIT, **_document(trial, commands), **more}
    counts = {name: result.pop(name, 0) for name in ("passed", "failed", "errors", "skipped")}
    return {**result, "passed": result["status"] == "passed", "counts": counts}


def _document(trial: Trial | None, commands: Sequence[others.CommandResult]) -> dict[str, Any]:
    """Return tests.json: how the run ended, its counts, what failed, and all commands."""
    if trial is None:
        nothing = {"status": "no_test_command", "reason": "", "command": [], "source": ""}
        return {**nothing, "commands": others.as_json(commands)}
    found = trial.as_json()
    failures = trial.report.failures if trial.report else ()
    found["failures"] = [
        {"name": each.name, "group": each.group, "message": report.cause(each)}
        for each in failures[:20]
    ]
    found["commands"] = others.as_json(commands)
    return found


def evidence(
    trial: Trial | None, tree: "Tree", besides: Sequence[CommandRan]
) -> tuple[Evidence, ...]:
    """Return how the commands ended, the suite last; or what was read to find none."""
    found = (*besides, *_evidence(trial))
    return found or (FilesRead(len(tree.files), tree.left_out_count, tree.commit),)


def _evidence(trial: Trial | None) -> Iterator[Evidence]:
    if trial is None or trial.ran is None:
        return
    ran = trial.ran
    yield CommandRan(trial.command.shown, ran.exit_code, ran.seconds, "test-output.txt")
    if trial.report is not None and trial.report.groups:
        counts = trial.report
        yield TestsRan("junit.xml", counts.passed, counts.failed, counts.errors, counts.skipped)


def seen(trial: Trial | None) -> Iterator[File]:
    """Return the files that the evidence of a test run speaks of."""
    if trial is not None and trial.ran is not None:
        text = trial.output or NO_OUTPUT
        yield "test-output.txt", text, "text/plain", "Output of the test run"
    if trial is not None and trial.report_bytes:
        yield "junit.xml", trial.report_bytes, "application/xml", "The JUnit report"


def artifacts(
    trial: Trial | None,
    text: str,
    commands: Sequence[others.CommandResult],
    other_output: str,
    desk: Desk,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[ArtifactRef, ...]:
    """Keep what the run showed: as data, as text, and as its tools wrote it."""
    how = "manifests and test files of the repository"
    if trial is not None:
        how = f"`{' '.join(trial.command.shown)}` in {trial.where}"
    result = {**_document(trial, commands), **more}
    data = msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
    files: Sequence[File] = (
        ("tests.json", data, "application/json", "What the test run showed"),
        ("tests.md", text, "text/markdown", "The project's own tests"),
    )
    files = (*files, *seen(trial))
    if other_output:
        files = (*files, (others.LOG, other_output, "text/plain", "Output of the other commands"))
    return tuple(
        desk.keep(name, content, media_type=media_type, title=title, obtained=how)
        for name, content, media_type, title in files
    )
