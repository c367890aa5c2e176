"""What speaks for each file of an index when something is asked: one figure a kind of evidence."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.heading import head_stems
from missioncontrol.specialists.literal import exact_names
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.past import Example
from missioncontrol.specialists.ranking.terms import asked, counted, spelt, title

LEADERS = 5
"""Files that answer best by words; what is tied to them by history or imports gains from it."""
NAME_LENGTH_MIN = 5
HEAD_FACTOR = 2.0
"""What a word that names the thing counts for beside one that only says more about it."""
_DOCUMENTS = re.compile(r"(?i)\bdoc(?:s|ument\w*)?\b|\breadme\b|\btypos?\b|\btutorial|\bguide\b")
_TESTS = re.compile(r"(?i)\btest|\bcoverage\b|\bflaky\b")
_RELEASES = re.compile(r"(?i)\brelease|\bversion|\bbump\b")
_CHANGE_LOG = re.compile(r"(?i)(^|/)(changes|changelog|history|news|release[-_]?notes)[^/]*$")
_ASIDE = re.compile(r"(?i)(?:examples?|samples?|demos?|docs?|bench(?:marks?)?|scripts|tools)/")
"""Code beside the product."""
_CONTRIB = re.compile(r"(?i)(?:^|/)contrib/")
"""Integrations with something else."""
_STEP = re.compile(r"(?i)(?:^|/)(?:future_)?migrations?/[^/]*\d")
"""Numbered migrations tell what was done once; new work adds one and edits none."""
_HOST = re.compile(r"(?i)^\.(?:github|gitlab|gitea|circleci)/")
"""What a code host reads: forms for issues, checks of changes."""
_HOSTING = re.compile(
    r"(?i)\b(?:git(?:hub|lab)|c[id]|actions?|workflows?|pipelines?|(?:issue|pull[ -]request)s?)\b"
)
_VERSION_FILE = re.compile(
    r"(?i)(^|/)(?:_*version_*|__init__|__about__)\.\w+$|pyproject|package\.json"
)

Figures = list[float]


class Evidence(msgspec.Struct, frozen=True):
    """What speaks for each file; each list has one figure a file, 0 to 1."""

    figures: Mapping[str, Figures]
    terms: Mapping[str, int]  # stem → times in the ask
    spelt: Mapping[str, str]  # stem → the word as the ask has it
    exact: Mapping[int, tuple[str, ...]]  # file → names of the ask that it is or defines
    examples: Sequence[Example]  # past commits like the ask
    leaders: Sequence[int]  # files best by their words


def gathered(index: Index, text: str) -> Evidence:
    """Look up everything that the index knows about an ask."""
    terms = _telling(index, asked(text))
    first = {term: count for term, count in asked(title(text)).items() if term in terms}
    heads = head_stems(title(text)) & terms.keys()
    factors = dict.fromkeys(heads, HEAD_FACTOR)
    examples = index.past.examples(terms)
    exact = _exact(index, exact_names(text))
    size = len(index.files)
    figures = {
        "text": _whole(index.text.scores(terms), size),
        "text_title": _whole(index.text.scores(first, factors), size),
        "path": _whole(index.path.scores(terms), size),
        "names": _whole(index.names.scores(first, factors), size),
        "messages": _whole(index.past.said.scores(terms), size, index.past.said.ideal(terms)),
        "similar": _whole(_similar(index, examples), size, index.past.ideal(terms)),
    }
    leaders = _leaders(figures, len(index.files))
    figures["habit"] = _scaled(index.past.habits)
    figures["named"] = _whole({n: 1.0 for n in exact if _is_file(index, n, exact[n])}, size)
    figures["exact"] = _whole({n: 1.0 for n in exact if not figures["named"][n]}, size)
    figures["head"] = [_share_in(PurePosixPath(path).name, heads) for path in index.paths]
    figures["together"] = _tied(index, leaders, lambda n: index.past.together[n])
    figures["tests"] = _tied(index, leaders, lambda n: dict.fromkeys(index.tested_by[n], 1.0))
    figures |= _by_kind(index, text)
    return Evidence(figures, terms, spelt(text), exact, examples, leaders)


def _telling(index: Index, terms: dict[str, int]) -> dict[str, int]:
    """Leave out what stands everywhere, unless nothing else that is asked stands anywhere."""
    found = {term: count for term, count in terms.items() if term not in index.everywhere}
    return found if any(map(index.has, found)) else terms


def _similar(index: Index, examples: Iterable[Example]) -> dict[int, float]:
    """Return, for each file, how much the commit most like the ask that changed it says."""
    found: dict[int, float] = {}
    for example in examples:
        files = index.past.files[example.number]
        strength = example.strength / len(files) ** 0.3
        for number in files:
            found[number] = max(found.get(number, 0.0), strength)
    return found


def _exact(index: Index, names: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return the files that are named, or that define what is named."""
    found: dict[int, tuple[str, ...]] = {}
    last = {re.split(r"[.:#]+", name)[-1].strip("()"): name for name in names}
    for number, (path, facts) in enumerate(zip(index.paths, index.facts, strict=True)):
        mine = [name for name in names if path == name or path.endswith("/" + name)]
        mine += [
            last[name] for name, _ in facts.names if name in last and len(name) >= NAME_LENGTH_MIN
        ]
        if mine:
            found[number] = tuple(dict.fromkeys(mine))
    return found


def _is_file(index: Index, number: int, names: Sequence[str]) -> bool:
    path = index.paths[number]
    return any(path == name or path.endswith("/" + name) for name in names)


def _share_in(name: str, heads: frozenset[str]) -> float:
    """Return how many of the words that name the thing stand in the name of a file."""
    return len(heads & counted(name).keys()) / len(heads) if heads else 0.0


def _leaders(figures: Mapping[str, Figures], size: int) -> list[int]:
    words = ("text", "path", "names", "similar")
    sums = [sum(figures[kind][number] for kind in words) for number in range(size)]
    best = sorted((n for n in range(size) if sums[n] > 0), key=lambda n: (-sums[n], n))
    return best[:LEADERS]


def _tied(
    index: Index, leaders: Sequence[int], ties: Callable[[int], Mapping[int, float]]
) -> Figures:
    """Return what each file gains from the leaders it is tied to, the first ones most."""
    found: dict[int, float] = {}
    for place, leader in enumerate(leaders):
        for other, strength in ties(leader).items():
            found[other] = found.get(other, 0.0) + strength / (1 + place)
    return _whole(found, len(index.files))


def _by_kind(index: Index, text: str) -> dict[str, Figures]:
    """Say what each file is, and whether the ask speaks of such files."""
    kinds = [file.kind for file in index.files]
    logs = [_CHANGE_LOG.search(path) is not None for path in index.paths]
    versions = [_VERSION_FILE.search(path) is not None for path in index.paths]
    documents, tests = bool(_DOCUMENTS.search(text)), bool(_TESTS.search(text))
    releases = bool(_RELEASES.search(text))
    return {
        "is_test": [float(kind == "test") for kind in kinds],
        "is_configuration": [float(kind in {"configuration", "data"}) for kind in kinds],
        "is_change_log": [float(each) for each in logs],
        "is_aside": [
            float(kind == "code" and _ASIDE.match(path) is not None)
            for path, kind in zip(index.paths, kinds, strict=True)
        ],
        "is_contrib": [float(_CONTRIB.search(path) is not None) for path in index.paths],
        "is_host": [
            float(_HOST.search(path) is not None and not _HOSTING.search(text))
            for path in index.paths
        ],
        "is_step": [float(_STEP.search(path) is not None) for path in index.paths],
        "is_document": [float(kind == "document") for kind in kinds],
        "asked_test": [float(tests and kind == "test") for kind in kinds],
        "asked_document": [float(documents and kind == "document") for kind in kinds],
        "asked_version": [float(releases and each) for each in versions],
        "asked_change_log": [float(releases and each) for each in logs],
    }


def _whole(scores: Mapping[int, float], size: int, ideal: float = 0.0) -> Figures:
    """Return one figure a file: its share of the best score, or of the `ideal` where that is more.

    What little the past says about an ask that is new to it must not be taken for much.
    """
    most = max(*scores.values(), ideal) if scores else 1.0
    found = [0.0] * size
    for number, score in scores.items():
        found[number] = score / most
    return found


def _scaled(figures: Sequence[float]) -> Figures:
    most = max(figures, default=0.0) or 1.0
    return [figure / most for figure in figures]
