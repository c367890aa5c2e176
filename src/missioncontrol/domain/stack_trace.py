"""Stack traces: the error they end in, and those of their frames that are files of a repository."""

import re
from collections.abc import Iterator

import msgspec

FRAMES_MAX = 200
INSIDE_MAX = 8
ERROR_MAX = 300
ASIDE = frozenset({"site-packages", "dist-packages", "node_modules", "vendor", ".venv", "venv"})


class Frame(msgspec.Struct, frozen=True):
    """One call of a trace."""

    path: str
    line: int  # 1-based
    function: str = ""

    @property
    def place(self) -> str:
        """Where it is: path:line."""
        return f"{self.path}:{self.line}"

    @property
    def label(self) -> str:
        """Where it is and in which function."""
        return f"`{self.place}`" + (f" in `{self.function}`" if self.function else "")


class Trace(msgspec.Struct, frozen=True):
    """What a stack trace says."""

    error: str  # the last line of it: the kind of error and its message
    kind: str  # of the error alone
    inside: tuple[Frame, ...]  # frames in the repository, that nearest to the error first


_PYTHON = re.compile(r'\s*File "([^"\n]+)", line (\d+)(?:, in (.+?))?\s*')
_NODE = re.compile(r"\s*at (?:(?:async )?(.+?) \()?(?:file://)?([^()\s]+?):(\d+)(?::\d+)?\)?\s*")
_JAVA = re.compile(r"\s*at ([\w.$<>]+)\((\w+\.(?:java|kt|scala)):(\d+)\)\s*")
_RUBY = re.compile(r"\s*(?:from )?([^\s:][^:\n]*\.\w+):(\d+):in [`'](.+?)'.*")
_GO = re.compile(r"\s+(\S+\.go):(\d+)(?: \+0x[0-9a-f]+)?\s*")
_RUST = re.compile(r"\s*at (\S+\.rs):(\d+)(?::\d+)?\s*")
_PYTEST = re.compile(r"([\w./-]+\.\w+):(\d+): (?:in (\w+)|[A-Z]\w*(?:Error|Exception|Warning)?)\s*")
_ERROR = re.compile(
    r"(?:E\s+)?(?:Uncaught |Caused by: |panic: |thread '.*?' panicked at )?"
    r"((?:[A-Za-z_][\w$]*[.:]{1,2})*(?:[A-Z][\w$]*)?(?:Error|Exception|Warning|Exit|Interrupt|Fault|Failure|Timeout)"
    r"|[A-Z]\w+Exists|StopIteration|KeyboardInterrupt)(?::\s*(.*))?"
)


def read_trace(text: str, files: frozenset[str] | None) -> Trace:
    """Return what `text` says as a trace; `files` are the relative paths of the repository."""
    frames = list(_frames(text))[:FRAMES_MAX]
    error, kind = _error(text)
    inner_first = frames if _begins_within(text) else frames[::-1]
    inside: list[Frame] = []
    for frame in inner_first:
        path = _within(frame.path, files) if files is not None else ""
        known = Frame(path, frame.line, frame.function)
        if path and known not in inside:
            inside.append(known)
    return Trace(error, kind, tuple(inside[:INSIDE_MAX]))


def _begins_within(text: str) -> bool:
    """Whether the frame nearest to the error stands first, as everywhere but in Python."""
    return not re.search(r'(?m)^\s*File "|most recent call last|^[\w./-]+\.py:\d+: ', text)


def _frames(text: str) -> Iterator[Frame]:
    name = ""
    for line in text.split("\n"):
        frame = _frame(line, name)
        if frame:
            yield frame
        called = re.match(r"([\w./*()-]+)\(.*\)\s*$", line)
        name = called[1] if called else ""  # Go names the function a line before its place.


def _frame(line: str, before: str) -> Frame | None:
    if found := _PYTHON.fullmatch(line):
        return Frame(found[1], _number(found[2]), found[3] or "")
    if found := _JAVA.fullmatch(line):
        package = found[1].rsplit(".", 2)[0].replace(".", "/")
        return Frame(f"{package}/{found[2]}", _number(found[3]), found[1].rpartition(".")[2])
    if found := _RUST.fullmatch(line):
        return Frame(found[1], _number(found[2]))
    if found := _NODE.fullmatch(line):
        return Frame(found[2], _number(found[3]), found[1] or "")
    if found := _RUBY.fullmatch(line):
        return Frame(found[1], _number(found[2]), found[3])
    if found := _GO.fullmatch(line):
        return Frame(found[1], _number(found[2]), before.rpartition(".")[2])
    if found := _PYTEST.match(line):
        return Frame(found[1], _number(found[2]), found[3] or "")
    return None


def _number(digits: str) -> int:
    return max(int(digits[:9]), 1)


def _error(text: str) -> tuple[str, str]:
    """Return the last line that names an error, or in traces that begin with it the first."""
    found = [match for line in text.split("\n") if (match := _ERROR.match(line.strip()))]
    if not found:
        return "", ""
    chosen = found[0] if _begins_within(text) else found[-1]
    message = f"{chosen[1]}: {chosen[2].strip()}" if chosen[2] and chosen[2].strip() else chosen[1]
    return " ".join(message.split())[:ERROR_MAX], re.split(r"[.:]", chosen[1])[-1]


def _within(path: str, files: frozenset[str]) -> str:
    """Return the file of the repository that a frame means, however its path begins; "" if none."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    # What is installed keeps the path below its root: site-packages/flask/app.py.
    for begin in range(len(parts)):
        tail = "/".join(parts[begin:])
        if tail in files:
            return tail
        below = (
            [file for file in files if file.endswith(f"/{tail}")] if begin < len(parts) - 1 else []
        )
        if len(below) == 1 and (begin or ASIDE.isdisjoint(parts)):
            return below[0]
        if len(below) == 1 and begin:
            return below[0]
    return ""
