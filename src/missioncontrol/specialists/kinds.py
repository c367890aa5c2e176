"""Says what language a file is in and what kind of file it is, from its path and first bytes."""

import codecs
import functools
import re
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

_TEST_NAME = re.compile(
    r"(?:^|/)(?:[tT]est(?!ing\.)[_.-]?[^/]*|[^/]*(?:[_.-](?:tests?|spec)|Tests?|Spec))\.\w+$"
)
"""Other files among the tests are applications and helpers that tests use; so is `testing.py`."""
Kind = Literal[
    "code", "test", "document", "configuration", "data", "generated", "vendored", "binary"
]
KINDS: tuple[Kind, ...] = (
    "code",
    "test",
    "document",
    "configuration",
    "data",
    "generated",
    "vendored",
    "binary",
)
HEAD_BYTES = 8_000
"""How much of a file decides whether it is binary; the same as git."""
MARK_LINES = 5
FROZEN_LINES = 12
_FROZEN = re.compile(
    r"(?i)\bdo not (?:modify|edit|change)\b(?! (?:it|this) (?:in|while|during))"
    r"|\b(?:this|the) (?:file|module) is (?:\w+ )?(?:frozen|vendored|generated|auto-?generated)\b"
    r"|\b(?:is|are) (?:a )?(?:verbatim|vendored|frozen) cop(?:y|ies)\b"
    r"|^\W*(?:vendored|copied verbatim|generated) (?:from|by)\b|^\W*frozen\b",
    re.MULTILINE,
)
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


class Entry(msgspec.Struct, frozen=True):
    """What the table says of a name or an ending."""

    language: str
    kind: Kind


class Table(msgspec.Struct, frozen=True):
    """The data file in the shape that look-ups want."""

    by_name: Mapping[str, Entry]
    by_suffix: Mapping[str, Entry]
    generated_names: frozenset[str]
    generated_endings: tuple[str, ...]
    generated_marks: tuple[str, ...]
    generated_page_marks: tuple[str, ...]
    vendored_directories: frozenset[str]
    test_directories: frozenset[str]
    test_patterns: tuple[str, ...]
    skipped_directories: frozenset[str]


@functools.cache
def table() -> Table:
    """Return the table of `languages.toml`."""
    path = Path(__file__).with_name("languages.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    by_name: dict[str, Entry] = {}
    by_suffix: dict[str, Entry] = {}
    for kind in ("code", "document", "configuration", "data"):
        _add_entries(data[kind], kind, by_name, by_suffix)
    return Table(
        by_name,
        by_suffix,
        frozenset(data["generated"]["names"]),
        tuple(data["generated"]["endings"]),
        tuple(data["generated"]["marks"]),
        tuple(data["generated"]["page_marks"]),
        frozenset(data["vendored"]["directories"]),
        frozenset(data["test"]["directories"]),
        tuple(data["test"]["patterns"]),
        frozenset(data["skipped"]["directories"]),
    )


def classified(path: str, head: bytes) -> tuple[str, Kind]:
    """Return the language ("" where none is known) and the kind of the file at `path`.

    `head` holds the first `HEAD_BYTES` of the file.
    """
    if is_binary(head):
        return "", "binary"
    parts = PurePosixPath(path).parts
    entry = _entry(parts[-1] if parts else "") or _by_interpreter(head) or Entry("", "data")
    return entry.language, _kind(path, parts, head, entry)


def is_binary(head: bytes) -> bool:
    """Whether the file holds something else than text."""
    return b"\0" in head and not head.startswith(WIDE_MARKS)


def _kind(path: str, parts: tuple[str, ...], head: bytes, entry: Entry) -> Kind:
    known = table()
    directories, name = parts[:-1], "".join(parts[-1:])
    if known.vendored_directories.intersection(directories):
        return "vendored"
    if _is_generated(path, name, head, entry):
        return "generated"
    if entry.kind == "code":
        return "test" if _is_test(name, directories) else "code"
    if entry.language in {"JSON", "XML"} and (not directories or directories[0].startswith(".")):
        return "configuration"
    return entry.kind


def _is_generated(path: str, name: str, head: bytes, entry: Entry) -> bool:
    known = table()
    if path.rpartition("/")[0].endswith((".egg-info", ".dist-info")):
        return True
    if name in known.generated_names or path.endswith(known.generated_endings):
        return True
    if entry.language == "HTML":
        text = head.decode("latin-1").lower()
        return any(mark in text for mark in known.generated_page_marks)
    if entry.kind != "code":
        return False
    first = b"\n".join(head.split(b"\n", MARK_LINES)[:MARK_LINES]).decode("latin-1").lower()
    return any(mark in first for mark in known.generated_marks)


def has_frozen_head(text: str) -> bool:
    """Whether the head of a file marks its text as fixed: frozen, copied, generated."""
    head = "\n".join(text[:HEAD_BYTES].split("\n", FROZEN_LINES)[:FROZEN_LINES])
    return _FROZEN.search(head) is not None


def _is_test(name: str, directories: tuple[str, ...]) -> bool:
    known = table()
    if known.test_directories.intersection(directories):
        return True
    return any(fnmatchcase(name, pattern) for pattern in known.test_patterns)


@functools.lru_cache(maxsize=4096)
def _entry(name: str) -> Entry | None:
    known = table()
    if name in known.by_name:
        return known.by_name[name]
    if name.startswith(("Dockerfile.", "Containerfile.")):
        return known.by_name["Dockerfile"]
    if name.startswith("requirements") and name.endswith(".txt"):
        return known.by_name["requirements.txt"]
    suffix = PurePosixPath(name).suffix.lower()
    if not suffix:
        return None
    return known.by_suffix.get(suffix) or _by_pygments(suffix)


@functools.lru_cache(maxsize=1024)
def _by_pygments(suffix: str) -> Entry | None:
    from pygments.lexers import find_lexer_class_for_filename

    lexer = find_lexer_class_for_filename(f"a{suffix}")
    if lexer is None or lexer.name == "Text only":
        return None
    return Entry(lexer.name, "code")


INTERPRETERS = {
    b"bash": "Shell",
    b"dash": "Shell",
    b"node": "JavaScript",
    b"perl": "Perl",
    b"php": "PHP",
    b"python": "Python",
    b"ruby": "Ruby",
    b"sh": "Shell",
    b"zsh": "Shell",
}


def _by_interpreter(head: bytes) -> Entry | None:
    if not head.startswith(b"#!"):
        return None
    words = head.split(b"\n", 1)[0][2:].split()
    for word in words:
        name = word.rsplit(b"/", 1)[-1].rstrip(b"0123456789.")
        if name in INTERPRETERS:
            return Entry(INTERPRETERS[name], "code")
    return None


def _add_entries(
    languages: Mapping[str, Any],
    kind: Kind,
    by_name: dict[str, Entry],
    by_suffix: dict[str, Entry],
) -> None:
    for language, names in languages.items():
        for name in names:
            if name.startswith(".") and name.count(".") == 1:
                by_suffix.setdefault(name, Entry(language, kind))
            by_name.setdefault(name, Entry(language, kind))


def is_test_name(path: str) -> bool:
    """Whether a file is called as tests are; `tests/util.py` helps tests and is none."""
    return _TEST_NAME.search(path) is not None
