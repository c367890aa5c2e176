"""Which files a goal is about: a ranking by its words, with reasons that a person can check."""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.heading import head_stems
from missioncontrol.specialists.symbols import Symbol, symbols
from missioncontrol.specialists.words import parts, pattern, stem, telling_words

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

CHARACTERS_MAX = 32_000_000
"""Text looked at in one ranking, over all files."""
FILE_CHARACTERS_MAX = 200_000
"""Text looked at in one file."""
TERMS_MAX = 200
REASONS_MAX = 4
SATURATION, LENGTH_SHARE = 1.2, 0.75  # k1 and b of BM25 (Robertson and Zaragoza, 2009)
NAME_WEIGHT, FOLDER_WEIGHT, SYMBOL_WEIGHT, EXACT_WEIGHT = 3.0, 1.0, 2.0, 12.0
MENTION_SHARE = 0.3
HEAD_FACTOR = 1.6
"""What a word that names the thing counts for beside one that only says more about it."""

KIND_WEIGHTS = {"code": 1.0, "test": 0.5, "configuration": 0.5, "document": 0.3, "data": 0.25}
"""Files of other kinds are generated, vendored or binary: nobody changes them by hand."""
_HISTORY = re.compile(r"(?i)(^|/)(changes|changelog|history|news|authors|pkg-info)(\.\w+)?$")
_ASIDE = re.compile(r"(?i)^(examples?|samples?|demos?|docs?|bench(marks?)?|scripts|tools)/")
_TESTS = re.compile(r"(?i)(^|/)tests?/")
_VOCABULARY = re.compile(
    r"(?i)(^|/)_?(exceptions?|errors?|status_codes|constants?|types|typing|about|version)\.\w+$"
)
"""Files that give names to what is done elsewhere."""
_SPECIAL = (
    (
        re.compile(r"(?i)\.sql$"),
        re.compile(r"(?i)(?:sql|schema|database|db|tables?|quer|index|column|trigger|migrat|lock)"),
    ),
    (
        re.compile(r"(?i)(?:^|/)_?(?:cli|shell|__main__|console)\.\w+$"),
        re.compile(r"(?i)(?:cli|command|shell|console|terminal|flag|prompt|repl)"),
    ),
    (
        re.compile(r"(?i)(?:^|/)_?test(?:ing|_?utils?|_?client)\.\w+$"),
        re.compile(r"(?i)test|mock|fake"),
    ),
)
"""Files that only an ask in their own words is about: queries, commands, helpers for tests."""
BASE = re.compile(r"(?i)(?:^|/)_?(?:base|abc|abstract|interface|protocol)s?\.\w+$")
"""Files that hold what the others of their folder build on."""
_CONTRIB = re.compile(r"(?i)(?:^|/)contrib/")
"""Integrations with something else, which an ask names when it means one."""
_STEP = re.compile(r"(?i)(^|/)(future_)?migrations?/[^/]*\d")
"""Numbered migrations tell what was done once; new work adds one and edits none."""
_QUOTED = re.compile(r"`([^`\n]{2,80})`")
_FILE = re.compile(
    r"(?i)\.(?:py|pyi|js|jsx|ts|tsx|mjs|cjs|go|rs|rb|java|kt|php|c|h|cc|cpp|cs|sql|sh|md|rst|txt|toml"
    r"|json|ya?ml|cfg|ini|html?|css|xml|lock|csv|ipynb|proto)$"
)
_NAMED = re.compile(
    r"(?<![\w./-])(?:[\w.-]+/)*[\w-]+\.[A-Za-z]\w{0,9}(?![\w/])|\b\w+_\w+\b|\b[A-Za-z][a-z0-9]+[A-Z]\w+\b"
)


class Relevant(msgspec.Struct, frozen=True):
    """A file that the goal seems to be about, and why."""

    path: str
    score: float
    reasons: tuple[str, ...]


class Read(msgspec.Struct, frozen=True):
    """What one file showed about the terms."""

    path: str
    kind: str
    length: int
    counts: dict[str, int]  # term → times in the text
    defined: dict[str, tuple[Symbol, ...]]  # term → definitions whose name holds it
    exact: tuple[str, ...]  # reasons for names quoted in the goal


class Ranking:
    """Reads the files once for all terms of a mission, and ranks them for any of its texts."""

    def __init__(self, texts: Iterable[str], tree: "Tree", *, ignored: Iterable[str] = ()) -> None:
        """Count the telling words of `texts` in the files of `tree`, within the bounds above.

        `ignored` are words that stand everywhere here, such as the name of the project.
        """
        whole = "\n".join(texts)
        everywhere = {stem(word) for word in ignored}
        words = [word for word in telling_words(whole) if stem(word) not in everywhere]
        self.terms = (words or telling_words(whole))[:TERMS_MAX]
        self.reads, self.left_out = _read_all(tree, self.terms, exact_names(whole))
        self.document_counts = {
            term: sum(1 for read in self.reads if read.counts.get(term) or _in_path(term, read))
            for term in self.terms
        }
        lengths = [read.length for read in self.reads if read.length]
        self.length_mean = sum(lengths) / len(lengths) if lengths else 1.0

    def rank(self, text: str, *, limit: int, kinds: Sequence[str] = ()) -> list[Relevant]:
        """Return the files that `text` is most likely about, best first; ties by path."""
        stems = {stem(word) for word in telling_words(_without_paths(text))}
        terms = [term for term in self.terms if stem(term) in stems]
        names = exact_names(text)
        for_readers = tuple(kinds) == ("document",)
        heads = head_stems(text)
        factors = {term: HEAD_FACTOR if stem(term) in heads else 1.0 for term in terms}
        scored = [
            (self._score(read, factors, names, for_readers=for_readers), read)
            for read in self.reads
            if not kinds or read.kind in kinds
        ]
        best = sorted(
            ((score, read) for score, read in scored if score > 0),
            key=lambda item: (-round(item[0], 3), item[1].path),
        )
        return [
            Relevant(read.path, round(score, 3), tuple(_reasons(read, terms, names)))
            for score, read in best[:limit]
        ]

    def weight(self, term: str) -> float:
        """Return how telling a term is in this repository: rare ones weigh more."""
        total, holding = len(self.reads), self.document_counts[term]
        return log(1 + (total - holding + 0.5) / (holding + 0.5))

    def _score(
        self, read: Read, factors: Mapping[str, float], names: Sequence[str], *, for_readers: bool
    ) -> float:
        score = matched = possible = 0.0
        for term, factor in factors.items():
            weight = factor * self.weight(term)
            possible += weight
            part = weight * self._strength(term, read)
            score += part
            matched += weight if part else 0.0
        share = 0.4 + 0.6 * matched / possible if possible else 1.0
        exact = sum(
            MENTION_SHARE if reason.startswith("uses") else 1.0
            for reason in read.exact
            if any(f"`{name}`" in reason for name in names)
        )
        kind = KIND_WEIGHTS[read.kind]
        return (
            score * share * _place_weight(read.path, factors, for_readers=for_readers)
            + EXACT_WEIGHT * exact
        ) * kind

    def _strength(self, term: str, read: Read) -> float:
        count = read.counts.get(term, 0)
        share = 1 - LENGTH_SHARE + LENGTH_SHARE * read.length / self.length_mean
        text = count * (SATURATION + 1) / (count + SATURATION * share) if count else 0.0
        symbol = SYMBOL_WEIGHT * min(1.0, 0.5 + 0.25 * len(read.defined.get(term, ())))
        return (
            text
            + (symbol if term in read.defined else 0.0)
            + (NAME_WEIGHT if _in_name(term, read.path) else 0.0)
            + (FOLDER_WEIGHT if _in_folder(term, read.path) else 0.0)
        )


def relevant_files(goal: str, tree: "Tree", *, limit: int) -> list[Relevant]:
    """Rank the files of `tree` by what `goal` says, best first, at most `limit`.

    The same goal and content give the same answer. At most `CHARACTERS_MAX` characters are read:
    files whose path holds a word of the goal first, then code, then the rest, each by path.
    """
    return Ranking([goal], tree).rank(goal, limit=limit)


def _without_paths(text: str) -> str:
    """Leave out file names: `README.md` is found as a name, and says nothing by its words."""
    return _NAMED.sub(lambda match: "" if is_file_name(match.group()) else match.group(), text)


def is_file_name(name: str) -> bool:
    """Whether a name found in prose is a file's: `README.md`, but not `res.send`."""
    return "/" in name or _FILE.search(name) is not None


def exact_names(text: str) -> list[str]:
    """Return file names and identifiers that stand in `text` literally, in order."""
    quoted = [name for name in _QUOTED.findall(text) if " " not in name.strip()]
    named = [match.group() for match in _NAMED.finditer(text)]
    return list(dict.fromkeys(name.strip().strip("()") for name in [*quoted, *named]))


def _read_all(tree: "Tree", terms: Sequence[str], names: Sequence[str]) -> tuple[list[Read], int]:
    order = {"code": 0, "test": 1}
    files = sorted(
        (file for file in tree.files if file.kind in KIND_WEIGHTS),
        key=lambda file: (
            not any(pattern(term).search(file.path) for term in terms),
            order.get(file.kind, 2),
            file.path,
        ),
    )
    reads: list[Read] = []
    budget, left_out = CHARACTERS_MAX, 0
    for file in files:
        if budget <= 0:
            left_out += 1
            continue
        text = (tree.text(file.path) or "")[:FILE_CHARACTERS_MAX]
        budget -= len(text)
        reads.append(_read(file.path, file.kind, text, terms, names))
    return reads, left_out


def _read(path: str, kind: str, text: str, terms: Sequence[str], names: Sequence[str]) -> Read:
    small = text.lower()
    present = [term for term in terms if stem(term) in small]
    counts = {term: len(pattern(term).findall(text)) for term in present}
    counts = {term: count for term, count in counts.items() if count}
    listed = symbols(text) if (counts or names) and kind in {"code", "test"} else []
    lowered = [(symbol.name.lower(), symbol) for symbol in listed]
    defined = {
        term: tuple(
            symbol
            for small_name, symbol in lowered
            if stem(term) in small_name and pattern(term).search(symbol.name)
        )
        for term in counts
    }
    return Read(
        path,
        kind,
        len(text),
        counts,
        {term: found for term, found in defined.items() if found},
        tuple(_exact_reasons(path, text, listed, names)),
    )


def _mentions(text: str, name: str) -> bool:
    return len(parts(name)) > 1 and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _exact_reasons(
    path: str, text: str, listed: Sequence[Symbol], names: Sequence[str]
) -> list[str]:
    reasons = []
    defined = {symbol.name for symbol in listed}
    for name in names:
        last = re.split(r"[.:#]+", name)[-1]
        if path == name or path.endswith("/" + name):
            reasons.append(f"the goal names the file `{name}`")
        elif name not in defined and last not in defined and _mentions(text, name):
            reasons.append(f"uses `{name}`, which the goal names")
        elif name in defined or (
            last in defined and (len(parts(last)) > 1 or (last != name and name in text))
        ):
            reasons.append(f"defines `{name}`, which the goal names")
    return reasons


def _in_path(term: str, read: Read) -> bool:
    return pattern(term).search(read.path) is not None


def _in_name(term: str, path: str) -> bool:
    return pattern(term).search(path.rsplit("/", 1)[-1]) is not None


def _in_folder(term: str, path: str) -> bool:
    folder = path.rsplit("/", 1)[0] if "/" in path else ""
    return pattern(term).search(folder) is not None


def _place_weight(path: str, terms: Iterable[str], *, for_readers: bool) -> float:
    if _HISTORY.search(path) or _STEP.search(path):
        return 0.2
    unspoken = [speaks for files, speaks in _SPECIAL if files.search(path)]
    if any(not any(speaks.match(term) for term in terms) for speaks in unspoken):
        return 0.5
    if _VOCABULARY.search(path):
        return 0.4
    if _CONTRIB.search(path) and not any(_in_folder(term, path) for term in terms):
        return 0.6
    is_aside = _ASIDE.search(path) and not (for_readers and path.lower().startswith("doc"))
    return 0.4 if is_aside or (for_readers and _TESTS.search(path)) else 1.0


def _reasons(read: Read, terms: Sequence[str], names: Sequence[str]) -> list[str]:
    reasons = [reason for reason in read.exact if any(f"`{name}`" in reason for name in names)]
    reasons += [f"`{term}` in the file name" for term in terms if _in_name(term, read.path)]
    best: dict[str, int] = {}
    for term in terms:
        for symbol in read.defined.get(term, ()):
            best[symbol.name] = best.get(symbol.name, 0) + 1
    named = sorted(best, key=lambda name: (-best[name], not name[0].isupper(), len(name), name))
    if named:
        reasons.append("defines " + ", ".join(f"`{name}`" for name in named[:3]))
    said = sorted((term for term in terms if term in read.counts), key=lambda t: -read.counts[t])
    reasons += [f"says `{term}` {_times(read.counts[term])}" for term in said]
    return reasons[:REASONS_MAX]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
