"""Reports of missions in the forms that people keep, made beside the loop, a few at a time."""

import asyncio
import gzip
from collections.abc import Callable
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

from missioncontrol.application.present import Present
from missioncontrol.application.queries.stories import Story
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.report import (
    report_html,
    report_json,
    report_markdown,
    report_zip,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.interfaces.codings import takes

AT_ONCE = 2
"""Each of them keeps a core busy; two leave room for everybody else."""

PACKED_BYTES_MAX = 256_000_000

Form = Literal["html", "md", "json", "zip"]


class Paper(NamedTuple):
    """One form of a report."""

    content: bytes
    media_type: str
    name: str  # of a file
    coding: str = ""  # how the content is packed for its way


_turns: "WeakKeyDictionary[Present, asyncio.Semaphore]" = WeakKeyDictionary()

_MAKERS: dict[Form, Callable[[MissionRecord, ReadArtifact], bytes]] = {
    "html": lambda record, read: report_html(record, read).encode(),
    "md": lambda record, read: report_markdown(record, read).encode(),
    "json": lambda record, _: report_json(record),
    "zip": report_zip,
}
_MEDIA_TYPES: dict[Form, str] = {
    "html": "text/html",
    "md": "text/markdown",
    "json": "application/json",
    "zip": "application/zip",
}

SAFE = {
    # The page brings the digest of its style along; it has no script and nowhere to go.
    "Content-Security-Policy": "sandbox allow-popups; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""What keeps a browser from doing anything with a report but showing it."""


async def paper(present: Present, story: Story, form: Form, accepted: str = "") -> Paper:
    """Return the report of a run as it stands, packed where `Accept-Encoding` says so.

    Raises:
        Rejected: `report.too_large`.
    """
    record = story.reading.record
    if form == "zip":
        _refuse_too_much(story)
    async with _turns.setdefault(present, asyncio.Semaphore(AT_ONCE)):
        content = await asyncio.to_thread(_MAKERS[form], record, present.artifacts.get)
        # It holds no secret that its length after packing could give away.
        coding = "gzip" if form != "zip" and takes(accepted, "gzip") else ""
        if coding:
            content = await asyncio.to_thread(gzip.compress, content, 6, mtime=0)
    return Paper(content, _MEDIA_TYPES[form], f"{record.run}.{form}", coding)


def _refuse_too_much(story: Story) -> None:
    size: Any = sum(each.artifact.size for each in story.reading.exhibits)
    if size > PACKED_BYTES_MAX:
        raise Rejected(
            "report.too_large",
            f"The artifacts have {size:,} bytes; at most {PACKED_BYTES_MAX:,} are packed here.",
            hint=f"`mission export {story.state.id} --format zip` packs them where they lie.",
        )
