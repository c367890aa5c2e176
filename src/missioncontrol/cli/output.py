"""Standard output and standard error: results on the one, everything else on the other."""

import codecs
import errno
import io
import os
import sys
from typing import Any

PLAIN = {
    "·": "-",
    "…": "...",
    "—": "-",
    "“": '"',
    "”": '"',
    "\u2019": "'",
    "✓": "+",
    "✗": "x",
    "◆": "*",
    "■": "#",
    "◐": ">",
    "○": "o",
    "◌": "o",
    "◇": "?",
    "⊘": "-",
}
"""What stands for a character where the terminal's own encoding does not know it."""

GONE = {errno.EPIPE, errno.EIO}
"""A reader that has enough, and a terminal that was closed: no reader is left."""

_failures: dict[str, OSError] = {}


def prepare() -> None:
    """Make both streams safe to write to, whatever they are connected to."""
    # A closed stream's number would be given to the next file that is opened: the log.
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(number)
    _failures.clear()
    codecs.register_error("mission.plain", _plain)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="mission.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    odd = error.object[error.start : error.end]
    plain = "".join(PLAIN.get(c, c.encode("ascii", "backslashreplace").decode()) for c in odd)
    return plain, error.end


def print_text(text: str) -> None:
    """Print a result."""
    _write("stdout", text)


def note(text: str) -> None:
    """Print what is no result."""
    _write("stderr", text)


def print_json(value: Any) -> None:
    """Print one JSON line, in which every field of every structure is there."""
    import msgspec

    from missioncontrol.domain.in_full import in_full

    print_bytes(msgspec.json.encode(in_full(value)) + b"\n")


def print_bytes(content: bytes) -> None:
    """Print these bytes, which no encoding of the terminal may change."""
    if "stdout" in _failures:
        return
    try:
        sys.stdout.flush()
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(content.decode())
        else:
            buffer.write(content)
        sys.stdout.flush()
    except OSError as error:
        _failures["stdout"] = error


def _write(name: str, text: str) -> None:
    # A mission goes on when no reader is left; `finish` reports what happened.
    if name in _failures:
        return
    try:
        stream = getattr(sys, name)
        stream.write(text)
        stream.flush()
    except OSError as error:
        _failures[name] = error


class Screen(io.TextIOBase):
    """Standard error for a library that draws on it, also when its terminal has gone away."""

    def __init__(self) -> None:
        """Remember the stream itself: what draws may put something in its place."""
        self._stream = sys.stderr

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the terminal."""
        return self._stream.encoding

    def isatty(self) -> bool:
        """Whether the output is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The number of the stream, by which its size is found."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Draw; where that fails once, nothing is drawn any more."""
        if "stderr" not in _failures:
            try:
                self._stream.write(text)
                self._stream.flush()
            except OSError as error:
                _failures["stderr"] = error
        return len(text)


def finish() -> OSError | None:
    """Return why the results could not be printed; a reader that has gone is no fault."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        _write(name, "")
        if name in _failures:
            # What is still buffered must not be tried again when the interpreter ends.
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, number)
            os.close(sink)
    failure = _failures.get("stdout")
    return None if failure is None or failure.errno in GONE else failure


def columns() -> int:
    """Return how wide a line may be."""
    import shutil

    return min(max(shutil.get_terminal_size().columns, 40), 120)


def colour(text: str, code: str) -> str:
    """Return `text` in a colour, where the output is a terminal."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") in ("dumb", None)
    return text if plain or not sys.stdout.isatty() else f"\x1b[{code}m{text}\x1b[0m"
