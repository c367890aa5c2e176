"""Passages that a model wrote for sections, where they were checked and found to hold."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from missioncontrol.documents.studio.material import Material
from missioncontrol.documents.studio.model import Paragraph, Section, Source
from missioncontrol.domain.document import DocumentKind

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
