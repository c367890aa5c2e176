"""Reads the repository once for all documents of a mission."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.likelier import likelier_place
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.parts import lines_of
from missioncontrol.specialists.writer.place_choice import Surroundings
from missioncontrol.specialists.writer.places import Place, Scene

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
