"""Builds each kind of document from a record; the same record gives the same bytes."""

from collections.abc import Callable, Iterator, Mapping

from missioncontrol.documents.excerpts import ReadSource
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.markup import plain
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.studio import (
    adrs,
    brief,
    design,
    engineering,
    execution_pack,
    prd,
    quality,
    release,
)
from missioncontrol.documents.studio.material import Material, short
from missioncontrol.documents.studio.model import Document, Section
from missioncontrol.documents.studio.prose import with_prose
from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.document import TITLES, DocumentKind

_BUILDERS: Mapping[DocumentKind, Callable[[Material], Iterator[Section]]] = {
    "prd": prd.sections,
    "design": design.sections,
    "plan": engineering.sections,
    "pack": execution_pack.sections,
    "adrs": adrs.sections,
    "test-plan": quality.sections,
    "release-notes": release.sections,
    "brief": brief.sections,
}


def built(
    record: MissionRecord,
    kind: DocumentKind,
    read: ReadArtifact,
    logged: Mapping[str, LoggedDecision] | None = None,
    source: ReadSource | None = None,
) -> Document:
    """Return the document of that kind, as the record and the log of decisions stand.

    `source` reads files of the repository, for files that people gave a task since it was packed.
    """
    of = Material(record, read, logged, source)
    sections = with_prose(of, kind, _BUILDERS[kind](of))
    title = f"{TITLES[kind]}: {plain(short(record.title or record.goal, 120))}"
    return Document(kind, title, record.mission, record.run, tuple(sections))
