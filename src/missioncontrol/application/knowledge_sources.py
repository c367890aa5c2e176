"""Reads from the log what is known besides memory items: decisions, documents, patterns, runs."""

import asyncio
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from missioncontrol.application.templates import Templates
from missioncontrol.documents.sections import sections
from missioncontrol.documents.studio import markdown
from missioncontrol.documents.studio.export import without_marks
from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.document import EVENTS as DOCUMENT_EVENTS
from missioncontrol.domain.document import TITLES, DocumentGenerated, stream_of
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.learned import PatternLearned, PatternRetired
from missioncontrol.domain.mission import MissionCreated
from missioncontrol.domain.register import decode
from missioncontrol.domain.repository.events import TaskDocumentTaken
from missioncontrol.knowledge.ended_run import EndedRun
from missioncontrol.knowledge.passages import (
    PARTS_MAX,
    decision_passages,
    mission_passages,
    pattern_passages,
    pieces,
    run_passages,
    template_passages,
    uses_of,
)
from missioncontrol.knowledge.text import without_markup
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.knowledge_index import Passage, Use
from missioncontrol.ports.memory_index import Taken

_DOCUMENTS = frozenset(name for name, _ in DOCUMENT_EVENTS.values())
_NOTE = re.compile(r"\[\^[^\]\s]{1,200}\]")
_OTHERS = frozenset({"mission_created", "pattern_learned", "pattern_retired"})


class Sources:
    """Collects the passages of a portion of the log."""

    def __init__(self, store: EventStore, artifacts: ArtifactStore) -> None:
        """Start a new portion."""
        self._store = store
        self._artifacts = artifacts
        self._passages: dict[str, Sequence[Passage]] = {}
        self._uses: list[tuple[str, Use]] = []
        self._documents: dict[str, Recorded] = {}  # the newest version, by source

    def add(self, row: Recorded) -> None:
        """Take in an event; one that says nothing of the kind is left out."""
        if row.type in _DOCUMENTS:
            event: Any = decode(row.type, row.schema, row.body)
            if hasattr(event, "digest"):
                self._documents[f"document:{event.run}:{event.kind}"] = row
        elif row.type == "task_document_taken":
            taken: Any = decode(row.type, row.schema, row.body)
            self._documents[f"document:{taken.repository}:{taken.task}:{taken.kind}"] = row
        elif row.type in _OTHERS:
            self._add_other(decode(row.type, row.schema, row.body), row.time / 1_000_000)

    def _add_other(self, event: Any, at: float) -> None:
        match event:
            case MissionCreated():
                self._passages[f"mission:{event.mission}"] = mission_passages(event, at)
            case PatternLearned():
                self._passages[f"pattern:{event.pattern}"] = pattern_passages(event, at)
            case PatternRetired():
                self._passages[f"pattern:{event.pattern}"] = ()

    def add_run(self, run: EndedRun) -> None:
        """Take in a run that has ended."""
        self._passages[f"run:{run.run}"] = run_passages(run)
        self._uses += uses_of(run)

    def add_decision(self, decision: LoggedDecision) -> None:
        """Take in a decision as it is now."""
        self._passages[f"decision:{decision.id}"] = decision_passages(decision)

    async def taken(self) -> Taken:
        """Return what was collected; of each document, the newest version."""
        for source, row in self._documents.items():
            event: Any = decode(row.type, row.schema, row.body)
            if isinstance(event, TaskDocumentTaken):
                about = _of_task(event, source)
            else:
                about = await self._of_mission(event, source)
            whole = msgspec.structs.replace(about, time=row.time / 1_000_000)
            try:
                content = await asyncio.to_thread(self._artifacts.get, event.digest)
            except (MissionControlError, OSError):
                content = b""  # Retention has removed it.
            self._passages[source] = document_passages(content.decode("utf-8", "replace"), whole)
        return Taken(self._passages, self._uses)

    async def _of_mission(self, event: Any, source: str) -> Passage:
        first = await self._store.read_stream(stream_of(event.run, event.kind), limit=1)
        generated: Any = decode(first[0].type, first[0].schema, first[0].body) if first else None
        mission = generated.mission if isinstance(generated, DocumentGenerated) else ""
        query = urlencode({"view": "documents", "document": event.kind, "run": event.run})
        return Passage(
            "document",
            source,
            TITLES.get(event.kind, event.kind),
            "",
            href=f"/missions/{quote(mission)}?{query}#section-",
            cite=mission or event.run,
            mission=mission,
            run=event.run,
            tags=(event.kind,),
        )


def _of_task(event: TaskDocumentTaken, source: str) -> Passage:
    name = f"task {event.task} of {event.repository}"
    return Passage(
        "document",
        source,
        f"{event.kind.upper() if event.kind == 'prd' else event.kind.capitalize()} of {name}",
        "",
        href=f"/repositories/{quote(event.repository)}/tasks/{event.task}?document={event.kind}",
        cite=name,
        tags=(event.kind,),
    )


def document_passages(text: str, whole: Passage) -> list[Passage]:
    """Return the sections of a document, each with the place that it has on its page.

    An address of `whole` that ends with `#section-` gets the number of the section.
    """
    return [
        msgspec.structs.replace(
            whole,
            section=section,
            text=piece,
            href=f"{whole.href}{number}" if whole.href.endswith("-") else whole.href,
            cite=f"{whole.title}, {section or 'beginning'}, {whole.cite}",
        )
        for number, section, body in _sections(text)
        for piece in pieces(body)
    ][:PARTS_MAX]


def _sections(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the sections of a document with their numbers, as its page counts them."""
    plain = without_marks(text)
    body = markdown.without_sources(plain, markdown.defined_in(plain))
    for number, each in enumerate(sections(body)):
        heading, _, rest = each.text.partition("\n")
        plain = rest if each.title else f"{heading}\n{rest}"
        if plain.strip():
            title, plain = (_NOTE.sub("", part) for part in (each.title, plain))
            yield number, without_markup(title), without_markup(plain)


def templates_of(templates: Templates) -> tuple[str, Mapping[str, Sequence[Passage]]]:
    """Return a signature of all templates, which changes with them, and their passages."""
    found = templates.all()
    signature = hashlib.sha256(msgspec.json.encode(found)).hexdigest()
    return signature, {
        f"template:{each.template.key}": template_passages(each.template, each.file)
        for each in found
    }
