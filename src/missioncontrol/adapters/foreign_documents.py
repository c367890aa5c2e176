"""Reads what is to be done from documents: changes of OpenSpec, KEPs, and stories of BMAD."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from missioncontrol.adapters.foreign_reading import (
    FOLDERS_MAX,
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
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.documents import TaskDocument

KEP = "kep.yaml"
PROPOSAL = "proposal.md"
BESIDE_A_PROPOSAL: dict[str, TaskDocument] = {"design.md": "plan", "tasks.md": "tasks"}
HEAD_BYTES = 4_096
DEPTH_MAX = 4
KEP_LABELS = {
    "kep-number": "KEP",
    "owning-sig": "Owned by",
    "authors": "Authors",
    "status": "Status there",
    "stage": "Stage",
    "latest-milestone": "Milestone",
    "see-also": "See also",
    "replaces": "Replaces",
}
"""Fields of a proposal that its brief names."""
_KEP_FIELDS = frozenset({"title", "status", "priority", *KEP_LABELS})
_STORY = re.compile(
    r"(?im)^# +(?:user )?story +(?P<id>[\w.-]*\d[\w.-]*) *[:\u2013\u2014-]+ *(?P<title>\S.*)$"
)
_FIELD = r"(?im)^(?:#+ +|[-*] +)?\**{}\**:?\**[ \t]*:?[ \t]*\n*[ \t]*\**(?P<word>\w[\w -]*)"
_STATUS, _PRIORITY = (re.compile(_FIELD.format(name)) for name in ("status", "priority"))
_SECTION = r"(?ims)^#+ +{}\s*$(?P<body>.*?)(?=^#+ |\Z)"
_TASKS = re.compile(_SECTION.format(r"tasks(?: */ *subtasks)?"))
_NEEDS = re.compile(_SECTION.format(r"(?:dependencies|depends on|prerequisites|blocked by)"))
_NEEDS_LINE = re.compile(
    r"(?im)^[-* ]*\**(?:depends on|dependencies|blocked by)\**:\**(?P<body>.+)$"
)
_PRIORITY_LINE = re.compile(
    r"(?im)^(?:[-*] +)?\**priority(?:\**:|:\**)[ \t]*\**(?P<word>\w[\w -]*)"
)
_STORY_NUMBER = re.compile(r"(?i)\bstory[ \t]+#?(\d+[.-]\d+(?:[.-]\d+)?)(?![\w.]*\d)")
_NAME = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
_ARCHIVED = re.compile(r"^\d{4}-\d\d-\d\d-")
_NUMBER = re.compile(r"(?<![\w.])(\d+[.-]\d+(?:[.-]\d+)?)(?![\w.]*\d)")


def openspec(path: Path) -> Iterator[Foreign | str]:
    """Yield the changes of OpenSpec in, or below, a folder; archived ones are done."""
    titles = _change_titles(path)
    yield from _each(_changes(path), lambda each, _: _change(each, titles), path)


def _change_titles(path: Path) -> dict[str, str]:
    """Return the titles of the changes that one in, or at, a folder can depend on, by name."""
    beside = path.parent.parent if path.parent.name == "archive" else path.parent
    folders = _changes(beside if (path / PROPOSAL).is_file() else path)
    return {_change_name(each): _change_title(each, _head(each / PROPOSAL)) for each in folders}


def _change_name(folder: Path) -> str:
    return _ARCHIVED.sub("", folder.name)


def _change_title(folder: Path, proposal: str) -> str:
    name = _change_name(folder).replace("-", " ")
    return titled(proposal, name[:1].upper() + name[1:]).removeprefix("Change: ")


def _changes(path: Path) -> list[Path]:
    """Return the folders of the changes in, or below, a folder."""
    if (path / PROPOSAL).is_file():
        return [path]
    inner = path / "changes" if (path / "changes").is_dir() else path
    folders = [*_children(inner), *_children(inner / "archive")]
    return [each for each in folders if (each / PROPOSAL).is_file()]


def _each(
    paths: Sequence[Path], read: Callable[[Path, Path], Foreign], root: Path
) -> Iterator[Foreign | str]:
    """Yield what is read, or why it can't be: one is no reason to leave the others."""
    for path in paths[:FOLDERS_MAX]:
        try:
            yield read(path, root)
        except Rejected as error:
            if path == root:
                raise
            yield f"{path.relative_to(root)}: {error.reason}"
    if len(paths) > FOLDERS_MAX:
        yield f"{len(paths) - FOLDERS_MAX:,} more: {FOLDERS_MAX:,} are read at once"


def _change(folder: Path, titles: Mapping[str, str]) -> Foreign:
    proposal = read_text(folder / PROPOSAL)
    deltas = sorted((folder / "specs").rglob("*.md")) if (folder / "specs").is_dir() else []
    wanted = [proposal]
    wanted += [f"<!-- {each.relative_to(folder)} -->\n\n{read_text(each)}" for each in deltas]
    documents: dict[TaskDocument, str] = {"prd": "\n\n".join(map(str.rstrip, wanted)) + "\n"}
    documents |= {
        kind: read_text(folder / name)
        for name, kind in BESIDE_A_PROPOSAL.items()
        if (folder / name).is_file()
    }
    is_archived = folder.parent.name == "archive"
    status = "done" if is_archived else status_of_boxes(documents.get("tasks", ""))
    title = _change_title(folder, proposal)
    own, priority = _change_name(folder), _PRIORITY_LINE.search(proposal)
    names = (name for part in _needs_parts(proposal) for name in _NAME.findall(part))
    needs = dict.fromkeys(titles[each] for each in names if each in titles and each != own)
    word = priority["word"].strip().lower() if priority else ""
    standing = Standing(status, word, tuple(needs))
    return Foreign(title, folder.name, with_standing("", standing), documents, standing)


def keps(path: Path) -> Iterator[Foreign | str]:
    """Yield the enhancement proposals below a folder, or the one that is named."""
    yield from _each([path] if path.name == KEP else _below(path, KEP), _kep, path)


def _kep(path: Path, root: Path) -> Foreign:
    try:
        fields: Any = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise unreadable(path, f"it is no YAML: {str(error)[:100]}") from None
    if not isinstance(fields, dict):
        raise unreadable(path, "it holds no fields")
    readme = path.with_name("README.md")
    documents: dict[TaskDocument, str] = {"prd": read_text(readme)} if readme.is_file() else {}
    standing = Standing(status_of(str(fields.get("status", ""))), str(fields.get("priority", "")))
    lines = [
        f"{label}: {_plain(fields[name])}" for name, label in KEP_LABELS.items() if fields.get(name)
    ]
    title = in_a_line(str(fields.get("title") or path.parent.name))
    source = path.name if path == root else str(path.relative_to(root))
    brief = with_standing("\n".join(lines), standing)
    left = tuple(
        f"{source}: {name}: {json.dumps(value, default=str)[:80]} has no equivalent"
        for name, value in fields.items()
        if name not in _KEP_FIELDS and value not in (None, "", [], {})
    )
    return Foreign(title, source, brief, documents, standing, left)


def stories(path: Path) -> Iterator[Foreign | str]:
    """Yield the stories of BMAD in a folder, or the one that is named, with what they wait for."""
    files = [each for each in _markdown(path) if is_story(each)]
    heads = [_STORY.search(_head(each)) for each in files]
    titles = {
        head["id"].replace("-", "."): in_a_line(head["title"]) for head in heads if head is not None
    }
    yield from _each(files, lambda each, _: _read_story(each, read_text(each), titles), path)


def _read_story(path: Path, text: str, titles: dict[str, str]) -> Foreign:
    head = _STORY.search(text)
    assert head is not None, f"{path} is headed as a story"
    own = head["id"].replace("-", ".")
    needs = [titles.get(each, f"Story {each}") for each in _needs(text, own, titles)]
    status, priority = _STATUS.search(text), _PRIORITY.search(text)
    documents: dict[TaskDocument, str] = {"prd": text}
    tasks = _TASKS.search(text)
    boxes = tasks["body"].strip("\n") if tasks else ""
    title = in_a_line(head["title"])
    if boxes.strip():
        documents["tasks"] = f"# {title}: task list\n\n## Tasks\n\n{boxes}\n"
    standing = Standing(
        status_of(status["word"]) if status else status_of_boxes(boxes),
        priority["word"].strip().lower() if priority else "",
        tuple(needs),
    )
    return Foreign(title, path.name, with_standing(f"Story {own}", standing), documents, standing)


def is_story(path: Path) -> bool:
    """Whether a file is headed as a story is."""
    return path.suffix.lower() == ".md" and _STORY.search(_head(path)) is not None


def has_stories(path: Path) -> bool:
    """Whether a folder holds stories of BMAD."""
    return any(map(is_story, _markdown(path)))


def _markdown(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.glob("*.md"))


def _head(path: Path) -> str:
    """Return the beginning of a file; a text that is none has no heading."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _needs(text: str, own: str, titles: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of the stories that one waits for.

    Versions of what it is built with stand among dependencies too, so a number counts only where
    it is stated for a story, or where a story beside this one has it.
    """
    found: list[str] = []
    for part in _needs_parts(text):
        mentioned = {each.replace("-", ".") for each in _STORY_NUMBER.findall(part)}
        numbers = (each.replace("-", ".") for each in _NUMBER.findall(part))
        found += [each for each in numbers if each in mentioned or each in titles]
    return tuple(dict.fromkeys(each for each in found if each != own))


def _needs_parts(text: str) -> list[str]:
    """Return what a document says in its sections and lines of dependencies."""
    return [match["body"] for each in (_NEEDS, _NEEDS_LINE) for match in each.finditer(text)]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _children(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir()) if path.is_dir() else []


def _below(path: Path, name: str) -> list[Path]:
    found, level = [], [path]
    for _ in range(DEPTH_MAX):
        found += [each / name for each in level if (each / name).is_file()]
        level = [child for each in level for child in _children(each)]
    return found


def has_changes(path: Path) -> bool:
    """Whether a folder is, or holds, changes of OpenSpec."""
    return bool(_changes(path))


def has_keps(path: Path) -> bool:
    """Whether a folder is, or holds, enhancement proposals."""
    return bool(_below(path, KEP))
