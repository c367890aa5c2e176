"""Goes through the blocks of a guide as its reader would, and compares what is printed.

A block of ```console holds commands after `$ ` and what they print. A line `…` stands for any
lines that the guide leaves out. Ids, digests, times and positions in the log differ each time:
what stands in the guide is read as a name for what is there now, and goes into later commands as
that. A block of a file begins with `# NAME`. `mission up` goes on beside the other commands; a
block of ```console up is what it has printed since, and `^C` ends it.
"""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.prefork import SOURCE

BLOCK = re.compile(r"^```([a-z ]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w.-]+\.(?:yaml|sh|toml))\n")
NAMED = re.compile(
    r"(?P<id>\b(?:run|approval|evaluation)-[0-9a-z]{14}\b)"
    r"|(?P<digest>\b[0-9a-f]{64}\b|(?<=--digest )[0-9a-f]{12}\b)"
    r"|(?P<cut>(?<=:.)[0-9a-f]{12,}(?=…))"
    r"|(?P<position>^\d+(?=  20)|(?:(?<=log position )|(?<=newest is )|(?<=--at ))\d+)"
    r"|(?P<day>\b20\d\d-\d\d(?:-\d\d)?(?: \d\d:\d\d(?::\d\d)?)?\b)"
    r"|(?P<offset>(?<= UTC)[+-]\d\d:\d\d)"
    r"|(?P<weekday>\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?= 20))"
    r"|(?P<seconds>\b\d+(?:\.\d)? s\b)"
    r"|(?P<left>\b\d+ (?:d|h|min)(?: \d+ (?:h|min))? left)"
    r"|(?P<process>(?<=process )\d+)"
    r"|(?P<place>/(?:[\w.-]+/)*(?:desk|governing)\b)"
    r"|(?P<user>(?<=is a claim of )\S+)"
    r"|(?P<count>[\d,]+(?= events in an unbroken)|\d+(?= signed heads))"
    r"|(?P<version>(?<=genai-prices )\d+(?:\.\d+)*)"
)
"""What is never the same twice; an id, a digest and a position are names for later."""

LIKE = {
    "cut": "[0-9a-f]+",
    "day": r"20\d\d-[-\d :]*\d",
    "offset": r"(?:[+-]\d\d:\d\d)?",
    "weekday": r"\w{3}",
    "seconds": r"\d+(?:\.\d)? s",
    "left": r"\d+ (?:d|h|min)(?: \d+ (?:h|min))? left",
    "process": r"\d+",
    "place": r"/\S*/(?:desk|governing)",
    "user": r"\S+",
    "count": r"[\d,]+",
    "version": r"\d+(?:\.\d+)*",
}
LASTING = ("id", "digest", "position")
SECONDS_MAX = 60.0


class Differs(AssertionError):
    """The guide shows something that is not so."""


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, content) of each fenced block, in order."""
    for found in BLOCK.finditer(text):
        yield found[1], found[2]


class Terminal:
    """A shell in a directory of its own, and what the names in a guide stand for there."""

    def __init__(self, folder: Path) -> None:
        """Nothing of this machine's own settings is left; `mission` is the one under test."""
        self.folder = folder
        self.names: dict[str, str] = {}
        self.up: subprocess.Popen[bytes] | None = None
        self._up_said = 0
        tools = folder / "tools"
        tools.mkdir()
        command = tools / "mission"
        command.write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m missioncontrol "$@"\n'
        )
        command.chmod(0o700)
        self.work = folder / "desk"
        self.work.mkdir()
        self.environment = {
            "HOME": str(folder),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(SOURCE),
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
            "MISSION_CONSOLE": "off",
        }
        self._status = 0

    def __enter__(self) -> Self:
        """Sit down."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing at work."""
        if self.up is not None:
            self.up.terminate()
            self.up.wait(timeout=20)

    def follow(self, text: str) -> int:
        """Do all that a guide says, in order; return how many commands that were.

        Raises:
            Differs: naming the command after which something else is printed.
        """
        count = 0
        for kind, content in blocks(text):
            if found := FILE.match(content.removeprefix("#!/bin/sh\n")):
                (self.work / found[1]).write_text(content)
            elif kind == "console up":
                self._look_at_up(content)
            elif kind == "console":
                for command, shown in commands(content):
                    count += 1
                    self._do(command, shown)
        return count

    def _do(self, command: str, shown: str) -> None:
        if command == "mission up":
            self._begin_up(shown)
            return
        self._compare(command, shown, self.run(self._as_here(command)))

    def run(self, command: str) -> str:
        """Run one command line and return all that it prints."""
        if setting := re.fullmatch(r"export (.+)", command):
            for pair in shlex.split(setting[1]):
                name, _, value = pair.partition("=")
                self.environment[name] = value.replace("$PWD", str(self.work))
            return ""
        if command == "echo $?":
            return f"{self._status}\n"
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS_MAX,
            check=False,
        )
        self._status = done.returncode
        output = done.stdout.decode()
        # As a terminal shows it where the next prompt begins a line of its own.
        return output if output.endswith("\n") or not output else f"{output}\n"

    def _as_here(self, text: str) -> str:
        def name(found: re.Match[str]) -> str:
            return self.names.get(found[0], found[0])

        return NAMED.sub(name, text)

    # `mission up`, which goes on beside the rest.

    def _begin_up(self, shown: str) -> None:
        with (self.folder / "up.txt").open("wb") as output:
            self.up = subprocess.Popen(
                ["mission", "up"],
                cwd=self.work,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._up_said = 0
        self._await_up(shown)

    def _look_at_up(self, shown: str) -> None:
        assert self.up is not None, "`mission up` is not at work"
        before, mark, after = shown.partition("^C\n")
        self._await_up(before)
        if mark:
            self.up.send_signal(2)
            self._status = self.up.wait(timeout=20)
            self.up = None
            self._await_up(after)

    def _await_up(self, shown: str) -> None:
        """Wait until `mission up` has printed what is shown, which may take a while."""
        end = time.monotonic() + SECONDS_MAX
        while True:
            output = (self.folder / "up.txt").read_text()[self._up_said :]
            try:
                self._compare("mission up", shown, output)
            except Differs:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                self._up_said += len(output)
                return

    def _compare(self, command: str, shown: str, output: str) -> None:
        found = re.fullmatch(self._pattern(shown), output)
        if found is None:
            raise Differs(f"$ {command}\n--- the guide\n{shown}--- what is so\n{output}")
        for group, value in found.groupdict().items():
            self.names[bytes.fromhex(group[2:]).decode()] = value

    def _pattern(self, shown: str) -> str:
        """Return a regular expression for what is shown, with what is known put in."""
        seen: set[str] = set()
        return "".join(
            r"(?:.*\n)*?" if line == "…" else self._line(line, seen) + r"\n"
            for line in shown.splitlines()
        )

    def _line(self, line: str, seen: set[str]) -> str:
        parts, at = [], 0
        for found in NAMED.finditer(line):
            parts.append(re.escape(line[at : found.start()]))
            parts.append(self._name(found, seen))
            at = found.end()
        return "".join(parts) + re.escape(line[at:])

    def _name(self, found: re.Match[str], seen: set[str]) -> str:
        kind, text = str(found.lastgroup), found[0]
        if kind not in LASTING:
            return LIKE[kind]
        if text in self.names:
            return re.escape(self.names[text])
        group = f"n_{text.encode().hex()}"
        if group in seen:
            return f"(?P={group})"
        seen.add(group)
        like = {
            "id": text.partition("-")[0] + "-[0-9a-z]{14}",
            "digest": f"[0-9a-f]{{{len(text)}}}",
            "position": r"\d+",
        }
        return f"(?P<{group}>{like[kind]})"


def commands(content: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block with what it prints."""
    parts = re.split(r"^\$ ", content, flags=re.MULTILINE)
    assert not parts[0], f"a block of a terminal begins with a command: {content[:40]!r}"
    for part in parts[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown
