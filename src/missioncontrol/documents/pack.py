"""Execution packs: as the writer packed them, revised by the files that people gave since."""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

import msgspec

from missioncontrol.documents.excerpts import Chosen, ReadSource, chosen
from missioncontrol.documents.markup import code, plain
from missioncontrol.documents.sections import joined
from missioncontrol.documents.sections import sections as cut
from missioncontrol.domain.person import person
from missioncontrol.domain.scope import Rescoped, TaskScope, replace_start_file

TITLE = "Files to change, as declared since"
INSTEAD = "This holds in place of the files to change that are named for these tasks elsewhere."
CODE = "Code to read first"
FILES_SHOWN_MAX = 12
"""Files of one task of which something is shown: more would be a listing, not an excerpt."""
ABSENT = "no such text file is in the repository; it is a new one, or the path is wrong"
CHARACTERS_PER_TOKEN = 4
OVERHEAD_TOKENS = 40
"""Of an excerpt beside its code: its heading and its reason."""
_EXCERPT = re.compile(r"^(?P<id>E\d+) .*`(?P<path>[^`]+):(?P<start>\d+)-(?P<end>\d+)`\s*$")
_FOR = re.compile(r"^For (?P<keys>`[^`]+`(?:, `[^`]+`)*)\. ", re.MULTILINE)
_FILE = re.compile(r"^- (?P<word>Change|Test|Read) `(?P<path>[^`]+)`")
_KEEP_OUT = re.compile(r"^- `(?P<path>[^`]+)` \(task `")
_TASK = re.compile(r"\(`(?P<key>[^`]+)`\)$")
_READ_FIRST = re.compile(r"^- Read first: E\d+(?:, E\d+)* \(below\)\n?", re.MULTILINE)
_SHOWN_BELOW = re.compile(r" Shown below as E\d+(?:, E\d+)*\.")
_TOKENS = re.compile(r"^(?P<now>[\d,]+) of at most (?P<most>[\d,]+) tokens", re.MULTILINE)


class _Shown(msgspec.Struct, frozen=True):
    """An excerpt of the writer's, as far as it matters here."""

    id: str
    path: str
    place: str  # with its lines
    tasks: tuple[str, ...]
    tokens: int


class Revision(msgspec.Struct, frozen=True):
    """The changed excerpts of a pack after people have named the files to change."""

    readers: dict[str, tuple[str, ...]]  # excerpts that others read now; none: they are left out
    added: tuple[tuple[str, str, Chosen], ...]  # task, path, lines
    missing: tuple[tuple[str, str], ...]  # path and why nothing of it is shown
    crowded: tuple[str, ...]  # excerpts that made room for the new ones
    numbers: dict[str, str]  # what the writer's excerpts that are left are called now
    places: dict[str, str]  # where the writer's excerpts stand, by what they were called
    reading: dict[str, tuple[str, ...]]  # excerpts as they are called now, by task
    showing: dict[str, tuple[str, ...]]  # and by file


def packed(
    now: Rescoped,
    content: bytes,
    form: Literal["md", "json"],
    task: str,
    read: ReadSource | None,
) -> bytes:
    """Return a pack with the scopes that people gave its tasks; `task` is "" for the whole one.

    What it shows of the code follows them: `read` gives the files as they lie there now.
    """
    scopes = [each for each in now.scopes if task in ("", each.task)]
    if not scopes:
        return content
    if form == "json":
        return _json(_revised_json(now, json.loads(content), scopes, task, read))
    parts = [text for _, text in revised(now, content.decode("utf-8", "replace"), task, read)]
    return joined(parts).rstrip("\n").encode() + b"\n"


def revised(now: Rescoped, text: str, task: str, read: ReadSource | None) -> list[tuple[int, str]]:
    """Return the sections of a pack's Markdown as they hold now, each with its line in `text`.

    Sections that nothing is left of are absent; new ones have line 0.
    """
    scopes = [each for each in now.scopes if task in ("", each.task)]
    found = list(cut(text))
    numbered: list[tuple[int, str]] = []
    line = 1
    for each in found:
        numbered.append((line, each.text))
        line += each.text.count("\n")
    if not scopes:
        return numbered
    shown = [shown for each in found if (shown := _shown(each.title, each.text, task)) is not None]
    match = _TOKENS.search(text)
    room = _number(match["most"]) - _number(match["now"]) if match else None
    revision = _revision(now, scopes, shown, room, read)
    parts: list[tuple[int, str]] = []
    for (at, body), section in zip(numbered, found, strict=True):
        one = _section(section.title, body, scopes, revision, now)
        if one:
            parts.append((at, one))
        if section.title == CODE:
            parts += [(0, each) for each in _excerpts(revision, scopes, named=not task)]
    if revision.added and not any(each.title == CODE for each in found):
        parts.append((0, f"## {CODE}\n\n"))
        parts += [(0, each) for each in _excerpts(revision, scopes, named=not task)]
    parts.append((0, _scopes_section(scopes, revision)))
    return _recounted(parts)


def scope_lines(scopes: Sequence[TaskScope]) -> list[str]:
    """Return the files that people named, a line for each task."""
    return [
        f"{code(one.task)}: {', '.join(map(code, one.files)) or 'no file'} "
        f"(declared by {_who(one)}{f': {plain(one.reason)}' * bool(one.reason)})"
        for one in scopes
    ]


def _revision(
    now: Rescoped,
    scopes: Sequence[TaskScope],
    shown: Sequence[_Shown],
    room: int | None,
    read: ReadSource | None,
) -> Revision:
    dropped = {one.task: set(now.planned.get(one.task, ())).difference(one.files) for one in scopes}
    readers = {}
    for each in shown:
        left = tuple(key for key in each.tasks if each.path not in dropped.get(key, ()))
        more = tuple(o.task for o in scopes if each.path in o.files and o.task not in each.tasks)
        if left + more != each.tasks:
            readers[each.id] = left + more
    added: list[tuple[str, str, Chosen]] = []
    missing: list[tuple[str, str]] = []
    there = {each.path for each in shown if readers.get(each.id, each.tasks)}
    for one in scopes:
        for path in (path for path in one.files if path not in there):
            text = read(path) if read is not None and len(added) < FILES_SHOWN_MAX else None
            if text is None or not text.strip():
                missing.append((path, _why_not(text, read, len(added))))
                continue
            there.add(path)
            shows = chosen(path, text, _texts(now, one.task))
            added.append((one.task, path, shows))
    wanted = {path for one in scopes for path in one.files}
    crowded = _crowded(shown, readers, wanted, [each for _, _, each in added], room)
    remaining = [each for each in shown if each.id not in crowded and readers.get(each.id) != ()]
    numbers = {each.id: f"E{at}" for at, each in enumerate(remaining, len(added) + 1)}
    stand: list[tuple[str, str, tuple[str, ...]]]
    stand = [(f"E{at}", path, (key,)) for at, (key, path, _) in enumerate(added, 1)]
    stand += [(numbers[each.id], each.path, readers.get(each.id, each.tasks)) for each in remaining]
    return Revision(
        readers,
        tuple(added),
        tuple(dict.fromkeys(missing)),
        crowded,
        numbers,
        {each.id: each.place for each in shown},
        _grouped((key, number) for number, _, keys in stand for key in keys),
        _grouped((path, number) for number, path, _ in stand),
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, number in pairs:
        found[key] = (*found.get(key, ()), number)
    return found


def _who(one: TaskScope) -> str:
    return plain(person(one.by) or one.by)


def _named(path: str, scopes: Iterable[TaskScope]) -> str:
    """Return the people who named a file."""
    return " and ".join(dict.fromkeys(_who(one) for one in scopes if path in one.files))


def _why(one: TaskScope) -> str:
    return f"{_who(one)} named this file to change; shown as it lies in the repository now."


def _why_not(text: str | None, read: ReadSource | None, count: int) -> str:
    if read is None:
        return "the repository is not where this pack was made"
    if count >= FILES_SHOWN_MAX:
        return f"of no more than {FILES_SHOWN_MAX} files something is shown"
    return "it is empty" if text is not None else ABSENT


def _texts(now: Rescoped, key: str) -> list[str]:
    task = next((each for each in now.plan.tasks() if each.key == key), None)
    texts = [task.title, task.detail, *task.acceptance] if task is not None else []
    return [now.goal, *texts]


def _crowded(
    shown: Sequence[_Shown],
    readers: dict[str, tuple[str, ...]],
    wanted: Collection[str],
    added: Sequence[Chosen],
    room: int | None,
) -> tuple[str, ...]:
    """Return the excerpts that go, the least relevant first, where it gets too long.

    Those are the last ones, and those of files to change only when no other is left.
    """
    if room is None:
        return ()
    over = sum(_cost(each.text) for each in added) - room
    over -= sum(each.tokens for each in shown if readers.get(each.id) == ())
    found = []
    last = [*reversed(shown)]
    others = [each for each in last if each.path not in wanted]
    for each in (*others, *(each for each in last if each.path in wanted)):
        if over <= 0:
            break
        if readers.get(each.id) != ():
            found.append(each.id)
            over -= each.tokens
    return tuple(found)


def _cost(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN) + OVERHEAD_TOKENS


# Markdown.


def _shown(title: str, text: str, task: str) -> _Shown | None:
    match = _EXCERPT.match(title)
    if match is None:
        return None
    named = _FOR.search(text)
    keys = tuple(re.findall(r"`([^`]+)`", named["keys"])) if named else (task,)
    body = text.partition("```")[2].partition("\n")[2].rpartition("\n```")[0]
    place = f"{match['path']}:{match['start']}-{match['end']}"
    return _Shown(match["id"], match["path"], place, keys, _cost(body))


def _section(
    title: str, text: str, scopes: Sequence[TaskScope], revision: Revision, now: Rescoped
) -> str:
    """Return a section as it holds now; "" where nothing of it does."""
    match = _EXCERPT.match(title)
    if match is not None:
        left = revision.readers.get(match["id"])
        if match["id"] in revision.crowded or left == ():
            return ""
        keys = ", ".join(f"`{key}`" for key in left or ())
        text = text.replace(match["id"], revision.numbers[match["id"]], 1)
        return _FOR.sub(f"For {keys}. ", text, count=1) if left else text
    if title == "Files":
        return _files(text, scopes, now, revision)
    if title == "Do not touch":
        wanted = {path for one in scopes for path in one.files}
        lines = [
            line
            for line in text.split("\n")
            if not ((found := _KEEP_OUT.match(line)) and found["path"] in wanted)
        ]
        return "\n".join(lines) if any(line.startswith("- ") for line in lines) else ""
    if title == "Goal" and len(scopes) == 1:
        return replace_start_file(text, scopes[0])
    task = _TASK.search(title)
    return _task(text, task["key"], scopes, revision) if task is not None else text


def _task(text: str, key: str, scopes: Sequence[TaskScope], revision: Revision) -> str:
    """Return a task of the whole pack with what is shown for it now, and where it begins."""
    for one in scopes:
        text = replace_start_file(text, one) if one.task == key else text
    ids = ", ".join(revision.reading.get(key, ()))
    line = f"- Read first: {ids} (below)\n" if ids else ""
    if _READ_FIRST.search(text):
        return _READ_FIRST.sub(line, text, count=1)
    return f"{text.rstrip()}\n{line}\n" if line else text


def _files(text: str, scopes: Sequence[TaskScope], now: Rescoped, revision: Revision) -> str:
    """Rewrite the files of a task's pack: the files to change are those that people named."""
    wanted = dict.fromkeys(path for one in scopes for path in one.files)
    planned = {path for one in scopes for path in now.planned.get(one.task, ())}
    lines, known = [], set()
    for line in text.rstrip("\n").split("\n"):
        found = _FILE.match(line)
        if found is None:
            lines.append(line)
            continue
        path = found["path"]
        known.add(path)
        if path in planned and path not in wanted:
            continue
        rest = line.removeprefix(f"- {found['word']} `{path}`").lstrip(": ")
        if path in wanted and (path not in planned or found["word"] == "Read"):
            word = "Test" if found["word"] == "Test" else "Change"
            line = f"- {word} `{path}`: declared by {_named(path, scopes)}; {rest}"
        elif path not in wanted and found["word"] == "Change":
            line = f"- Read {line.removeprefix('- Change ')}"
        lines.append(_shown_below(line, revision.showing.get(path, ())))
    absent = dict(revision.missing)
    for path in (path for path in wanted if path not in known):
        why = f"; {ABSENT}" if absent.get(path) == ABSENT else ""
        line = f"- Change `{path}`: declared by {_named(path, scopes)}{why}."
        lines.append(_shown_below(line, revision.showing.get(path, ())))
    return "\n".join(_in_order(lines)) + "\n\n"


def _in_order(lines: Sequence[str]) -> list[str]:
    """Put the files to change before those to test with, and these before those to read."""
    words = ["- Change ", "- Test ", "- Read "]
    return sorted(
        lines, key=lambda line: next((n for n, w in enumerate(words, 1) if line.startswith(w)), 0)
    )


def _shown_below(line: str, ids: Sequence[str]) -> str:
    """Return the line of a file with what is shown of it now."""
    words = f" Shown below as {', '.join(ids)}." if ids else ""
    if _SHOWN_BELOW.search(line):
        return _SHOWN_BELOW.sub(words, line, count=1)
    return f"{line}{words}"


def _out(revision: Revision) -> set[str]:
    return {*revision.crowded, *(key for key, left in revision.readers.items() if not left)}


def _excerpts(revision: Revision, scopes: Sequence[TaskScope], *, named: bool) -> Iterable[str]:
    by = {one.task: one for one in scopes}
    for number, (task, path, each) in enumerate(revision.added, 1):
        fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", each.text))])
        who = f"For `{task}`. " if named else ""
        yield (
            f"### E{number} {code(each.title)}, `{path}:{each.start}-{each.end}`\n\n"
            f"{who}{_why(by[task])}\n\n{fence}\n{each.text}\n{fence}\n{_left_out(path, each)}\n"
        )


def _left_out(path: str, each: Chosen) -> str:
    scopes = []
    if each.start > 1:
        scopes.append(f"1 to {each.start - 1}")
    if each.end < each.total:
        scopes.append(f"{each.end + 1} to {each.total}")
    return f"(lines {' and '.join(scopes)} of `{path}` left out here)\n" if scopes else ""


def _scopes_section(scopes: Sequence[TaskScope], revision: Revision) -> str:
    lines = [f"- {line}\n" for line in scope_lines(scopes)]
    lines += [f"- Nothing of {code(path)} is shown: {why}.\n" for path, why in revision.missing]
    if revision.crowded:
        places = ", ".join(code(revision.places[each]) for each in revision.crowded)
        lines.append(f"- Left out for lack of room: {places}.\n")
    return f"## {TITLE}\n\n{INSTEAD}\n\n{''.join(lines)}"


def _recounted(parts: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Write the size into the head: it is what the whole has now."""
    whole = joined(text for _, text in parts)
    tokens = f"{-(-len(whole) // CHARACTERS_PER_TOKEN):,}"
    return [
        (line, _TOKENS.sub(lambda match: f"{tokens} of at most {match['most']} tokens", text, 1))
        for line, text in parts
    ]


def _number(text: str) -> int:
    return int(text.replace(",", ""))


# JSON.


def _revised_json(
    now: Rescoped,
    data: dict[str, Any],
    scopes: Sequence[TaskScope],
    task: str,
    read: ReadSource | None,
) -> dict[str, Any]:
    held = [each for each in data.get("code") or () if isinstance(each, dict)]
    shown = [
        _Shown(
            each["id"],
            each["path"],
            f"{each['path']}:{each.get('start', 1)}-{each.get('end', 1)}",
            tuple(each["tasks"]),
            _cost(each.get("text", "")),
        )
        for each in held
    ]
    budget = data.get("budget") or {}
    room = budget["tokens_max"] - budget["tokens"] if "tokens_max" in budget else None
    revision = _revision(now, scopes, shown, room, read)
    out = _out(revision)
    rest = [
        {
            **each,
            "id": revision.numbers[each["id"]],
            "tasks": list(revision.readers.get(each["id"], tuple(each["tasks"]))),
        }
        for each in held
        if each["id"] not in out
    ]
    texts = [
        {"task": one.task, "files": list(one.files), "by": one.by, "reason": one.reason}
        for one in scopes
    ]
    found = {**data, "code": [*_added(revision, scopes), *rest], "scopes": texts}
    if isinstance(data.get("task"), dict):
        found["task"] = _json_task(data["task"], scopes, revision)
    if isinstance(data.get("tasks"), list):
        found["tasks"] = [_json_task(each, scopes, revision) for each in data["tasks"]]
    if revision.missing:
        found["not_shown"] = [{"path": path, "why": why} for path, why in revision.missing]
    if isinstance(data.get("keep_out"), list) and task:
        wanted = {f"`{path}`" for one in scopes for path in one.files}
        found["keep_out"] = [each for each in data["keep_out"] if each.get("what") not in wanted]
    if isinstance(data.get("files"), list):
        found["files"] = _json_files(data["files"], scopes, now, revision)
    spent = sum(_cost(each.text) for _, _, each in revision.added)
    saved = sum(each.tokens for each in shown if each.id in out)
    if "tokens" in budget:
        found["budget"] = {**budget, "tokens": max(0, budget["tokens"] + spent - saved)}
    return found


def _json_task(
    task: dict[str, Any], scopes: Sequence[TaskScope], revision: Revision
) -> dict[str, Any]:
    key, detail = str(task.get("key", "")), str(task.get("detail", ""))
    for one in scopes:
        detail = replace_start_file(detail, one) if one.task == key else detail
    return {**task, "detail": detail, "read": list(revision.reading.get(key, ()))}


def _added(revision: Revision, scopes: Sequence[TaskScope]) -> list[dict[str, Any]]:
    by = {one.task: one for one in scopes}
    return [
        {
            "id": f"E{number}",
            "path": path,
            "start": each.start,
            "end": each.end,
            "title": each.title,
            "why": _why(by[key]),
            "tasks": [key],
            "text": each.text,
            "lines_of_file": each.total,
        }
        for number, (key, path, each) in enumerate(revision.added, 1)
    ]


def _json_files(
    files: list[dict[str, Any]], scopes: Sequence[TaskScope], now: Rescoped, revision: Revision
) -> list[dict[str, Any]]:
    wanted = dict.fromkeys(path for one in scopes for path in one.files)
    planned = {path for one in scopes for path in now.planned.get(one.task, ())}
    unplanned = [each for each in files if each.get("path") not in planned.difference(wanted)]
    known = {each.get("path") for each in unplanned}
    new = [{"path": path, "part": "change", "why": []} for path in wanted if path not in known]
    return [_as_named(each, scopes, planned, revision) for each in (*unplanned, *new)]


def _as_named(
    file: dict[str, Any], scopes: Sequence[TaskScope], planned: Collection[str], revision: Revision
) -> dict[str, Any]:
    """Return a file as it is read or changed now, with who named it; a test stays one."""
    path, part = str(file.get("path")), file.get("part")
    found = {**file, "excerpts": list(revision.showing.get(path, ()))}
    who = _named(path, scopes)
    if who and (path not in planned or part == "read"):
        named = "test" if part == "test" else "change"
        found |= {"part": named, "why": [f"declared by {who}", *file.get("why", ())]}
    elif part == "change" and not who:
        found["part"] = "read"
    return found


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
