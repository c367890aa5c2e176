"""One attempt at a test command: what was started, how it ended, and what that shows."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.ports.confinement import Sandbox
from missioncontrol.specialists.tester.command_runner import Ran, run
from missioncontrol.specialists.tester.junit import (
    COLLECTED,
    Malformed,
    Report,
    read_report,
    unimported,
)
from missioncontrol.specialists.tester.project_commands import ReadyCommand, ready_command
from missioncontrol.specialists.tester.pythons import Python
from missioncontrol.specialists.tester.shown import Shown, shown
from missioncontrol.specialists.tester.verdict import Verdict, judged, judged_check

HEAD_BYTES, TAIL_BYTES = 40_000, 160_000


class Trial(msgspec.Struct, frozen=True):
    """What one command showed."""

    command: ReadyCommand
    source: str  # where the command was found
    verdict: Verdict
    ran: Ran | None = None
    report: Report | None = None
    report_bytes: bytes = b""
    output: str = ""  # head and tail, without paths of this machine
    python: Python | None = None
    note: str = ""  # a report that could not be read
    seen: Shown = Shown()  # what the output counts, where there is no report
    where: str = "a copy of the checkout"

    @property
    def is_partly_collected(self) -> bool:
        """Whether pytest found tests, and ran none because other modules cannot be imported."""
        if not self.command.is_pytest or not unimported(self.report, self.output):
            return False
        collected = COLLECTED.search(self.output)
        return collected is None or int(collected[1]) > 0

    def as_json(self) -> dict[str, Any]:
        """Return the status, the command and the counts."""
        found: dict[str, Any] = {
            "status": self.verdict.status,
            "reason": self.verdict.reason,
            "command": list(self.command.declared),
            "ran": list(self.command.shown),
            "source": self.source,
            "exit_code": self.ran.exit_code if self.ran else None,
            "seconds": self.ran.seconds if self.ran else None,
        }
        if self.python is not None:
            found["python"] = {
                "version": self.python.version,
                "origin": self.python.origin,
                "not_installed": list(self.python.missing),
            }
        if self.report is not None:
            counts = self.report
            found |= {
                "passed": counts.passed,
                "failed": counts.failed,
                "errors": counts.errors,
                "skipped": counts.skipped,
            }
        elif self.seen.any:
            found |= {"passed": self.seen.passed, "failed": self.seen.failed}
        return found


def tried(
    argv: tuple[str, ...],
    source: str,
    *,
    copy: Path,
    home: Path,
    environment: Mapping[str, str],
    python: Python | None,
    seconds_max: float,
    tick: Callable[[float], None],
    sandbox: Sandbox,
    is_test: bool = True,
    where: str = "a copy of the checkout",
) -> Trial:
    """Run `argv` in `copy` and judge what it showed; what is no test needs to show no test."""
    report_path = home / "junit.xml"
    command = ready_command(argv, python, report_path, environment)
    if command.program:
        reason = f"{command.program} is not installed here"
        return Trial(command, source, Verdict("could_not_start", reason), where=where)
    report_path.unlink(missing_ok=True)  # An earlier command may have left one.
    log = home / "output.txt"
    ran = run(
        command.argv,
        directory=copy,
        environment=environment,
        output=log,
        seconds_max=seconds_max,
        tick=tick,
        sandbox=sandbox,
        own=(home,),
    )
    hide = {str(copy.resolve()): "{copy}", str(copy): "{copy}"}
    hide |= {str(home.resolve()): "{home}", str(home): "{home}"}
    if python is not None:
        hide |= {python.program: "python"} | dict.fromkeys(python.homes, "{python}")
    output = hidden(_head_and_tail(log), hide)
    data = hidden(report_path.read_text("utf-8", "replace"), hide) if report_path.is_file() else ""
    data = re.sub(r' hostname="[^"]*"', "", data)
    report, note = _report(data)
    verdict = (
        judged(ran, report, output, is_pytest=command.is_pytest)
        if is_test
        else judged_check(ran, output)
    )
    used = python if command.is_pytest or argv[0].startswith("python") else None
    content = data.encode() if report else b""
    seen = shown(output) if is_test and report is None else Shown()
    return Trial(command, source, verdict, ran, report, content, output, used, note, seen, where)


def _report(data: str) -> tuple[Report | None, str]:
    if not data:
        return None, ""
    try:
        return read_report(data), ""
    except Malformed as fault:
        return None, str(fault)


def _head_and_tail(log: Path) -> str:
    """Return the output, without its middle where it is long."""
    size = log.stat().st_size
    with log.open("rb") as stream:
        if size <= HEAD_BYTES + TAIL_BYTES:
            return stream.read().decode("utf-8", "replace")
        head = stream.read(HEAD_BYTES)
        stream.seek(size - TAIL_BYTES)
        tail = stream.read()
    left = size - HEAD_BYTES - TAIL_BYTES
    gap = f"\n… {left:,} bytes left out here …\n".encode()
    return (head + gap + tail).decode("utf-8", "replace")


def hidden(text: str, hide: Mapping[str, str]) -> str:
    """Replace paths of this machine, the longest first."""
    for path in sorted(hide, key=lambda each: (-len(each), each)):
        text = text.replace(path, hide[path])
    return text
