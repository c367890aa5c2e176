"""What the writer hands on: which section answers which requirement, and the files it named."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from missioncontrol.domain.work import Fact
from missioncontrol.specialists.writer.markdown import anchor
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack import Pack
from missioncontrol.specialists.writer.requirements import heading, places_of

PACK_JSON = "execution-pack.json"


def summary(material: Material, pack: Pack, names: Sequence[str]) -> str:
    """Say in one sentence what was written."""
    left = len(pack.budget.dropped)
    dropped = f", {left} more dropped for lack of room" if left else ""
    return (
        f"Wrote {', '.join(names)} for “{material.plan.title}”: "
        f"{_counted(len(material.plan.requirements), 'requirement')}, "
        f"{_tasks(len(pack.tasks), is_built=any(task.agent for task in material.builders))}, "
        f"{_counted(len(pack.code), 'excerpt')} of code{dropped}."
    )


def _tasks(number: int, *, is_built: bool) -> str:
    if is_built:
        return f"{_counted(number, 'task')} to change code"
    return _counted(number, "handed-over task")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def facts(pack: Pack, names: Sequence[str]) -> tuple[Fact, ...]:
    """Return the figures that stand in the pack, where it was written."""
    if PACK_JSON not in names:
        return ()
    how = pack.budget.rule
    return (
        Fact("Handed-over tasks", len(pack.tasks), "tasks", PACK_JSON, "/tasks", "the plan"),
        Fact("Size of the pack", pack.budget.tokens, "tokens", PACK_JSON, "/budget/tokens", how),
    )


def output(material: Material, pack: Pack, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what the reviewer checks the documents against."""
    return {
        "documents": list(texts),
        "requirements": {
            each.id: {
                "sections": _sections(heading(each), texts),
                "tasks": [task.key for task in material.tasks_for(each)],
                "files": [place.path for place in places_of(each, material)],
            }
            for each in material.plan.requirements
        },
        "files": [place.path for place in material.scene.places],
        "handed_over": [task.key for task in pack.tasks],
        "tokens": pack.budget.tokens,
        "dropped": list(pack.budget.dropped),
        "gaps": list(material.gaps),
    }


def _sections(title: str, texts: Mapping[str, str]) -> list[str]:
    """Return the documents' sections with this heading, as `document#anchor`."""
    pattern = re.compile(rf"^#+ {re.escape(title)}$", re.MULTILINE)
    return [f"{name}#{anchor(title)}" for name, text in texts.items() if pattern.search(text)]
