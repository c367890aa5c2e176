"""Finds out a project's licence: by the text of its files and by the word of its manifests."""

import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.manifests import Package

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

FILE_NAME = re.compile(r"(?i)^(un)?licen[cs]e([-_.].*)?$|^copying([-_.].*)?$")
START_CHARACTERS = 400
"""The title of a long licence stands within these; its text mentions others further down."""


class LicenceFile(msgspec.Struct, frozen=True):
    """A file that holds a licence text."""

    path: str
    licences: tuple[str, ...]  # SPDX identifiers; empty where the text is not known


class LicenceWord(msgspec.Struct, frozen=True):
    """What a manifest says about the licence."""

    manifest: str
    line: int
    word: str
    licences: tuple[str, ...]  # SPDX identifiers it can mean; empty where it is not known


class Licences(msgspec.Struct, frozen=True):
    """Texts and words side by side."""

    files: tuple[LicenceFile, ...]
    words: tuple[LicenceWord, ...]

    @property
    def name(self) -> str:
        """The licence as one expression, the text before the word; "" where there is neither."""
        by_text = sorted({name for file in self.files for name in file.licences})
        if by_text:
            return " / ".join(by_text)
        return " / ".join(dict.fromkeys(word.word for word in self.words))

    @property
    def contradictions(self) -> tuple[LicenceWord, ...]:
        """The words that no text agrees with, where both are understood."""
        texts = {name for file in self.files for name in file.licences}
        return tuple(
            word
            for word in self.words
            if texts and word.licences and not texts.intersection(word.licences)
        )


class _Known(msgspec.Struct, frozen=True):
    id: str
    all: tuple[str, ...]
    names: tuple[str, ...]
    none: tuple[str, ...] = ()
    start: str = ""


def read_licences(tree: "Tree", packages: tuple[Package, ...]) -> Licences:
    """Return the licence files at the top of `tree` and what the top packages say."""
    files = tuple(
        LicenceFile(file.path, licences_in(tree.text(file.path) or ""))
        for file in tree.files
        if _is_licence_path(file.path)
    )
    words = tuple(
        LicenceWord(item.manifest, item.licence_line, item.licence, meant(item.licence))
        for item in packages
        if item.licence and "/" not in item.manifest
    )
    return Licences(files, words)


def licences_in(text: str) -> tuple[str, ...]:
    """Return the SPDX identifiers of the licences whose text is in `text`."""
    flat = re.sub(r"\s+", " ", re.sub(r"[*#>=_\-]{2,}", " ", text.lower())).strip()
    return tuple(sorted(known.id for known in _table() if _is_in(known, flat)))


def meant(word: str) -> tuple[str, ...]:
    """Return the SPDX identifiers that a manifest's word can mean, none where it is not known."""
    parts = re.split(r"(?i)\s+(?:or|and|with)\s+|\s*[/;]\s*", word.strip().strip("()"))
    found: dict[str, None] = {}
    for part in [word, *parts]:
        bare = part.strip(" ()").lower()
        for known in _table():
            spdx = known.id.lower()
            if (
                bare in {spdx, f"{spdx}-only", f"{spdx}-or-later", f"{spdx}+"}
                or bare in known.names
            ):
                found[known.id] = None
    return tuple(sorted(found))


def _is_licence_path(path: str) -> bool:
    pure = PurePosixPath(path)
    return len(pure.parts) == 1 and bool(FILE_NAME.match(pure.name)) and pure.suffix != ".py"


def _is_in(known: _Known, flat: str) -> bool:
    if known.start and known.start not in flat[:START_CHARACTERS]:
        return False
    wanted = all(phrase in flat for phrase in known.all)
    return wanted and not any(phrase in flat for phrase in known.none)


@functools.cache
def _table() -> tuple[_Known, ...]:
    path = Path(__file__).with_name("licences.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(_rows(data["licence"]))


def _rows(rows: list[dict[str, object]]) -> Iterator[_Known]:
    for row in rows:
        yield msgspec.convert(row, _Known)
