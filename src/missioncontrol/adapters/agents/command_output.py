"""The output of a command: logged while it runs, bounded, and parsed at the end."""

import asyncio
import re
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.agents.command_inputs import Command, Scrub
from missioncontrol.adapters.agents.files import accept_artifact
from missioncontrol.adapters.agents.output import line_text
from missioncontrol.domain.work import ArtifactRef
from missioncontrol.ports import wire
from missioncontrol.ports.agent import AttemptFailed, Line, LogLevel

STDOUT_BYTES_MAX = 1024 * 1024
"""Most bytes of standard output, in one line or all, that are parsed as JSON or lines."""

OUTPUT_BYTES_MAX = 256 * 1024
"""Most bytes of the returned text, encoded as JSON: it is stored in an event."""

VALUE_BYTES_MAX = 512 * 1024
LAST_LINES = 20
LAST_BYTES_MAX = 16 * 1024
LINE_BYTES_MAX = 65_536
"""Most bytes of a logged line."""

SHOWN_LINES_MAX = 20_000
SHOWN_BYTES_MAX = 8 * 1024 * 1024
"""Most bytes of output logged of one attempt; the rest is dropped."""

BEAT_SECONDS = 1.0
"""Between two reports of progress once the output limit is reached."""

REPORTS = frozenset({"usage", "progress", "log", "artifact"})

_A_USAGE = re.compile(rb'\{\s*"type"\s*:\s*"usage"')
_decode = msgspec.json.Decoder(wire.Message).decode


class CommandOutput:
    """Collects the output of one command."""

    def __init__(self, command: Command, places: list[Path], line: Line, scrub: Scrub) -> None:
        """`places` are the directories that artifacts may lie in, the working one first."""
        self._command = command
        self._places = places
        self._line = line
        self._scrub = scrub
        self._stdout = bytearray()
        self._is_whole = True
        self._last_out: deque[str] = deque(maxlen=LAST_LINES)
        self._last_err: deque[str] = deque(maxlen=LAST_LINES)
        self._shown_lines = 0
        self._shown_bytes = 0
        self._last_beat_at = 0.0
        self.artifacts: dict[str, ArtifactRef] = {}
        """What the command announced, by name."""

    # While the command runs.

    def out(self, raw: bytes, is_cut: bool) -> None:
        """Handle a line of standard output."""
        if self._command.reports and raw.startswith(b"{") and self._is_report(raw):
            return
        self._last_out.append(self._show("info", raw, is_cut))
        if is_cut or len(self._stdout) + len(raw) > STDOUT_BYTES_MAX:
            self._is_whole = False
        if len(self._stdout) <= STDOUT_BYTES_MAX:
            self._stdout += raw

    def err(self, raw: bytes, is_cut: bool) -> None:
        """Handle a line of standard error."""
        self._last_err.append(self._show("warning", raw, is_cut))

    def _show(self, level: LogLevel, raw: bytes, is_cut: bool) -> str:
        """Log a line while there is room; return it as text."""
        is_long = len(raw) > LINE_BYTES_MAX
        text = line_text(raw[:LINE_BYTES_MAX], is_cut=is_cut or is_long)
        self._log(level, text)
        return text

    def _log(self, level: LogLevel, text: str) -> None:
        self._shown_lines += 1
        self._shown_bytes += len(text)
        if self._shown_lines <= SHOWN_LINES_MAX and self._shown_bytes <= SHOWN_BYTES_MAX:
            self._line.log(level, text)
        else:
            self._beat()

    def _beat(self) -> None:
        """Report progress: the command still writes, but its output is not stored any more."""
        now = asyncio.get_running_loop().time()
        if not self._last_beat_at:
            self._line.log("warning", "The output limit is reached; later lines are not stored.")
        if now - self._last_beat_at >= BEAT_SECONDS:
            self._last_beat_at = now
            self._line.progress(self._shown_lines, 0, "lines of output")

    def _is_report(self, raw: bytes) -> bool:
        """Handle a line that is a message; return False for an ordinary line.

        Raises:
            AttemptFailed: `command.bad_report`: an unreadable message may report costs, and
                skipping it would hide them.
        """
        try:
            message = _decode(raw)
        except msgspec.DecodeError as error:
            if _type_of(raw) not in REPORTS:
                return False
            text = raw[:LINE_BYTES_MAX].decode("utf-8", "replace").strip()
            raise AttemptFailed(
                "command.bad_report",
                f"The command wrote a report that cannot be read ({error}): {text}",
            ) from None
        match message:
            case wire.LogMessage():
                self._log(message.level, message.message)
            case wire.Moved():
                self._line.progress(message.done, message.total, message.note)
            case wire.Used():
                self._line.usage(message.usage, model=message.model)
            case wire.ArtifactMessage():
                accepted = accept_artifact(
                    message, self._places, self._line, code="command.bad_artifact"
                )
                self.artifacts[message.name] = accepted
            case _:
                return False
        return True

    # After the command has ended.

    @property
    def last_lines(self) -> str:
        """The last lines of standard error, or of standard output where it wrote no error."""
        errors = [line for line in self._last_err if line.strip()]
        return self._end_of(errors or [line for line in self._last_out if line.strip()])

    def output(self) -> dict[str, Any]:
        """Return the output in the form that the step asks for.

        Raises:
            AttemptFailed: `command.not_json` or `command.output_too_large`.
        """
        text = self._stdout.decode("utf-8", "replace")
        # Remove secrets before cutting: half a secret would not be recognised.
        clean = self._scrub(text)
        shown = _beginning(clean, OUTPUT_BYTES_MAX)
        found: dict[str, Any] = {
            "stdout": shown,
            "stderr": self._end_of(self._last_err),
            "cut": not self._is_whole or len(shown) < len(clean),
        }
        match self._command.output:
            case "json":
                found["json"] = self._fitting(self._json(text), "json")
            case "lines":
                lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
                found["lines"] = self._fitting(lines if text else [], "lines")
            case "auto" if self._is_whole:
                value = _parsed(text)
                if value is not msgspec.UNSET and _size(value) <= VALUE_BYTES_MAX:
                    found["json"] = value
        return found

    def _end_of(self, lines: Iterable[str]) -> str:
        return _beginning(self._scrub("\n".join(lines))[::-1], LAST_BYTES_MAX)[::-1]

    def _json(self, text: str) -> Any:
        if not self._is_whole:
            return None  # Refused as too large.
        value = _parsed(text)
        if value is not msgspec.UNSET:
            return value
        begun = self._scrub(text).strip()[:200]
        raise AttemptFailed(
            "command.not_json",
            f"`{self._command.shown}` did not write JSON to standard output; "
            + (f"it wrote {begun!r}." if begun else "it wrote nothing."),
            hint="Write one JSON document and nothing else to standard output.",
        )

    def _fitting(self, value: Any, form: str) -> Any:
        """Return `value` if it is complete and not too large for an event."""
        if self._is_whole and _size(value) <= VALUE_BYTES_MAX:
            return value
        raise AttemptFailed(
            "command.output_too_large",
            f"`{self._command.shown}` wrote more than the {VALUE_BYTES_MAX // 1024} KiB that can "
            f"be returned as {form}.",
            hint="Write the output to a file, and name the file under `artifacts`.",
            retryable=False,
        )


def _type_of(raw: bytes) -> Any:
    """Return the message type that an unreadable line names, or None."""
    # Python writes NaN, which is not JSON. A usage report with one must not pass as plain output.
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return "usage" if _A_USAGE.match(raw) else None
    return value.get("type") if isinstance(value, dict) else None


def _parsed(text: str) -> Any:
    """Return the JSON document in `text`, or UNSET if it is not JSON."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return msgspec.UNSET


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))


def _beginning(text: str, bytes_max: int) -> str:
    """Return the longest beginning of `text` that takes `bytes_max` bytes as JSON."""
    text = text[:bytes_max]
    while (size := _size(text)) > bytes_max:
        text = text[: len(text) * bytes_max // (size + 1)]
    return text
