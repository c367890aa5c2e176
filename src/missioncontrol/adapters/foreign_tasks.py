"""Reads what is to be done as other tools keep it, with its status, priority and dependencies.

These are spec-kit, task-master, OpenSpec, enhancement proposals (KEPs), BMAD, and plain PRDs.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters import foreign_documents as documented
from missioncontrol.adapters.foreign_reading import (
    FOLDERS_MAX,
    LIST_BYTES_MAX,
    Foreign,
    Standing,
    in_a_line,
    read_text,
    status_of,
    status_of_boxes,
    titled,
    unreadable,
    with_standing,
)
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.repository.documents import TaskDocument

SPEC_KIT: dict[str, TaskDocument] = {"spec.md": "prd", "plan.md": "plan", "tasks.md": "tasks"}
"""What spec-kit calls a spec says what is wanted and why, which is a PRD here."""
BESIDE_A_SPEC = frozenset(SPEC_KIT) - {"spec.md"}
"""Documents that are no task by themselves: with one of them, its whole feature is read."""

_SPEC_STATUS = re.compile(r"(?im)^\**status\**:\**[ \t]*(?P<status>[\w-]+(?: [\w-]+)?)[ \t]*$")
_SPEC_PRIORITY = re.compile(r"(?i)\(priority:[ \t]*(P\d+)\)")
_WORDS = ("title", "description", "details", "testStrategy")
_KNOWN = frozenset({"id", *_WORDS, "subtasks", "dependencies", "status", "priority", "parentId"})
"""Fields of task-master that are imported; others are listed as left."""

Titles = dict[str, str]
"""The titles of the tasks and subtasks of a tag, by their ids."""


class Read(msgspec.Struct, frozen=True):
    """What was found, and what was not understood, each with its place."""

    tasks: tuple[Foreign, ...]
    left: tuple[str, ...]


def foreign_tasks(path: Path) -> Read:
    """Read a folder or a file of one of the tools above.

    Raises:
        NotFound: `repository.nothing_to_import`.
        Rejected: `repository.unreadable`.
    """
    found = _in_folder(path) if path.is_dir() else _in_file(path)
    if not found.tasks:
        raise NotFound(
            "repository.nothing_to_import",
            f"{str(path)!r} holds no tasks that are understood here.",
            hint="Name `specs/` of spec-kit, `tasks.json` of task-master, `openspec/`, `kep.yaml`, "
            "a folder of BMAD stories, or a PRD in Markdown.",
        )
    return found


def _in_file(path: Path) -> Read:
    if path.suffix == ".json":
        return _task_master(path)
    if path.name == documented.KEP:
        return _all_of(documented.keps(path))
    if path.suffix.lower() not in (".md", ".markdown"):
        return Read((), ())
    if documented.is_story(path):
        return _all_of(documented.stories(path))
    if path.name in BESIDE_A_SPEC and (path.parent / "spec.md").is_file():
        return _spec_kit(path.parent)
    text = read_text(path)
    return Read((Foreign(titled(text, path.stem), path.name, "", {"prd": text}),), ())


def _in_folder(path: Path) -> Read:
    if documented.has_changes(path):
        return _all_of(documented.openspec(path))
    if documented.has_keps(path):
        return _all_of(documented.keps(path))
    if documented.has_stories(path):
        return _all_of(documented.stories(path))
    return _spec_kit(path)


def _all_of(found: Iterator[Foreign | str]) -> Read:
    """Return tasks, and apart from them the reasons why others can't be read."""
    every = list(found)
    return Read(
        tuple(each for each in every if isinstance(each, Foreign)),
        tuple(line for each in every for line in ([each] if isinstance(each, str) else each.left)),
    )


def _spec_kit(path: Path) -> Read:
    alone = path if (path / "spec.md").is_file() else None
    folders = [alone] if alone else sorted(each for each in path.iterdir() if each.is_dir())
    tasks, left = [], []
    for folder in folders[:FOLDERS_MAX]:
        if not (folder / "spec.md").is_file():
            left.append(f"{folder.name}/: it has no spec.md")
            continue
        try:
            tasks.append(_feature(folder))
        except Rejected as error:  # One that can't be read is no reason to leave the others.
            left.append(f"{folder.name}/: {error.reason}")
            continue
        others = sorted(each.name for each in folder.iterdir() if each.name not in SPEC_KIT)
        left += [f"{folder.name}/{name}: no document of a task is like it" for name in others]
    if len(folders) > FOLDERS_MAX:
        left.append(
            f"{len(folders) - FOLDERS_MAX:,} more folders: {FOLDERS_MAX:,} are read at once"
        )
    return Read(tuple(tasks), tuple(left))


def _feature(folder: Path) -> Foreign:
    found = [(kind, folder / name) for name, kind in SPEC_KIT.items()]
    documents = {kind: read_text(path) for kind, path in found if path.is_file()}
    matched = _SPEC_STATUS.search(documents["prd"])
    status = status_of(matched["status"]) if matched else "open"
    if status == "open":  # The boxes of the tasks are more up to date than the status.
        status = status_of_boxes(documents.get("tasks", ""))
    # Each user story has its own; the feature is as urgent as the first of them.
    priorities = [each.upper() for each in _SPEC_PRIORITY.findall(documents["prd"])]
    standing = Standing(status, min(priorities, key=lambda each: int(each[1:]), default=""))
    title = titled(documents["prd"], folder.name)
    return Foreign(title, folder.name, with_standing("", standing), documents, standing)


def _task_master(path: Path) -> Read:
    try:
        content = json.loads(read_text(path, LIST_BYTES_MAX))
    except (ValueError, RecursionError) as error:
        raise unreadable(path, f"it is no JSON: {error}") from None
    tasks: list[Foreign] = []
    left: list[str] = []
    for tag, entries in _tags(content):
        titles = _titles(entries)
        for number, entry in enumerate(entries):
            place = f"{tag}{'.' if tag else ''}tasks[{number}]"
            if not isinstance(entry, dict) or not _text_field(entry, "title"):
                left.append(f"{place}: it has no title")
                continue
            tasks.append(_of_entry(place, entry, titles))
            left += _left_of(place, entry, titles)
    return Read(tuple(tasks), tuple(left))


def _tags(content: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield the tags with their tasks; older files have no tags."""
    if not isinstance(content, dict):
        return
    tagged = {"": content} if isinstance(content.get("tasks"), list) else content
    for tag, part in tagged.items():
        listed = part.get("tasks") if isinstance(part, dict) else None
        if isinstance(listed, list):
            yield tag, listed


def _titles(entries: list[Any]) -> Titles:
    found: Titles = {}
    for entry in entries:
        if isinstance(entry, dict) and _text_field(entry, "title"):
            found[str(entry.get("id"))] = in_a_line(entry["title"])
            for step in _steps(entry):
                name = f"{entry.get('id')}.{step.get('id')}"
                found[name] = (
                    f"{in_a_line(entry['title'])}: {in_a_line(_text_field(step, 'title'))}"
                )
    return found


def _of_entry(place: str, entry: dict[str, Any], titles: Titles) -> Foreign:
    title = in_a_line(entry["title"])
    documents: dict[TaskDocument, str] = {}
    steps = "\n".join(_step_line(each) for each in _steps(entry))
    if steps:
        documents["tasks"] = f"# {title}: task list\n\n## Tasks\n\n{steps}\n"
    parts = [
        ("Steps", _text_field(entry, "details")),
        ("Checks", _text_field(entry, "testStrategy")),
    ]
    if any(text for _, text in parts):
        body = "\n\n".join(f"## {heading}\n\n{text}".rstrip() for heading, text in parts)
        documents["plan"] = f"# {title}: action plan\n\n{body}\n"
    needs = tuple(titles[each] for each in _needs(entry) if each in titles)
    standing = Standing(
        status_of(_text_field(entry, "status")), _text_field(entry, "priority"), needs
    )
    brief = with_standing(_text_field(entry, "description"), standing)
    return Foreign(title, place, brief, documents, standing)


def _steps(entry: dict[str, Any]) -> list[dict[str, Any]]:
    found = entry.get("subtasks")
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def _needs(entry: dict[str, Any]) -> list[str]:
    found = entry.get("dependencies")
    return [str(each) for each in found] if isinstance(found, list) else []


def _left_of(place: str, entry: dict[str, Any], titles: Titles) -> list[str]:
    """Return what of a task is not imported: fields without an equivalent, and lost needs."""
    left = [
        f"{place}.{name}: {json.dumps(value)[:80]} has no equivalent"
        for name, value in entry.items()
        if name not in _KNOWN and value not in (None, "", [], {})
    ]
    lost = [each for each in _needs(entry) if each not in titles]
    left += [f"{place}.dependencies: no task here has the id {each[:40]}" for each in lost]
    for number, step in enumerate(_steps(entry)):
        left += [
            f"{place}.subtasks[{number}].{name} has no equivalent"
            for name, value in step.items()
            if name not in _KNOWN - {"subtasks"} and value not in (None, "", [], {})
        ]
    return left


def _step_line(step: dict[str, Any]) -> str:
    """Return a subtask with a box, its number where others need it, and how it stands."""
    values = [_text_field(step, name) for name in _WORDS]
    text = ". ".join(" ".join(each.split()).rstrip(".") for each in values if each)
    status = status_of(_text_field(step, "status"))
    notes = [] if status in ("open", "done") else [status]
    notes += [f"priority {_text_field(step, 'priority')}"] if _text_field(step, "priority") else []
    notes += [f"after {', '.join(_needs(step))}"] if _needs(step) else []
    number = f"{step['id']}. " if "id" in step else ""
    note = f" ({'; '.join(notes)})" if notes else ""
    return f"- [{'x' if status == 'done' else ' '}] {number}{text}{note}"


def _text_field(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return value.strip() if isinstance(value, str) else ""
