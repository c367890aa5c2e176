"""Documents as files: pages made beside the loop, and what is printed in the pressroom."""

import asyncio
from typing import NamedTuple
from weakref import WeakKeyDictionary

from missioncontrol.application.queries.documents import DocumentView
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.application.read_model import Present
from missioncontrol.application.render_queue import order_of, render_queue_of
from missioncontrol.documents.studio.export import MEDIA_TYPES, Form, exported, pictures

PAGES_AT_ONCE = 2
"""Each of them keeps a core busy for a moment; two leave room for everybody else."""

_turns: "WeakKeyDictionary[Present, asyncio.Semaphore]" = WeakKeyDictionary()


class DocumentFile(NamedTuple):
    """A document in one form."""

    content: bytes
    media_type: str
    name: str


async def file_of(
    present: Present, story: RunReport, view: DocumentView, form: Form, asker: str
) -> DocumentFile:
    """Return a version of a document as a file, for `asker`, in whose row it may have to wait.

    Markdown and pages wait for nothing that is printed.

    Raises:
        Busy: as `Pressroom.printed`.
        Rejected: `document.too_large`, `document.unprinted`.
        Unavailable: `document.unprinted_in_time`.
    """
    record, read = story.reading.record, present.artifacts.get
    is_draft = not view.version

    def made() -> bytes:
        return exported(view.text, view.kind, form, pictures(record, read), is_draft=is_draft)

    match form:
        case "md":
            content = exported(view.text, view.kind, form, {}, is_draft=is_draft)
        case "html":
            async with _turns.setdefault(present, asyncio.Semaphore(PAGES_AT_ONCE)):
                content = await asyncio.to_thread(made)
        case "pdf" | "docx":
            # The text says which version it is; the story, which drawings stand in it.
            key = order_of(form, view.kind, view.text, view.run, story.version, is_draft)
            content = await render_queue_of(present).printed(key, asker, made)
    name = f"{view.run}-{view.kind}{'-draft' * is_draft}.{form}"
    return DocumentFile(content, MEDIA_TYPES[form], name)
