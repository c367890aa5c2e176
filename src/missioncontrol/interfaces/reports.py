"""Reports of missions in the forms that people keep, made beside the loop or printed."""

import asyncio
import gzip
from collections.abc import Callable
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

from missioncontrol.application.queries.run_outcome import PROGRAM, RunReport
from missioncontrol.application.read_model import Present
from missioncontrol.application.records import gather
from missioncontrol.application.render_queue import order_of, render_queue_of
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.report import (
    for_outsiders,
    read_for_outsiders,
    report_html,
    report_json,
    report_markdown,
    report_pdf,
    report_zip,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.share import ReportShared
from missioncontrol.interfaces.codings import takes

AT_ONCE = 2
"""Each of them keeps a core busy; two leave room for everybody else."""

PACKED_BYTES_MAX = 256_000_000

Form = Literal["html", "md", "pdf", "json", "zip"]


class Paper(NamedTuple):
    """One form of a report."""

    content: bytes
    media_type: str
    name: str  # of a file
    coding: str = ""  # how the content is packed for its way


PRINTED = frozenset({"pdf", "zip"})
"""What is a PDF, or has one in it. Neither would become smaller on its way."""

_turns: "WeakKeyDictionary[Present, asyncio.Semaphore]" = WeakKeyDictionary()

_MAKERS: dict[Form, Callable[[MissionRecord, ReadArtifact], bytes]] = {
    "html": lambda record, read: report_html(record, read).encode(),
    "md": lambda record, read: report_markdown(record, read).encode(),
    "pdf": report_pdf,
    "json": lambda record, _: report_json(record),
    "zip": report_zip,
}
_MEDIA_TYPES: dict[Form, str] = {
    "html": "text/html",
    "md": "text/markdown",
    "pdf": "application/pdf",
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


async def paper(
    present: Present, story: RunReport, form: Form, asker: str, accepted: str = ""
) -> Paper:
    """Return the report of a run as it stands, packed where `Accept-Encoding` says so.

    What has a PDF in it is printed in the row of `asker`; the other forms wait for none of that.

    Raises:
        Busy: as `Pressroom.printed`.
        Rejected: `report.too_large`, `document.too_large`, `document.unprinted`.
        Unavailable: `document.unprinted_in_time`.
    """
    record = story.reading.record
    if form == "zip":
        _refuse_too_much(story)
    if form in PRINTED:

        def made() -> bytes:
            return _MAKERS[form](record, present.artifacts.get)

        key = order_of("report", form, record.run, story.version)
        content = await render_queue_of(present).printed(key, asker, made)
        return Paper(content, _MEDIA_TYPES[form], f"{record.run}.{form}")
    async with _turns.setdefault(present, asyncio.Semaphore(AT_ONCE)):
        content = await asyncio.to_thread(_MAKERS[form], record, present.artifacts.get)
        # It holds no secret that its length after packing could give away.
        coding = "gzip" if takes(accepted, "gzip") else ""
        if coding:
            content = await asyncio.to_thread(gzip.compress, content, 6, mtime=0)
    return Paper(content, _MEDIA_TYPES[form], f"{record.run}.{form}", coding)


async def shared_paper(present: Present, share: ReportShared) -> Paper:
    """Return the report of a run as it stood when it was shared, as a page.

    Raises:
        NotFound: `run.unknown`.
    """
    async with _turns.setdefault(present, asyncio.Semaphore(AT_ONCE)):
        record = await gather(
            present.store, present.output, share.run, program=PROGRAM, until=share.as_of
        )
        read = read_for_outsiders(record, present.artifacts.get)
        shown = for_outsiders(record)
        content = await asyncio.to_thread(_MAKERS["html"], shown, read)
    return Paper(content, _MEDIA_TYPES["html"], f"{share.run}.html")


def _refuse_too_much(story: RunReport) -> None:
    size: Any = sum(each.artifact.size for each in story.reading.exhibits)
    if size > PACKED_BYTES_MAX:
        raise Rejected(
            "report.too_large",
            f"The artifacts have {size:,} bytes; at most {PACKED_BYTES_MAX:,} are packed here.",
            hint=f"`mission runs export {story.state.id} --format zip` packs them where they lie.",
        )
