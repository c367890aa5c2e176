"""Finds files of one kind that repeat, and what they have in common: a template with holes."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from missioncontrol.domain.learned import FileTemplate
from missioncontrol.ports.history import TextFile

FILES_MIN = 3
FILES_MAX = 40
LINES_MIN, LINES_MAX = 5, 400
SHARE_MIN = 0.4
"""Of the lines of the file in the middle that the template has to hold."""

NAME = "{name}"
_PACKAGED = re.compile(r"(^|/)(vendor|node_modules|dist|build|locale|migrations|__pycache__)(/|$)")
_SKIPPED = frozenset({"__init__.py", "conftest.py", "LICENSE", "README.md"})


def templates(files: Sequence[TextFile]) -> Iterator[tuple[FileTemplate, tuple[TextFile, ...]]]:
    """Yield each template with the files it was read off, those with most files first."""
    kinds: dict[tuple[str, str], list[TextFile]] = defaultdict(list)
    for file in files:
        path = PurePosixPath(file.path)
        is_fit = LINES_MIN <= file.text.count("\n") <= LINES_MAX and not _PACKAGED.search(file.path)
        if path.suffix and is_fit and path.name not in _SKIPPED:
            kinds[path.parent.as_posix(), _suffix(path.name)].append(file)
    for (folder, suffix), alike in sorted(kinds.items(), key=lambda each: -len(each[1])):
        if len(alike) >= FILES_MIN:
            found = _template(folder, suffix, alike[:FILES_MAX])
            if found is not None:
                yield found, tuple(alike[:FILES_MAX])


def _suffix(name: str) -> str:
    """Return how a name ends: behind its first dot, with `_test` where that stands before it."""
    found = re.search(r"(_test)?(\.[\w.]+)$", name.lstrip("."))
    return found[0] if found else ""


def stem(path: str, suffix: str) -> str:
    """Return what a file of a kind is called."""
    return PurePosixPath(path).name.removesuffix(suffix)


def _template(folder: str, suffix: str, files: Sequence[TextFile]) -> FileTemplate | None:
    """Return the lines that all files share in their order, with holes between; None if few."""
    texts = [_named(file.text, stem(file.path, suffix)) for file in files]
    shared = texts[0].splitlines(keepends=True)
    for text in texts[1:]:
        lines = text.splitlines(keepends=True)
        blocks = SequenceMatcher(None, shared, lines, autojunk=False).get_matching_blocks()
        shared = [line for block in blocks for line in shared[block.a : block.a + block.size]]
        if len(shared) < LINES_MIN:
            return None
    parts = _parts(shared, texts)
    if parts is None:
        return None
    telling = [line for part in parts for line in part.splitlines() if len(line.strip()) > 1]
    middle = sorted(sum(1 for x in text.splitlines() if x.strip()) for text in texts)
    if len(telling) < LINES_MIN or len(telling) < SHARE_MIN * middle[len(middle) // 2]:
        return None
    holes = [filling(parts, text) for text in texts]
    if any(each is None for each in holes) or len(set(texts)) == 1:
        return None
    return FileTemplate(folder, suffix, parts, tuple(each for each in holes if each is not None))


def _named(text: str, name: str) -> str:
    return (
        re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", NAME, text) if name else text
    )


def named(text: str, name: str) -> str:
    """Return a text of a template for a file of that name."""
    return text.replace(NAME, name)


def _parts(shared: Sequence[str], texts: Sequence[str]) -> tuple[str, ...] | None:
    """Join shared lines that stand together in every text."""
    parts: list[str] = []
    for line in shared:
        joined = parts[-1] + line if parts else line
        if parts and all(joined in text for text in texts):
            parts[-1] = joined
        else:
            parts.append(line)
    parts = [each for each in parts if len(each.strip()) > 1]
    return tuple(parts) if parts else None


def filling(parts: Sequence[str], text: str) -> tuple[str, ...] | None:
    """Return what stands before, between and behind the parts; None where one is not there."""
    holes, at = [], 0
    for part in parts:
        start = text.find(part, at)
        if start < 0:
            return None
        holes.append(text[at:start])
        at = start + len(part)
    return (*holes, text[at:])


def filled(template: FileTemplate, name: str, holes: Sequence[str] = ()) -> str:
    """Return a file of this kind: with these holes filled, else with one that says so."""
    if holes:
        pairs = zip(holes, (*template.parts, ""), strict=True)
        return named("".join(hole + part for hole, part in pairs), name)
    return named("\n".join(part.rstrip("\n") + "\n" for part in template.parts), name)


def is_whole(template: FileTemplate, number: int, file: TextFile) -> bool:
    """Tell whether the template, filled as a file fills it, is that file."""
    name = stem(file.path, template.suffix)
    return filled(template, name, template.holes[number]) == file.text
