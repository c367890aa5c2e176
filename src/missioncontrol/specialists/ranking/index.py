"""Everything that files are ranked by, read once for a repository and asked many times."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.specialists.ranking.facts import FileFacts, content_key, facts_of
from missioncontrol.specialists.ranking.field import Field
from missioncontrol.specialists.ranking.kept import KeptFacts
from missioncontrol.specialists.ranking.past import Past, PastChange
from missioncontrol.specialists.ranking.terms import counted

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

NOBODY_EDITS = frozenset({"binary", "generated", "vendored"})
CHARACTERS_MAX = 256_000_000
"""Text looked at over all files; what lies beyond it is ranked by its path and its past."""
_TEST_MARK = re.compile(r"(?i)^_?tests?[_.-]|[_.-](?:tests?|spec)$|^_+")
_COMMON_STEMS = frozenset({"", "__init__", "__main__", "conftest", "index", "main", "mod", "lib"})


class Index:
    """The files of one repository as the ranking sees them, by their numbers."""

    def __init__(
        self,
        tree: "Tree",
        changes: Iterable[PastChange] = (),
        *,
        arrows: Mapping[str, Sequence[str]] | None = None,
        kept: KeptFacts | None = None,
    ) -> None:
        """`changes` come newest first; `arrows` map files to those they import.

        With `kept`, a file whose content was read before is not read apart again.
        """
        self.tree = tree
        self.files: list[SourceFile] = [f for f in tree.files if f.kind not in NOBODY_EDITS]
        self.paths = [file.path for file in self.files]
        self.numbers = {path: number for number, path in enumerate(self.paths)}
        self.facts = _read(tree, self.files, kept)
        self.text = Field((each.counts for each in self.facts), length_share=0.75)
        self.path = Field(map(counted, self.paths), length_share=0.3)
        self.names = Field(map(_names, self.facts), length_share=0.5)
        self.past = Past(changes, self.paths)
        self.imports = self._linked(arrows or {})
        self.tested_by = self._tested_by()

    def _linked(self, arrows: Mapping[str, Sequence[str]]) -> list[tuple[int, ...]]:
        known = self.numbers
        return [
            tuple(known[target] for target in arrows.get(path, ()) if target in known)
            for path in self.paths
        ]

    def _tested_by(self) -> list[tuple[int, ...]]:
        """Return, for each file of code, the tests that are named after it."""
        tests: dict[str, list[int]] = {}
        for number, file in enumerate(self.files):
            if file.kind == "test":
                tests.setdefault(_subject(file.path), []).append(number)
        return [
            tuple(tests.get(_subject(file.path), ())) if file.kind == "code" else ()
            for file in self.files
        ]


def _read(tree: "Tree", files: "Sequence[SourceFile]", kept: KeptFacts | None) -> list[FileFacts]:
    """Read the files in their order, while there is room for characters."""
    room = CHARACTERS_MAX
    texts: list[str] = []
    for file in files:
        text = (tree.text(file.path) or "") if room > 0 else ""
        room -= len(text)
        texts.append(text)
    codes = [file.kind in {"code", "test"} for file in files]
    keys = [content_key(text, is_code=code) for text, code in zip(texts, codes, strict=True)]
    found = kept.find(set(keys)) if kept else {}
    fresh: dict[bytes, FileFacts] = {}
    for key, text, code in zip(keys, texts, codes, strict=True):
        if key not in found and key not in fresh:
            fresh[key] = facts_of(text, is_code=code)
    if kept and fresh:
        kept.keep(fresh, found)
    return [found.get(key) or fresh[key] for key in keys]


def _names(facts: FileFacts) -> dict[str, int]:
    return counted("\n".join(name for name, _ in facts.names))


def _subject(path: str) -> str:
    """Return what a test and its code are both called: `test_sessions.py` and `sessions.py`."""
    bare = _TEST_MARK.sub("", _TEST_MARK.sub("", PurePosixPath(path).stem)).lower()
    return path if bare in _COMMON_STEMS else bare
