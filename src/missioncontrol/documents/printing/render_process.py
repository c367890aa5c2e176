"""Renders files in processes of their own, each with a limit on its time and its memory."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.extras import require_extra

SECONDS_MAX = 60.0
FAULT, OUT_OF_TIME = "document.unprinted", "document.unprinted_in_time"
_TYPST_PROCESS = Path(__file__).with_name("typst_process.py")
_DOCX_PROCESS = Path(__file__).with_name("docx_process.py")
BYTES_MAX = 2_000_000_000
"""Memory of one process; `typst_process.py` has its own copy, for it imports nothing of ours."""

NOT_MADE = 2
"""The exit status of an order that was refused."""


class Order(msgspec.Struct, frozen=True):
    """A document to compile; all text from documents is in `inputs`."""

    source: str
    inputs: Mapping[str, str]
    format: Literal["pdf", "png"]
    ppi: float | None = None
    standards: Sequence[str] = ()
    fonts: Sequence[str] = ()  # directories of fonts besides the embedded ones


class Binding(msgspec.Struct, frozen=True):
    """A document for DOCX, and its drawings as SVG by their paths in it."""

    markdown: str
    title: str
    images: Mapping[str, str]


class Refused(msgspec.Struct, frozen=True):
    """The refusal of `docx_process`."""

    code: str
    reason: str
    hint: str
    is_later: bool  # whether the same order may succeed later


class NotMade(Exception):
    """The compiler refuses the order."""


def pressed(order: Order, *, seconds_max: float = SECONDS_MAX) -> bytes:
    """Return the file; the same order gives the same bytes on every machine.

    The process gets no environment of ours, and the order by its standard input.

    Raises:
        NotMade: with the fault that the compiler reports.
        Rejected: `document.unprinted`, where it needs more memory than there is for one.
        Unavailable: `document.unprinted_in_time`, `extra.not_installed`.
    """
    require_extra("pdf", "Printing as PDF or PNG", "typst")
    ended = _ended(_TYPST_PROCESS, order, seconds_max)
    if ended.returncode == NOT_MADE:
        raise NotMade(str(json.loads(ended.stderr)["fault"]))
    return _made(ended)


def bound(order: Binding, *, seconds_max: float = SECONDS_MAX) -> bytes:
    """Return a document as DOCX, as `docx_of` does, from a process of its own.

    Raises:
        Rejected: as `docx_of`, or `document.unprinted`, where it needs too much memory.
        Unavailable: as `docx_of`, or `document.unprinted_in_time`, `extra.not_installed`.
    """
    require_extra("pdf", "Printing as DOCX", "docx", "typst")
    ended = _ended(_DOCX_PROCESS, order, seconds_max)
    if ended.returncode == NOT_MADE:
        refusal = msgspec.json.decode(ended.stderr, type=Refused)
        kind = Unavailable if refusal.is_later else Rejected
        raise kind(refusal.code, refusal.reason, hint=refusal.hint)
    return _made(ended)


def _ended(
    program: Path, order: msgspec.Struct, seconds_max: float
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - a program of ours
            [sys.executable, "-I", str(program)],
            input=msgspec.json.encode(order),
            capture_output=True,
            timeout=seconds_max,
            env={"PATH": ""},
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise Unavailable(
            OUT_OF_TIME,
            f"Printing took more than {seconds_max:.0f} s and was ended.",
            hint="Take it as Markdown or HTML, or print its parts.",
        ) from late


def _made(ended: subprocess.CompletedProcess[bytes]) -> bytes:
    if ended.returncode:
        raise Rejected(
            FAULT,
            f"Printing ended with status {ended.returncode}.",
            hint="It may need more memory than one document is given: print its parts.",
        )
    return ended.stdout
