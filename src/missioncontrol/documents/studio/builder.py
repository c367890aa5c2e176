"""Builds each kind of document from a record; the same record gives the same bytes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

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
from missioncontrol.documents.studio.model import Document, Paragraph, Section, Source
from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.document import TITLES, DocumentKind

# Passages that a model wrote for sections, where they were checked and found to hold.

PROSE = "prose.json"
PASSAGES_MAX = 40


def with_prose(of: Material, kind: DocumentKind, sections: Iterable[Section]) -> Iterator[Section]:
    """Yield the sections, each with the accepted passage for it at its beginning."""
    passages = _accepted(of, kind)
    for section in sections:
        found = passages.get(section.key)
        if found is None:
            yield section
        else:
            number, passage = found
            yield msgspec.structs.replace(
                section, blocks=(_paragraph(of, number, passage), *section.blocks)
            )


def _accepted(of: Material, kind: DocumentKind) -> dict[str, tuple[int, dict[str, Any]]]:
    return {
        str(each.get("section", "")): (number, each)
        for number, each in enumerate(of.rows(PROSE, "passages")[:PASSAGES_MAX])
        if each.get("accepted") is True and each.get("document") == kind and each.get("text")
    }


def _paragraph(of: Material, number: int, passage: dict[str, Any]) -> Paragraph:
    named = [str(each) for each in passage.get("facts") or ()]
    known = _known(of)
    sources = [known[name] for name in named if name in known]
    statement = of.say(str(passage["text"]), *sources[:3], of.held(PROSE, "passages", number))
    return Paragraph((statement,))


def _known(of: Material) -> dict[str, Source]:
    """Return what a passage can rest on, by the ids that the model was given."""
    plan = of.plan
    found = {"goal": of.goal, "plan": of.whole_plan}
    found |= {each.id: of.requirement(each) for each in plan.requirements}
    found |= {each.id: of.decision(each) for each in plan.decisions}
    found |= {each.id: of.risk(each) for each in plan.risks}
    return found | {f"task:{one.task.key}": of.task(one.task) for one in of.record.tasks}


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
