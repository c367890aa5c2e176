"""Measures how far each file of an index answers a goal: one figure for each kind of evidence."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from math import log, log1p
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.definition_names import exact_names, written_names
from missioncontrol.specialists.ranking.blocks import Block
from missioncontrol.specialists.ranking.field import SATURATION
from missioncontrol.specialists.ranking.groups import named_groups
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.past import Example
from missioncontrol.specialists.ranking.terms import counted, goal_stems, spelt, title
from missioncontrol.specialists.words import head_stems

LEADERS = 10
"""Files that answer best by words; what is tied to them by history or imports gains from it."""
CANDIDATES_OF_A_KIND = 25
"""Files that answer best by one measure which are looked at closely."""
NAME_LENGTH_MIN = 5
HEAD_FACTOR = 2.0
"""What a word that names the thing counts for beside one that only says more about it."""
PHRASE_WORDS = 3
PHRASES_MAX = 60
NAMES_MAX = 40
LITERAL_LENGTH_MIN, LITERALS_MAX = 4, 20
EXACT_MAX = 100
"""Files that define a name of the goal which are looked at closely."""
DEFINERS_MAX = 8
"""Files that define one name, beyond which it is a namespace that each of them opens again."""
BLOCKS_SUMMED = 3
NAMED_WORDS_MIN, SUFFIX_LENGTH_MAX = 3, 5
_NAME_WORDS = re.compile(r"[a-z]+(?:\d+(?:_\d+)*)?|\d+")
STEM_LENGTH_MIN = 4
EXAMPLES_SHOWN = 10
FEW = 5
"""Commits most like the goal that count as its nearest."""
BEST = 3
SHORT_NAME = 2
"""Letters up to which the name of a file stands in a goal by chance."""
FOLDER_MAX = 8
"""Files of one name in a repository, beyond which the name ties none of them together."""
_DOCUMENTS = re.compile(r"(?i)\bdoc(?:s|ument\w*)?\b|\breadme\b|\btypos?\b|\btutorial|\bguide\b")
_TESTS = re.compile(r"(?i)\btest|\bcoverage\b|\bflaky\b")
_RELEASES = re.compile(r"(?i)\brelease|\bversion|\bbump\b")
_QUOTED = re.compile(r"`([^`\n]{2,80})`|[\"“]([^\"”\n]{3,80})[\"”]|'([^'\n]{3,80})'(?!\w)")
_SCOPE = re.compile(r"^\w+\(([^)\n]+)\)!?:|^([\w./-]+): ")
_PROSE = re.compile(r"[A-Za-z0-9_./'-]+")

Figures = Mapping[int, float]
"""Files with the figure each has; those that are absent have 0."""
SOURCES = ("whole", "title", "path", "names", "identifiers", "messages", "precedents", "together")
"""Measures whose best files are looked at closely."""


class Evidence(msgspec.Struct, frozen=True):
    """What speaks for each file that was looked at closely."""

    figures: Mapping[str, Figures]  # measure → file → 0 or more
    candidates: Sequence[int]  # the files that were looked at closely, in order
    asking: Mapping[str, float]  # what the goal is like: figures that are the same for all files
    goal: str
    names: Sequence[str]  # identifiers that the goal writes out
    terms: Mapping[str, int]  # stem → times in the goal
    spelt: Mapping[str, str]  # stem → the word as the goal has it
    exact: Mapping[int, tuple[str, ...]]  # file → names of the goal that it is or defines
    literals: Mapping[int, tuple[str, ...]]  # file → texts of the goal that stand in it as they are
    examples: Sequence[Example]  # past commits like the goal
    leaders: Sequence[int]  # files best by their words


def gathered(index: Index, text: str, kinds: Collection[str] = ()) -> Evidence:
    """Measure everything that the index knows about a goal; of files of `kinds` only, if given."""
    return _Gathering(index, text, kinds).evidence()


class _Gathering:
    """One goal that is looked up in one index."""

    def __init__(self, index: Index, text: str, kinds: Collection[str]) -> None:
        self.index = index
        self.goal = text
        self.kinds = kinds
        self.terms = _informative(index, goal_stems(text))
        self.first = {t: n for t, n in goal_stems(title(text)).items() if t in self.terms}
        self.heads = head_stems(title(text)) & self.terms.keys()
        self.names = _identifiers(text)
        self.figures: dict[str, Figures] = {}

    def evidence(self) -> Evidence:
        """Measure from what costs least: words, then the past, then the texts of the best files."""
        index, figures = self.index, self.figures
        factors = dict.fromkeys(self.heads, HEAD_FACTOR)
        figures["whole"] = index.whole.scores(self.first)
        figures["text"] = index.text.scores(self.terms)
        figures["title"] = index.text.scores(self.first, factors)
        figures["path"] = index.path.scores(self.terms)
        figures["names"] = index.names.scores(self.first, factors)
        figures["messages"] = index.past.said.scores(self.terms)
        examples = index.past.examples(self.terms)
        figures |= _precedents(index, examples, self.terms)
        exact = _exact(index, exact_names(self.goal))
        exact |= _in_words(index, title(self.goal))
        figures["named"] = {n: 1.0 for n in exact if _is_file(index, n, exact[n])}
        figures["exact"] = {n: 1.0 for n in exact if n not in figures["named"]}
        figures |= self._identified()
        literals = self._literals()
        figures["literal"] = _rarity(literals, len(index.paths))
        strength = _sums(figures, {"whole": 1.0, "text": 0.5, "messages": 0.5, "precedents": 0.3})
        leaders = sorted(strength, key=lambda n: (-strength[n], n))[:LEADERS]
        figures["together"] = _tied(leaders, strength, lambda n: index.past.together[n])
        figures["with_best"] = _with_best(index, leaders[:BEST])
        figures["tests"] = _tied(
            leaders, strength, lambda n: dict.fromkeys(index.tested_by[n], 1.0)
        )
        figures["group"] = self._grouped()
        candidates = self._candidates()
        figures["neighbours"] = self._neighbours(candidates, leaders, strength)
        figures["folder"] = self._folders(candidates, strength)
        figures["namesake"] = self._namesakes(candidates, strength)
        figures |= self._looked_into(candidates)
        figures |= self._by_name(candidates)
        figures |= _standing(index, candidates)
        return Evidence(
            figures,
            candidates,
            self._asking(),
            self.goal,
            self.names,
            self.terms,
            spelt(self.goal),
            exact,
            literals,
            examples[:EXAMPLES_SHOWN],
            leaders,
        )

    def _candidates(self) -> list[int]:
        """Return the files that are among the best by any of the measures, in order."""
        found: set[int] = set(self.figures["named"])
        whole = self.figures["whole"]
        exact = sorted(self.figures["exact"], key=lambda n: (-whole.get(n, 0.0), n))
        found.update(exact[:EXACT_MAX])
        for kind in SOURCES:
            scores = self.figures[kind]
            mine = (n for n in scores if self._is_wanted(n))
            found.update(sorted(mine, key=lambda n: (-scores[n], n))[:CANDIDATES_OF_A_KIND])
        grouped = self.figures["group"]
        found.update(sorted(grouped, key=lambda n: (-grouped[n], n))[:CANDIDATES_OF_A_KIND])
        return sorted(n for n in found if self._is_wanted(n))

    def _grouped(self) -> dict[int, float]:
        """Return the files of groups that the goal speaks of; those changed often count more."""
        found = {}
        groups = named_groups(self.goal)
        for number, path in enumerate(self.index.paths) if groups else ():
            if any(group.paths.search(path) for group in groups):
                found[number] = 1.0 + log1p(self.index.past.counts[number])
        return found

    def _is_wanted(self, number: int) -> bool:
        return not self.kinds or self.index.files[number].kind in self.kinds

    def _identified(self) -> dict[str, Figures]:
        """Measure which identifiers of the goal stand in a file, and which are defined there."""
        index = self.index
        stands: dict[int, float] = {}
        defined: dict[int, float] = {}
        counts: dict[int, float] = {}
        for name in self.names:
            holders = _holders(index, name)
            weight = log(1 + len(index.paths) / len(holders)) if holders else 0.0
            for number, count in holders.items():
                stands[number] = stands.get(number, 0.0) + weight * (1 + log(count))
                counts[number] = counts.get(number, 0.0) + 1 / len(self.names)
                if name.lower() in index.defined[number]:
                    defined[number] = defined.get(number, 0.0) + weight
        return {"identifiers": stands, "defined": defined, "identifiers_share": counts}

    def _literals(self) -> dict[int, tuple[str, ...]]:
        """Return, by file, which texts that the goal quotes stand in it as they are."""
        quoted = ("".join(groups) for groups in _QUOTED.findall(self.goal))
        found: dict[int, tuple[str, ...]] = {}
        wanted = dict.fromkeys(q for q in quoted if len(q) >= LITERAL_LENGTH_MIN)
        for text in list(wanted)[:LITERALS_MAX]:
            for number in self.index.with_all(counted(text)):
                if text in self.index.text_of(number):
                    found[number] = (*found.get(number, ()), text)
        return found

    def _neighbours(
        self, candidates: Sequence[int], leaders: Sequence[int], strength: Figures
    ) -> dict[int, float]:
        """Measure which files the leaders import or name, and which import the leaders."""
        index = self.index
        found: dict[int, float] = {}
        for leader in leaders:
            words = index.identifiers(leader)
            for number in candidates:
                if number == leader:
                    continue
                tie = 0.0
                if number in index.imports[leader] or leader in index.imports[number]:
                    tie = 1.0
                elif len(index.stems[number]) >= STEM_LENGTH_MIN and index.stems[number] in words:
                    tie = 0.5
                if tie:
                    found[number] = found.get(number, 0.0) + tie * strength[leader]
        return found

    def _folders(self, candidates: Sequence[int], strength: Figures) -> dict[int, float]:
        sums: dict[str, float] = {}
        for number, value in strength.items():
            folder = self.index.folders[number]
            sums[folder] = sums.get(folder, 0.0) + value
        return {n: sums.get(self.index.folders[n], 0.0) for n in candidates}

    def _namesakes(self, candidates: Sequence[int], strength: Figures) -> dict[int, float]:
        """Measure the best file that a file shares its bare name with: its test, its source."""
        found = {}
        for number in candidates:
            others = self.index.namesakes[self.index.subject_stems[number]]
            if 1 < len(others) < FOLDER_MAX:
                found[number] = max(strength.get(n, 0.0) for n in others if n != number)
        return found

    def _looked_into(self, candidates: Sequence[int]) -> dict[str, Figures]:
        """Measure the blocks of the candidates, and which runs of the goal's words they hold."""
        index = self.index
        weights = {term: index.text.weight(term) for term in self.terms}
        total = sum(weights.values()) or 1.0
        blocks = {number: index.blocks(number) for number in candidates}
        lengths = [block.length for each in blocks.values() for block in each]
        mean = sum(lengths) / len(lengths) if lengths else 1.0
        phrases = phrases_of(self.goal)
        found: dict[str, dict[int, float]] = {
            kind: {} for kind in ("block", "blocks", "cover", "only", "phrases")
        }
        for number, each in blocks.items():
            scores = sorted((block_score(block, weights, mean) for block in each), reverse=True)
            held = index.facts[number].counts
            in_path = counted(index.paths[number])
            found["block"][number] = scores[0] if scores else 0.0
            found["blocks"][number] = sum(scores[:BLOCKS_SUMMED])
            mine = [term for term in weights if term in held or term in in_path]
            found["cover"][number] = sum(weights[term] for term in mine) / total
            rarest = (len(index.text.holding(term)) for term in mine if term in self.first)
            found["only"][number] = 1 / max(1, min(rarest, default=len(index.paths)))
            if phrases:
                text = index.text_of(number).lower()
                found["phrases"][number] = sum(phrase in text for phrase in phrases) / len(phrases)
        return {
            kind: {n: value for n, value in each.items() if value} for kind, each in found.items()
        }

    def _by_name(self, candidates: Sequence[int]) -> dict[str, Figures]:
        """Measure whether the goal speaks of a file by its name, or of its folder as a scope."""
        words = set(re.findall(r"[a-z][a-z0-9_]+", self.goal.lower()))
        whole_words = {each.rstrip(".,") for each in re.findall(r"[\w.-]+", self.goal.lower())}
        match = _SCOPE.match(title(self.goal))
        scope = counted((match[1] or match[2]) if match else "").keys()
        found: dict[str, dict[int, float]] = {"head": {}, "called": {}, "scope": {}}
        for number in candidates:
            path = self.index.paths[number]
            found["head"][number] = _share_in(PurePosixPath(path).name, self.heads)
            bare, stem = self.index.subject_stems[number], self.index.stems[number]
            is_whole = PurePosixPath(path).name.lower() in whole_words
            is_named = len(stem) > SHORT_NAME and bool({stem, bare} & words)
            found["called"][number] = 2.0 if is_whole else float(is_named)
            if scope:
                found["scope"][number] = len(scope & counted(path).keys()) / len(scope)
        return {
            kind: {n: value for n, value in each.items() if value} for kind, each in found.items()
        }

    def _asking(self) -> dict[str, float]:
        """Return what the goal and the repository are like."""
        return {
            "files": log(1 + len(self.index.paths)),
            "commits": log(1 + len(self.index.past.changes)),
            "asked_terms": float(len(self.terms)),
            "asked_names": float(len(self.names)),
            "asks_tests": float(bool(_TESTS.search(self.goal))),
            "asks_documents": float(bool(_DOCUMENTS.search(self.goal))),
            "asks_release": float(bool(_RELEASES.search(self.goal))),
            **self.index.habits,
        }


def block_score(block: Block, weights: Mapping[str, float], mean: float) -> float:
    """Return how well a block answers words of such weights, by BM25."""
    norm = SATURATION * (0.25 + 0.75 * block.length / (mean or 1.0))
    return sum(
        weight * block.counts[term] * (SATURATION + 1) / (block.counts[term] + norm)
        for term, weight in weights.items()
        if term in block.counts
    )


def _informative(index: Index, terms: dict[str, int]) -> dict[str, int]:
    """Leave out what stands everywhere, unless nothing else that is asked stands anywhere."""
    found = {term: count for term, count in terms.items() if term not in index.everywhere}
    return found if any(map(index.has, found)) else terms


def _identifiers(text: str) -> list[str]:
    """Return the identifiers that a goal writes out, at most `NAMES_MAX`."""
    names: dict[str, None] = {}
    for written in written_names(text):
        for part in re.split(r"[^\w]+", written):
            if len(part) > 2 and not part.isdigit():
                names[part] = None
    names |= dict.fromkeys(re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", text))
    return list(names)[:NAMES_MAX]


def _holders(index: Index, name: str) -> dict[int, int]:
    """Return the files in which an identifier stands, and how often."""
    terms = counted(name)
    if len(terms) == 1 and name.islower():
        return dict(index.text.holding(next(iter(terms))))
    found = {}
    for number in index.with_all(terms):
        count = index.text_of(number).count(name)
        if count:
            found[number] = count
    return found


def phrases_of(text: str) -> list[str]:
    """Return the runs of words of a goal that a file may hold as they are, in lower case."""
    found: dict[str, None] = {}
    for line in text.lower().split("\n"):
        words = _PROSE.findall(line)
        for start in range(len(words) - PHRASE_WORDS + 1):
            found[" ".join(words[start : start + PHRASE_WORDS])] = None
    return list(found)[:PHRASES_MAX]


def _precedents(
    index: Index, examples: Sequence[Example], terms: Mapping[str, int]
) -> dict[str, Figures]:
    """Measure, for each file, what the commits most like the goal that changed it say."""
    ideal = index.past.ideal(terms) or 1.0
    best: dict[int, float] = {}
    sums: dict[int, float] = {}
    few: dict[int, float] = {}
    for place, example in enumerate(examples):
        files = index.past.files[example.number]
        strength = example.strength / ideal
        for number in files:
            best[number] = max(best.get(number, 0.0), strength)
            sums[number] = sums.get(number, 0.0) + strength**2 / len(files) ** 0.5
            if place < FEW:
                few[number] = few.get(number, 0.0) + strength / len(files) ** 0.5
    return {"similar": best, "precedents": sums, "nearest": few}


def _exact(index: Index, names: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return the files that are named, or that define what is named."""
    found: dict[int, list[str]] = {}
    for number, path in enumerate(index.paths):
        if mine := [name for name in names if is_called(path, name)]:
            found[number] = mine
    for whole in names:
        last = re.split(r"[.:#]+", whole)[-1].strip("()")
        if len(last) < NAME_LENGTH_MIN:
            continue
        homes = [number for number in range(len(index.paths)) if index.defines_in(number, last)]
        for number in homes if len(homes) <= DEFINERS_MAX else ():
            found.setdefault(number, []).append(whole)
    return {number: tuple(dict.fromkeys(found[number])) for number in sorted(found)}


def is_called(path: str, name: str) -> bool:
    """Whether a goal that writes `name` names the file at `path`.

    A plain word such as `rubocop` names no program of that name in some folder.
    """
    if path == name:
        return True
    is_word = name.islower() and name.isalnum()
    return not is_word and path.endswith("/" + name)


def _in_words(index: Index, subject: str) -> dict[int, tuple[str, ...]]:
    """Return the file whose whole name the first line of a goal says, word by word.

    “x86_64 Assembly … sublime syntax” is `Assembly (x86_64).sublime-syntax`; a name of fewer than
    `NAMED_WORDS_MIN` words, or that several files have, is none.
    """
    words = set(_NAME_WORDS.findall(subject.lower()))
    found = [
        number
        for number, path in enumerate(index.paths)
        if len(own := _words_of_name(path)) >= NAMED_WORDS_MIN and own <= words
    ]
    return {n: (PurePosixPath(index.paths[n]).name,) for n in found} if len(found) == 1 else {}


@lru_cache(maxsize=200_000)
def _words_of_name(path: str) -> frozenset[str]:
    """Return the words of a file's name; a usual ending such as `.py` is none."""
    pure = PurePosixPath(path)
    name = pure.stem if len(pure.suffix) <= SUFFIX_LENGTH_MAX else pure.name
    return frozenset(_NAME_WORDS.findall(name.lower()))


def _is_file(index: Index, number: int, names: Sequence[str]) -> bool:
    return any(is_called(index.paths[number], name) for name in names)


def _share_in(name: str, heads: frozenset[str]) -> float:
    """Return how many of the words that name the thing stand in the name of a file."""
    return len(heads & counted(name).keys()) / len(heads) if heads else 0.0


def _rarity(literals: Mapping[int, Sequence[str]], size: int) -> dict[int, float]:
    """Return what each file's quoted texts say: one that stands in few files says more."""
    holders: dict[str, int] = {}
    for texts in literals.values():
        for text in texts:
            holders[text] = holders.get(text, 0) + 1
    return {
        number: sum(log(1 + size / holders[text]) for text in texts)
        for number, texts in literals.items()
    }


def _sums(figures: Mapping[str, Figures], weights: Mapping[str, float]) -> dict[int, float]:
    """Add up measures, each as a share of its best figure."""
    found: dict[int, float] = {}
    for kind, weight in weights.items():
        best = max(figures[kind].values(), default=0.0)
        for number, value in figures[kind].items():
            if best:
                found[number] = found.get(number, 0.0) + weight * value / best
    return found


def _tied(
    leaders: Sequence[int], strength: Figures, ties: Callable[[int], Mapping[int, float]]
) -> dict[int, float]:
    """Return what each file gains from the leaders it is tied to, the strongest ones most."""
    found: dict[int, float] = {}
    for leader in leaders:
        for other, tie in ties(leader).items():
            found[other] = found.get(other, 0.0) + tie * strength[leader]
    return found


def _with_best(index: Index, best: Iterable[int]) -> dict[int, float]:
    """Return in which share of the changes of one of the best files each file changed as well."""
    found: dict[int, float] = {}
    for leader in best:
        for other, share in index.past.together[leader].items():
            found[other] = max(found.get(other, 0.0), share)
    return found


def _standing(index: Index, candidates: Iterable[int]) -> Mapping[str, Figures]:
    """Measure what is so whatever is asked: what part a file plays, and how often it changes."""
    past = index.past
    found: dict[str, dict[int, float]] = {}
    for number in candidates:
        file = index.files[number]
        own = {
            **index.roles(number),
            "habit": past.habits[number],
            "changes": log1p(past.counts[number]),
            "recent": log1p(past.recent[number]),
            "rest": log1p(past.rest[number]),
            "depth": float(file.path.count("/")),
            "size": log1p(index.facts[number].length),
            "main_language": float(file.language == index.main_language),
        }
        for kind, value in own.items():
            if value:
                found.setdefault(kind, {})[number] = value
    return found
