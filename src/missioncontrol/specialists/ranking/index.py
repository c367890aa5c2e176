"""Everything that files are ranked by, read once for a repository and asked many times."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from missioncontrol.specialists.kinds import has_frozen_head
from missioncontrol.specialists.ranking.blocks import Block, blocks_of
from missioncontrol.specialists.ranking.facts_cache import CHARACTERS_MAX as CHARACTERS_LOOKED_AT
from missioncontrol.specialists.ranking.facts_cache import (
    FactsCache,
    FileFacts,
    content_key,
    facts_of,
)
from missioncontrol.specialists.ranking.field import Field
from missioncontrol.specialists.ranking.past import Past, PastChange
from missioncontrol.specialists.ranking.roles import roles
from missioncontrol.specialists.ranking.terms import counted
from missioncontrol.specialists.words import parts

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

NOT_EDITED = frozenset({"binary", "generated", "vendored"})
CHARACTERS_MAX = 512_000_000
"""Text looked at over all files; what lies beyond it is ranked by its path and its past."""
PATH_FACTOR = 5
"""What a word of the path counts for beside one of the text."""
HABITS_LOOKED_AT = 300
"""Newest commits that tell what else a change of code usually changes here."""
PAST_MIN = 20
"""Commits below which nothing is a habit."""
_USED = (
    r"(?:(?<=[\w)\]])\.|--|@){0}(?![\w-])"  # an attribute, an option, a decorator
    r"|[(,]\s*\*{{0,2}}{0}\s*(?:[:=](?!=)|[,)])"  # a parameter or an argument
    r"|(?m:^\s*(?:self\.|this\.)?{0}\s*(?::[^=\n]+)?=(?!=))"  # something assigned
)
"""How code uses a word as a name, which stands in prose everywhere."""
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{2,}")
_TEST_MARK = re.compile(r"(?i)^_?tests?[_.-]|[_.-](?:tests?|spec)$|^_+")
_MARKED_TEST = re.compile(r"^_?tests?[_.-]|[_.-]?(?:tests?|specs?)$")
STEM_LENGTH_MIN = 2
_COMMON_STEMS = frozenset({"", "__init__", "__main__", "conftest", "index", "main", "mod", "lib"})


class Index:
    """The files of one repository as the ranking sees them, by their numbers."""

    def __init__(
        self,
        tree: "Tree",
        changes: Iterable[PastChange] = (),
        *,
        arrows: Mapping[str, Sequence[str]] | None = None,
        cache: FactsCache | None = None,
        everywhere: Iterable[str] = (),
    ) -> None:
        """`changes` come newest first; `arrows` map files to those they import.

        With `cache`, a file whose content was read before is not parsed again. `everywhere`
        are words that say nothing here, such as the name of the project.
        """
        self.tree = tree
        self.everywhere = frozenset(counted("\n".join(everywhere)))
        self.files, self.facts, self.left_out = _read(tree, cache)
        self.paths = [file.path for file in self.files]
        self.numbers = {path: number for number, path in enumerate(self.paths)}
        self.text = Field((each.counts for each in self.facts), length_share=0.75)
        self.whole = Field(map(_whole, self.facts, self.paths), length_share=0.75)
        self.path = Field(map(counted, self.paths), length_share=0.3)
        self.names = Field(map(_names, self.facts), length_share=0.5)
        self.past = Past(changes, self.paths)
        self.imports = self._linked(arrows or {})
        self.stems = [PurePosixPath(path).name.split(".")[0].lower() for path in self.paths]
        self.subject_stems = list(map(_subject_stem, self.stems))
        self.folders = [path.rpartition("/")[0] for path in self.paths]
        self.namesakes: dict[str, list[int]] = {}
        for number, bare in enumerate(self.subject_stems):
            self.namesakes.setdefault(bare, []).append(number)
        self.defined = [frozenset(name.lower() for name, _ in each.names) for each in self.facts]
        languages = Counter(file.language for file in self.files if file.kind == "code")
        self.main_language = max(languages, key=lambda name: (languages[name], name), default="")
        self.answers: dict[tuple[str, tuple[str, ...]], object] = {}  # cache of the ranker
        self.recent: dict[int, tuple[tuple[str, ...], ...]] = {}  # lines of the newest commits
        self._blocks: dict[int, list[Block]] = {}
        self._roles: dict[int, dict[str, float]] = {}
        self.habits = self._habits()
        self.tested_by = self._tested_by()

    def text_of(self, number: int) -> str:
        """Return the text of a file as far as it is looked at."""
        return (self.tree.text(self.paths[number]) or "")[:CHARACTERS_LOOKED_AT]

    def blocks(self, number: int) -> list[Block]:
        """Return the blocks of a file, top to bottom."""
        if number not in self._blocks:
            self._blocks[number] = blocks_of(self.text_of(number))
        return self._blocks[number]

    def roles(self, number: int) -> dict[str, float]:
        """Return what part a file plays here, each 1 where it is so."""
        if number not in self._roles:
            self._roles[number] = roles(self.files[number])
        return self._roles[number]

    def identifiers(self, number: int) -> frozenset[str]:
        """Return the words of a file that may be identifiers, in lower case."""
        return frozenset(map(str.lower, _IDENTIFIER.findall(self.text_of(number))))

    def with_all(self, terms: Collection[str]) -> list[int]:
        """Return the files whose text holds every one of `terms`, in order; none for no terms."""
        if not terms:
            return []
        rarest = min((self.text.holding(term) for term in terms), key=len)
        return [
            number
            for number, _ in rarest
            if all(term in self.facts[number].counts for term in terms)
        ]

    def defines_in(self, number: int, name: str) -> bool:
        """Whether a file defines `name`, spelt so."""
        return name.lower() in self.defined[number] and any(
            name == each for each, _ in self.facts[number].names
        )

    def says(self, word: str) -> bool:
        """Whether a word stands anywhere: in a text, a path or a message of the past."""
        return any(map(self.has, counted(word)))

    def has(self, term: str) -> bool:
        """Whether a stem stands anywhere."""
        return self.text.has(term) or self.path.has(term) or self.past.said.has(term)

    def weight(self, word: str) -> float:
        """Return how telling a word is in these texts: rare ones weigh more."""
        return max((self.text.weight(term) for term in counted(word)), default=0.0)

    def defines(self, name: str) -> bool:
        """Whether a file is called so, or defines it; `Class.method` counts by its last part."""
        last = re.split(r"[.:#]+", name)[-1]
        if any(path == name or path.endswith("/" + name) for path in self.paths):
            return True
        own = last != name or len(parts(last)) > 1
        known = {name, last} if own else {name}
        return any(each in known for facts in self.facts for each, _ in facts.names)

    def has_identifier(self, name: str) -> bool:
        """Whether an identifier stands just so: one of several words in any text.

        One word counts only where code uses it as a name: a parameter, an attribute, an option.
        """
        terms = counted(name)
        whole = re.escape(name)
        plain = len(parts(name)) < 2
        found = re.compile(_USED.format(whole) if plain else rf"(?<!\w){whole}(?!\w)")
        return any(
            found.search(self.tree.text(file.path) or "")
            for file, facts in zip(self.files, self.facts, strict=True)
            if terms.keys() <= facts.counts.keys() and (file.kind == "code" or not plain)
        )

    @property
    def has_past(self) -> bool:
        """Whether there are commits enough to say which files such work touches."""
        return len(self.past.changes) >= PAST_MIN

    def _habits(self) -> dict[str, float]:
        """Return in which share of the changes of code a test, a document or the log changed."""
        counts = dict.fromkeys(("test_habit", "document_habit", "log_habit"), 0)
        changes = 0
        for files in self.past.files[:HABITS_LOOKED_AT]:
            kinds = {self.files[number].kind for number in files}
            if "code" in kinds:
                changes += 1
                counts["test_habit"] += "test" in kinds
                counts["document_habit"] += "document" in kinds
                counts["log_habit"] += any("is_change_log" in self.roles(n) for n in files)
        return {name: count / max(1, changes) for name, count in counts.items()}

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


class _Text(NamedTuple):
    """A file that people change, with its text and the key of that."""

    file: "SourceFile"
    text: str
    key: bytes
    is_code: bool
    is_read: bool  # whether there was room for its characters


def _read(
    tree: "Tree", cache: FactsCache | None
) -> "tuple[list[SourceFile], list[FileFacts], int]":
    """Read the files that people change, in their order, and count those left out."""
    texts = list(_texts(tree))
    found = cache.find({each.key for each in texts}) if cache else {}
    fresh: dict[bytes, FileFacts] = {}
    for each in texts:
        if each.key not in found and each.key not in fresh:
            fresh[each.key] = facts_of(each.text, is_code=each.is_code)
    if cache and fresh:
        cache.keep(fresh, found)
    facts = [found.get(each.key) or fresh[each.key] for each in texts]
    return [each.file for each in texts], facts, sum(not each.is_read for each in texts)


def _texts(tree: "Tree") -> "Iterator[_Text]":
    """Yield what people change: a frozen or generated file says in its head that they do not."""
    room = CHARACTERS_MAX
    for file in tree.files:
        if file.kind in NOT_EDITED:
            continue
        text = tree.text(file.path) or ""
        if file.kind == "code" and has_frozen_head(text):
            continue
        is_code, is_read = file.kind in {"code", "test"}, room > 0
        text = text if is_read else ""
        room -= len(text)
        yield _Text(file, text, content_key(text, is_code=is_code), is_code, is_read)


def _whole(facts: FileFacts, path: str) -> dict[str, int]:
    """Return the words of a file's text and path together; those of the path count more."""
    found = dict(facts.counts)
    for term, count in counted(path).items():
        found[term] = found.get(term, 0) + PATH_FACTOR * count
    return found


def _names(facts: FileFacts) -> dict[str, int]:
    return counted("\n".join(name for name, _ in facts.names))


def _subject_stem(stem: str) -> str:
    """Return the name of a file without what marks it as a test: `gson` for `gsontest`."""
    bare = _MARKED_TEST.sub("", stem)
    return bare if len(bare) > STEM_LENGTH_MIN else stem


def _subject(path: str) -> str:
    """Return what a test and its code are both called: `test_sessions.py` and `sessions.py`."""
    bare = _TEST_MARK.sub("", _TEST_MARK.sub("", PurePosixPath(path).stem)).lower()
    return path if bare in _COMMON_STEMS else bare
