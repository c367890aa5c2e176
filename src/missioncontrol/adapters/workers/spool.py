"""One lease on a worker's disk: what is to be done, what was said of it, and what it started.

What the server has not acknowledged stays here, so neither a cut line nor the end of either side
loses it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.workers import messages
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.ports.wire import Done, Moved, Refused, Said, Used
from missioncontrol.ports.workers import MESSAGE_BYTES_MAX, Given, Lease, Message, Numbered

PENDING_BYTES_MAX = 64 * 1024 * 1024
"""Lines of output beyond it are left out, and counted, until the server is heard again."""

BATCH_BYTES_MAX = 1024 * 1024
FILE_BYTES_MAX = 4 * 1024 * 1024
"""A larger file is written anew when most of it is acknowledged."""

MESSAGE_OVERHEAD = 256
"""Bytes that a message takes in memory besides its own, counted so that many short ones count."""

PROGRESS_MAX = 100
"""Messages that wait until progress is no longer worth telling."""

SAID = "said.jsonl"
_decode = msgspec.json.Decoder(Numbered).decode


class Spool:
    """The folder of one lease."""

    def __init__(self, folder: Path, given: Given) -> None:
        """Use `begin` or `found`."""
        self.folder = folder
        self.given = given
        self.heard = 0  # the last message that the server has
        self.number = 0  # of the newest message
        self.ending: Done | Refused | None = None
        self._usages = 0
        self._lines = 0
        self._left_out = 0
        self._pending: dict[int, bytes] = {}
        self._size = 0
        self._file = (folder / SAID).open("ab", buffering=0)

    @classmethod
    def begin(cls, folder: Path, given: Given) -> "Spool":
        """Record a lease before anything of it begins."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(folder / "order.json", msgspec.json.encode(given))
        return cls(folder, given)

    @classmethod
    def found(cls, folder: Path) -> "Spool | None":
        """Return what a worker before this one left, or None where nothing was begun."""
        try:
            given = msgspec.json.decode((folder / "order.json").read_bytes(), type=Given)
        except (OSError, msgspec.DecodeError):
            return None
        spool = cls(folder, given)
        spool._read()
        return spool

    @property
    def lease(self) -> Lease:
        """Which attempt it is about."""
        return self.given.lease

    @property
    def is_told(self) -> bool:
        """Whether the server has everything that was said so far."""
        return not self._pending

    def add(self, message: Message) -> None:
        """Keep a message until it is acknowledged; what ends an attempt is its last one.

        Raises:
            AttemptFailed: `worker.unsayable`: the server could not read it.
        """
        if self.ending is not None or self._is_left_out(message):
            return
        count, self._left_out = self._left_out, 0
        if count:
            note = f"{count:,} lines were left out: the server was not heard."
            self._put(Said("warning", note))
        self._put(message)

    def _put(self, message: Message) -> None:
        numbered = self._numbered(message)
        line = messages.encode(numbered, "What it said")
        messages.check_decodable(line, _decode, "What it said")
        self._usages = max(self._usages, numbered.usage)
        self._lines = max(self._lines, numbered.line)
        if len(line) > MESSAGE_BYTES_MAX:
            line, message = self._too_large(len(line))
        self._keep(line, is_vital=isinstance(message, Used | Done | Refused))
        self._take(self.number + 1, line, message)

    def _numbered(self, message: Message) -> Numbered:
        return Numbered(
            self.number + 1,
            message,
            self._usages + 1 if isinstance(message, Used) else 0,
            self._lines + 1 if isinstance(message, Said) else 0,
        )

    def _keep(self, line: bytes, *, is_vital: bool) -> None:
        # On a full disk it is told all the same, as long as this process lives.
        with suppress(OSError):
            self._file.write(line + b"\n")
            if is_vital:
                os.fsync(self._file.fileno())

    def _is_left_out(self, message: Message) -> bool:
        if isinstance(message, Moved):
            return len(self._pending) >= PROGRESS_MAX
        if isinstance(message, Said) and self._size > PENDING_BYTES_MAX:
            self._left_out += 1
            return True
        return False

    def _too_large(self, size: int) -> tuple[bytes, Refused]:
        refused = Refused(
            "worker.too_large",
            f"The attempt said {size:,} bytes at once; {MESSAGE_BYTES_MAX:,} fit.",
            "Hand large results in as artifacts.",
            retryable=False,
        )
        return msgspec.json.encode(Numbered(self.number + 1, refused)), refused

    def _take(self, number: int, line: bytes, message: Message) -> None:
        self.number = number
        self._hold(number, line)
        if isinstance(message, Done | Refused):
            self.ending = message

    def _hold(self, number: int, line: bytes) -> None:
        self._let_go(number)
        self._pending[number] = line
        self._size += len(line) + MESSAGE_OVERHEAD

    def _let_go(self, number: int) -> None:
        line = self._pending.pop(number, None)
        if line is not None:
            self._size -= len(line) + MESSAGE_OVERHEAD

    def replace_ending(self, refused: Refused) -> None:
        """End as failed after all: the work was not taken, and will not be."""
        if self.ending is None or self.number not in self._pending:
            return
        line = msgspec.json.encode(Numbered(self.number, refused))
        self._keep(line, is_vital=True)
        self._hold(self.number, line)
        self.ending = refused

    def batch(self) -> tuple[Numbered, ...]:
        """Return the oldest messages that are not acknowledged, as many as fit one report."""
        return tuple(_decode(line) for line in self._some())

    def _some(self) -> Iterator[bytes]:
        size = 0
        for line in self._pending.values():
            size += len(line)
            if size > BATCH_BYTES_MAX and size > len(line):
                return
            yield line

    def acknowledge(self, number: int) -> None:
        """Let go of everything up to `number`."""
        for told in [each for each in self._pending if each <= number]:
            self._let_go(told)
        self.heard = max(self.heard, number)
        with suppress(OSError):  # What it has already is told again, and counts once.
            _write(self.folder / "heard", str(self.heard).encode(), is_vital=False)
            if self._file.tell() > max(FILE_BYTES_MAX, 2 * self._size):
                self._begin_anew()

    def _begin_anew(self) -> None:
        """Write the file again without what is acknowledged; what that counted is kept apart."""
        _write(self.folder / "heard", str(self.heard).encode())
        _write(self.folder / "usages", str(self._usages).encode())
        _write(self.folder / "lines", str(self._lines).encode())
        _write(self.folder / SAID, b"".join(line + b"\n" for line in self._pending.values()))
        self._file.close()
        self._file = (self.folder / SAID).open("ab", buffering=0)

    def record(self, process: ProcessHandle) -> None:
        """Write a process down before it executes anything."""
        with (self.folder / "processes.jsonl").open("ab") as file:
            file.write(msgspec.json.encode(process) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def processes(self) -> list[ProcessHandle]:
        """Return what was written down."""
        found = []
        with suppress(OSError):
            for line in (self.folder / "processes.jsonl").read_bytes().splitlines():
                with suppress(msgspec.DecodeError):  # A line that was cut opened no gate.
                    found.append(msgspec.json.decode(line, type=ProcessHandle))
        return found

    def close(self) -> None:
        """Let go of the file; the folder stays."""
        self._file.close()

    def remove(self) -> None:
        """Forget the lease: its end was taken in."""
        self.close()
        (self.folder / "order.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> None:
        self.heard = self.number = _number_in(self.folder / "heard")
        self._usages = _number_in(self.folder / "usages")
        self._lines = _number_in(self.folder / "lines")
        for line in (self.folder / SAID).read_bytes().splitlines():
            try:
                numbered = _decode(line)
            except msgspec.DecodeError:
                break  # It was being written when the worker ended.
            self._usages = max(self._usages, numbered.usage)
            self._lines = max(self._lines, numbered.line)
            if isinstance(numbered.message, Done | Refused):
                self.ending = numbered.message
            if numbered.number > self.heard:
                self._take(numbered.number, line, numbered.message)
        self._mend()

    def _mend(self) -> None:
        """Take the rest of a cut line out of the file, so that the next one stands by itself."""
        content = (self.folder / SAID).read_bytes()
        if content and not content.endswith(b"\n"):
            self._file.truncate(content.rfind(b"\n") + 1)


def _number_in(file: Path) -> int:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _write(file: Path, content: bytes, *, is_vital: bool = True) -> None:
    """Write a small file so that it is there whole or not at all."""
    draft = file.with_name(f".{file.name}")
    with draft.open("wb") as opened:
        opened.write(content)
        opened.flush()
        if is_vital:
            os.fsync(opened.fileno())
    draft.replace(file)
