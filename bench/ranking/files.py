"""The files named for a change beside plain BM25 on paths and text, over four real histories."""

import re
import shutil
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.measure import Measure
from bench.ranking.history import PACKAGES, Case, History, read_history
from missioncontrol.specialists.ranking.facts_cache import FactsCache
from missioncontrol.specialists.ranking.field import Field
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import ranking
from missioncontrol.specialists.tree import read_tree

FIGURES = ("MRR", "hit@1", "hit@5", "hit@10", "recall@10")
TARGETS = {"MRR": 1.35, "hit@5": 0.72}
"""Of the mean over the packages: times that of the reference, and as it is."""
FILES, SECONDS_TARGET = 10_000, 30.0
Rank = Callable[[str], Sequence[str]]


def files(folder: Path) -> Iterator[Measure]:
    """Score the later half of the commits after each release."""
    histories = [read_history(name) for name in PACKAGES]
    ours = {each.name: _scores(each.later, _ours(each)) for each in histories}
    plain = {each.name: _scores(each.later, _plain(each)) for each in histories}
    for figure in FIGURES:
        yield Measure(
            measure=f"ranking.files {figure}",
            value=_mean(ours, figure),
            unit="share",
            reference="BM25 on paths and text",
            reference_value=_mean(plain, figure),
            target=TARGETS.get(figure),
            target_of="value" if figure == "hit@5" else "ratio",
            more={
                name: [round(ours[name][figure], 3), round(plain[name][figure], 3)]
                for name in PACKAGES
            }
            | {"commits": sum(len(each.later) for each in histories)},
        )
    yield from _timed(folder)


def _ours(history: History) -> Rank:
    index = history.index

    def rank(message: str) -> list[str]:
        found = ranking(index, message)
        best = [index.paths[found.evidence.candidates[place]] for place in found.order]
        return [*best, *sorted(set(index.paths) - set(best))]

    return rank


def _plain(history: History) -> Rank:
    """Rank by BM25 (k1 1.2, b 0.75) over the words of path and text, split as identifiers are."""
    index = history.index
    texts = [f"{path}\n{index.tree.text(path) or ''}" for path in index.paths]
    field = Field((Counter(_words(text)) for text in texts), length_share=0.75)

    def rank(message: str) -> list[str]:
        scores = field.scores(dict.fromkeys(_words(message)))
        return sorted(index.paths, key=lambda path: (-scores.get(index.numbers[path], 0.0), path))

    return rank


def _words(text: str) -> list[str]:
    found = re.findall(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|\d+", text)
    return [word.lower() for word in found if len(word) > 1]


def _scores(cases: Sequence[Case], rank: Rank) -> dict[str, float]:
    total = dict.fromkeys(FIGURES, 0.0)
    for case in cases:
        paths = rank(case.message)
        first = next(place for place, path in enumerate(paths, 1) if path in case.changed)
        total["MRR"] += 1 / first
        for limit in (1, 5, 10):
            total[f"hit@{limit}"] += first <= limit
        total["recall@10"] += len(case.changed & set(paths[:10])) / len(case.changed)
    return {figure: total[figure] / len(cases) for figure in FIGURES}


def _mean(scores: dict[str, dict[str, float]], figure: str) -> float:
    return sum(each[figure] for each in scores.values()) / len(scores)


def _timed(folder: Path) -> Iterator[Measure]:
    """Index ten thousand files from scratch, and again when one of them has changed."""
    repository = _large(folder / "large")
    facts = FactsCache(folder / "facts.db")
    begun = time.perf_counter()
    Index(read_tree(repository), cache=facts)
    first = time.perf_counter() - begun
    changed = next(repository.rglob("*.py"))
    changed.write_text(changed.read_text(encoding="utf-8", errors="replace") + "\n# Changed.\n")
    begun = time.perf_counter()
    Index(read_tree(repository), cache=facts)
    second = time.perf_counter() - begun
    yield Measure(
        measure=f"ranking.index {FILES:,} files",
        value=first,
        unit="s",
        reference="again, with one file changed",
        reference_value=second,
        better="lower",
        target=SECONDS_TARGET,
        target_of="value",
    )


def _large(folder: Path) -> Path:
    """Copy the standard library and the installed packages until there are enough files."""
    folder.mkdir()
    sources = sorted(
        path
        for name in ("stdlib", "purelib")
        for path in Path(sysconfig.get_path(name)).rglob("*.py")
        if path.stat().st_size < 100_000
    )
    for number in range(FILES):
        room = folder / f"part{number // 100}"
        room.mkdir(exist_ok=True)
        source = sources[number % len(sources)]
        target = room / f"n{number}_{source.name}"
        shutil.copyfile(source, target)
        if number >= len(sources):
            with target.open("a", encoding="utf-8") as stream:
                stream.write(f"\n# {number}\n")
    return folder
