"""Reads what is to be done as other tools keep it: spec-kit, task-master, a PRD in Markdown."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.visible import SELECTORS

BYTES_MAX = 1024 * 1024
FOLDERS_MAX = 1_000
TITLE_MAX = 200

SPEC_KIT: dict[str, TaskDocument] = {"spec.md": "prd", "plan.md": "plan", "tasks.md": "tasks"}
"""What spec-kit calls a spec says what is wanted and why, which is a PRD here."""

_HEADING = re.compile(r"^# +(?:(?:Feature Specification|Implementation Plan|Tasks|PRD): *)?(\S.*)$")
_KNOWN = {"id", "title", "description", "details", "testStrategy", "subtasks"}
_IDLE = {"dependencies": [], "status": "pending", "priority": "medium"}
"""Fields of task-master that say nothing here as long as they have these values."""


class Foreign(msgspec.Struct, frozen=True):
    """A task as another tool kept it."""

    title: str
    source: str  # relative to what was named
    brief: str = ""
    documents: dict[TaskDocument, str] = {}


class Read(msgspec.Struct, frozen=True):
    """What was found, and what was not understood, each with its place."""

    tasks: tuple[Foreign, ...]
    left: tuple[str, ...]


def foreign_tasks(path: Path) -> Read:
    """Read a folder of spec-kit (`specs/NNN-name/`), a `tasks.json` of task-master, or a PRD.

    Raises:
        NotFound: `repository.nothing_to_import`.
        Rejected: `repository.unreadable`.
    """
    if path.is_dir():
        found = _folders(path)
    elif path.suffix == ".json":
        found = _task_master(path)
    elif path.suffix.lower() in (".md", ".markdown"):
        text = _text(path)
        found = Read((Foreign(_title(text, path.stem), path.name, "", {"prd": text}),), ())
    else:
        found = Read((), ())
    if not found.tasks:
        raise NotFound(
            "repository.nothing_to_import",
            f"{str(path)!r} holds no tasks that are understood here.",
            hint="Name `specs/` of spec-kit, `tasks.json` of task-master, or a PRD in Markdown.",
        )
    return found


def _folders(path: Path) -> Read:
    alone = path if (path / "spec.md").is_file() else None
    folders = [alone] if alone else sorted(each for each in path.iterdir() if each.is_dir())
    tasks, left = [], []
    for folder in folders[:FOLDERS_MAX]:
        if not (folder / "spec.md").is_file():
            left.append(f"{folder.name}/: it has no spec.md")
            continue
        try:
            documents = _documents(folder)
        except Rejected as error:  # One that can't be read is no reason to leave the others.
            left.append(f"{folder.name}/: {error.reason}")
            continue
        title = _title(documents["prd"], folder.name)
        tasks.append(Foreign(title, folder.name, "", documents))
        others = sorted(each.name for each in folder.iterdir() if each.name not in SPEC_KIT)
        left += [f"{folder.name}/{name}: no document of a task is like it" for name in others]
    if len(folders) > FOLDERS_MAX:
        left.append(
            f"{len(folders) - FOLDERS_MAX:,} more folders: {FOLDERS_MAX:,} are read at once"
        )
    return Read(tuple(tasks), tuple(left))


def _documents(folder: Path) -> dict[TaskDocument, str]:
    found = [(kind, folder / name) for name, kind in SPEC_KIT.items()]
    return {kind: _text(path) for kind, path in found if path.is_file()}


def _task_master(path: Path) -> Read:
    try:
        said = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, f"it is no JSON: {error}") from None
    tasks: list[Foreign] = []
    left: list[str] = []
    for place, entry in _entries(said):
        if not isinstance(entry, dict) or not _said(entry, "title"):
            left.append(f"{place}: it has no title")
            continue
        tasks.append(_of_entry(place, entry))
        left += [
            f"{place}.{name}: {json.dumps(value)[:80]} is not kept"
            for name, value in entry.items()
            if name not in _KNOWN and value != _IDLE.get(name)
        ]
        left += _left_of_steps(place, _steps(entry))
    return Read(tuple(tasks), tuple(left))


def _entries(said: Any) -> Iterator[tuple[str, Any]]:
    """Return the tasks of every tag; older files have no tags."""
    if not isinstance(said, dict):
        return
    tagged = {"": said} if isinstance(said.get("tasks"), list) else said
    for tag, part in tagged.items():
        listed = part.get("tasks") if isinstance(part, dict) else None
        for number, entry in enumerate(listed if isinstance(listed, list) else ()):
            yield f"{tag}{'.' if tag else ''}tasks[{number}]", entry


def _of_entry(place: str, entry: dict[str, Any]) -> Foreign:
    title = _in_a_line(entry["title"])
    documents: dict[TaskDocument, str] = {}
    steps = "\n".join(f"- {_line(each)}" for each in _steps(entry))
    if steps:
        documents["tasks"] = f"# {title}: task list\n\n## Tasks\n\n{steps}\n"
    parts = [("Steps", _said(entry, "details")), ("Checks", _said(entry, "testStrategy"))]
    if any(text for _, text in parts):
        body = "\n\n".join(f"## {heading}\n\n{text}".rstrip() for heading, text in parts)
        documents["plan"] = f"# {title}: action plan\n\n{body}\n"
    return Foreign(title, place, _said(entry, "description"), documents)


def _steps(entry: dict[str, Any]) -> list[dict[str, Any]]:
    found = entry.get("subtasks")
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def _left_of_steps(place: str, steps: list[dict[str, Any]]) -> list[str]:
    return [
        f"{place}.subtasks[{number}].{name} is not kept"
        for number, step in enumerate(steps)
        for name, value in step.items()
        if name not in _KNOWN - {"subtasks"} and value != _IDLE.get(name)
    ]


def _line(step: dict[str, Any]) -> str:
    said = [_said(step, name) for name in ("title", "description", "details", "testStrategy")]
    return ". ".join(" ".join(each.split()).rstrip(".") for each in said if each)


def _said(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return value.strip() if isinstance(value, str) else ""


def _title(text: str, otherwise: str) -> str:
    for line in text.splitlines():
        if found := _HEADING.match(line):
            return _in_a_line(found[1])
    return _in_a_line(otherwise)


def _in_a_line(said: str) -> str:
    """Return a title on one line, without the signs that only choose how the one before looks."""
    shown = "".join(each for each in said if each not in SELECTORS)
    return " ".join(shown.split())[:TITLE_MAX].strip()


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            raise _unreadable(path, f"it has more than {BYTES_MAX:,} bytes")
        return content.decode("utf-8")
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from None
    except UnicodeDecodeError:
        raise _unreadable(path, "it is no UTF-8") from None


def _unreadable(path: Path, why: str) -> Rejected:
    return Rejected("repository.unreadable", f"{str(path)!r} can't be read: {why}.")
