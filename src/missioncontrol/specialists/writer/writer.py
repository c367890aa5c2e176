"""The writer: writes the documents of one mission from its plan, its findings and the code."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from missioncontrol.domain.work import ArtifactRef, Fact, FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.specialist import Brief, Desk
from missioncontrol.specialists.writer.markdown import anchor
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.outline import outline
from missioncontrol.specialists.writer.pack import Pack
from missioncontrol.specialists.writer.pack_text import pack_text
from missioncontrol.specialists.writer.packing import packed
from missioncontrol.specialists.writer.requirements import heading, places_of
from missioncontrol.specialists.writer.scene import read_scene
from missioncontrol.specialists.writer.specification import specification
from missioncontrol.specialists.writer.task_pack import TaskPack
from missioncontrol.specialists.writer.task_packing import name_of, task_packs
from missioncontrol.specialists.writer.task_text import task_pack_text

# What the writer hands on: which section answers which requirement, and the files it named.

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


TITLES = {
    "specification.md": "Specification",
    "outline.md": "Technical outline",
    "execution-pack.md": "Execution pack",
    "execution-pack.json": "Execution pack as data",
}
PACK = "execution-pack.md"
OBTAINED = "written by rule from the plan, the earlier tasks' artifacts and the code"


class Writer:
    """Writes only what a requirement, a finding or a line of code says, and names which."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Write the documents that the task expects; all of them where it names none of ours.

        Raises:
            AttemptFailed: there is no plan to write from.
        """
        if brief.plan is None:
            raise AttemptFailed(
                "writer.no_plan",
                "There is no plan to write documents from.",
                hint="Run the planner first: a step with `agent: planner` among its needs.",
                retryable=False,
            )
        desk.log("info", "reading the places that the plan names")
        material = Material(brief, brief.plan, read_scene(brief, brief.plan))
        pack = packed(material)
        texts = _texts(material, pack, wanted(brief))
        stored = [_store_file(desk, name, text, TITLES[name]) for name, text in texts.items()]
        if PACK in texts:
            stored += [_store_file(desk, *each) for each in _of_tasks(task_packs(material))]
        desk.log("success", summary(material, pack, list(texts)))
        return _work(material, pack, texts, stored)


def _store_file(desk: Desk, name: str, text: str, title: str) -> ArtifactRef:
    media_type = "application/json" if name.endswith(".json") else "text/markdown"
    return desk.keep(name, text, media_type=media_type, title=title, obtained=OBTAINED)


def _of_tasks(packs: Mapping[str, TaskPack]) -> Iterator[tuple[str, str, str]]:
    """Yield name, text and title of each task's pack, as text and as data."""
    for key, pack in packs.items():
        title = f"Execution pack: {pack.task.title}"
        yield f"{name_of(key)}.md", task_pack_text(pack), title
        yield f"{name_of(key)}.json", _json(pack), f"{title}, as data"


def wanted(brief: Brief) -> list[str]:
    """Return the names of the documents that the task expects, in our order."""
    expected = {each.name for each in brief.task.artifacts} if brief.task else set()
    return [name for name in TITLES if name in expected] or list(TITLES)


def _texts(material: Material, pack: Pack, names: Sequence[str]) -> dict[str, str]:
    write: Mapping[str, Callable[[], str]] = {
        "specification.md": lambda: specification(material),
        "outline.md": lambda: outline(material),
        "execution-pack.md": lambda: pack_text(pack),
        "execution-pack.json": lambda: _json(pack),
    }
    return {name: write[name]() for name in names}


def _json(data: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n"


def _work(
    material: Material, pack: Pack, texts: Mapping[str, str], stored: Sequence[ArtifactRef]
) -> Work:
    return Work(
        summary=summary(material, pack, list(texts)),
        output=output(material, pack, texts),
        facts=facts(pack, list(texts)),
        artifacts=tuple(stored),
        evidence=(FilesRead(material.scene.read, material.scene.left_out, material.scene.commit),),
    )
