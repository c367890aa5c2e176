"""Reads the repository once, and writes all documents of one mission from plan, facts and code."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import ArtifactRef, Fact, FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.likelier import likelier_place
from missioncontrol.specialists.specialist import Brief, Desk
from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.markdown import anchor
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.outline import outline
from missioncontrol.specialists.writer.pack import Pack, TaskPack
from missioncontrol.specialists.writer.pack_text import pack_text, task_pack_text
from missioncontrol.specialists.writer.packing import packed
from missioncontrol.specialists.writer.parts import lines_of
from missioncontrol.specialists.writer.place_choice import Surroundings
from missioncontrol.specialists.writer.places import Place, Scene
from missioncontrol.specialists.writer.requirements import heading, places_of
from missioncontrol.specialists.writer.specification import specification
from missioncontrol.specialists.writer.task_packing import name_of, task_packs

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Stack
    from missioncontrol.specialists.tree import Tree

EXCLUDED_MAX = 6
NOT_BY_HAND = {
    "generated": "written by a tool, not by hand",
    "vendored": "a copy of third-party code",
}
SCRIPTS = {"build": "build", "lint": "lint", "typecheck": "type check", "format": "format"}
EMPTY = Scene(
    (), {}, (), {}, (), (), "", 0, 0, "", ("There is no repository: only the plan was read.",)
)
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


def read_scene(brief: Brief, plan: Plan) -> Scene:
    """Return the places that `plan` touches in the repository of `brief`."""
    if brief.repository is None:
        return EMPTY
    from missioncontrol.specialists.manifests import read_manifests
    from missioncontrol.specialists.tree import read_tree

    tree = read_tree(Path(brief.repository))
    stack = read_manifests(tree)
    surroundings = Surroundings(plan, brief.context, tree)
    places = surroundings.places()
    return Scene(
        places,
        surroundings.by_requirement(),
        tuple(_commands(stack)),
        {place.path: tuple(lines_of(tree.text(place.path))) for place in places},
        tuple(_excluded_files(tree, places)),
        tuple((f"{d.name}{d.requirement}", f"{d.manifest}:{d.line}") for d in stack.dependencies),
        _doubt(plan, places, tree),
        len(tree.files),
        tree.left_out_count,
        tree.commit,
        tuple(_notes(tree, surroundings)),
        tuple(_runtimes(stack)),
        surroundings.targets,
    )


def _doubt(plan: Plan, places: tuple[Place, ...], tree: "Tree") -> str:
    changed = [place.path for place in places if place.standing == "changed"]
    near = likelier_place(plan, changed, tree)
    if near is None:
        return ""
    reasons = "; ".join(near.reasons)
    return f"the goal's words point to `{near.path}` more than to what the plan changes: {reasons}"


def _commands(stack: "Stack") -> Iterator[Command]:
    for test in stack.test_commands:
        yield Command("test", " ".join(test.argv), test.source)
    for entry in stack.entry_points:
        purpose = SCRIPTS.get(entry.name)
        if entry.kind == "script" and purpose:
            place = f"{entry.manifest}:{entry.line}"
            is_npm = entry.manifest.endswith("package.json")
            command = f"npm run {entry.name}" if is_npm else entry.target
            yield Command(purpose, command, place)


def _runtimes(stack: "Stack") -> Iterator[tuple[str, str, str]]:
    """Yield the versions of languages that the manifests at the top promise to work with."""
    for each in stack.runtimes:
        if each.requirement and "/" not in each.manifest:
            place = f"{each.manifest}:{each.line}" if each.line else each.manifest
            yield each.language, each.requirement, place


def _excluded_files(tree: "Tree", places: tuple[Place, ...]) -> Iterator[tuple[str, str]]:
    """Name files beside the change that are not edited by hand."""
    folders = {str(PurePosixPath(place.path).parent) for place in places} | {"."}
    found = [
        (file.path, NOT_BY_HAND[file.kind])
        for file in tree.files
        if file.kind in NOT_BY_HAND and str(PurePosixPath(file.path).parent) in folders
    ]
    found += [(each.path, "a submodule with a history of its own") for each in tree.submodules]
    yield from found[:EXCLUDED_MAX]


def _notes(tree: "Tree", surroundings: Surroundings) -> Iterator[str]:
    commit = f" at commit {tree.commit[:12]}" if tree.commit else ""
    yield f"Code: {len(tree.files)} files{commit}, found by {tree.obtained}."
    if tree.left_out_count:
        first = "; ".join(f"{each.path} ({each.reason})" for each in tree.left_out[:3])
        yield f"Left out: {tree.left_out_count} paths, such as {first}."
    if surroundings.index.left_out:
        yield f"Left out of the ranking for lack of room: {surroundings.index.left_out} files."
