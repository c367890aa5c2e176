"""What to write: the lines that the goal speaks of, lines of a change like it, a test like it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from missioncontrol.domain.estimates import Precedent
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.first_page import NAMED
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.planner.source import Place
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.recent import added_lines
from missioncontrol.specialists.ranking.telling import TellingLine, homes, lines_in
from missioncontrol.specialists.ranking.terms import counted, goal_stems, title

LINE_MAX, LINES_MAX, RUNS_MAX, RUN_FILES_MAX = 90, 4, 2, 3
PATTERNS_MAX = 4
SHARED_MIN = 2
"""Words that the title of a merged change shares with the goal, whose lines are its pattern."""
ADDING = frozenset({"feature", "tests", "release", "dependency", "migration", "typing"})
"""Work that goes the way of a change like it."""
GAP_MAX = 2
"""Lines that may be missing inside of what a commit wrote in one place."""
_LISTED = re.compile(
    r"^(?:import|from|use|using|require|export|__all__|#include|package|module\.exports)\b"
)
"""Lines that pass a name on, and do nothing with it."""
_PROSE = re.compile(r"^(?://|/\*|\*|#(?!\[|include|define|if|end)|--|<!--|\"\"\"|''')")
_TEST_NAME = re.compile(r"(?i)^(?:test|it|should|spec)|test$|_test")
_QUIET = frozenset({"add", "fix", "feat", "test", "docs", "use", "support", "new", "allow", "doc"})


def pattern_facts(
    ground: Ground, ask: Ask, kind: str, places: Sequence[Place], precedents: Sequence[Precedent]
) -> dict[str, str]:
    """Return what the sentences about the lines of a change are filled with, of the main ask."""
    index = ground.index
    if index is None or ask is not ground.goal.main or not places:
        return {}
    facts = _lines_named(index, ask, places)
    if kind in ADDING:
        facts |= _written_before(ground, index, ask, places, precedents)
    return facts | _test_like(index, ask, places)


def _lines_named(index: Index, ask: Ask, places: Sequence[Place]) -> dict[str, str]:
    """Return the lines in which the names of the goal stand: in few files, or else in the first.

    One line of a file will do, but for the file where the work begins.
    """
    numbers = [index.numbers[p.path] for p in places[:1] if p.path in index.numbers]
    few = [n for own in homes(index, ask.text).values() for n in own if len(own) <= LINES_MAX]
    found: list[str] = []
    for number in dict.fromkeys([*numbers, *few]):
        lines = lines_in(index, ask.text, number)
        code = [each for each in lines if not _PROSE.match(each.text)] or lines
        code = [each for each in code if not _LISTED.match(each.text)] or code
        if number in numbers and places[0].reasons[:1] and places[0].reasons[0].endswith(NAMED):
            code = [each for each in code if not each.defines]  # The page names the definition.
        most = 2 if number in numbers else 1
        found += [_quoted(index.paths[number], each) for each in _apart(code)[:most]]
    return {"quoted_at": listed(found[:LINES_MAX])} if found else {}


def _apart(lines: Sequence[TellingLine]) -> list[TellingLine]:
    """Return the best lines, none of them weaker by far and none right beside another one."""
    chosen: list[TellingLine] = []
    for each in lines:
        near = any(abs(each.number - other.number) < 3 for other in chosen)
        if not near and each.score >= 0.7 * lines[0].score:
            chosen.append(each)
    return chosen


def _quoted(path: str, line: TellingLine) -> str:
    text = shortened(line.text.replace("`", "'"), LINE_MAX)
    return f"`{path}:{line.number}` (`{text}`)"


def _written_before(
    ground: Ground, index: Index, ask: Ask, places: Sequence[Place], precedents: Sequence[Precedent]
) -> dict[str, str]:
    """Return where the lines of the change most like this one stand now."""
    wanted = goal_stems(title(ask.text)).keys() - _QUIET
    alike = [
        (sum(map(index.text.weight, shared)), each)
        for each in precedents
        for shared in [wanted & counted(each.title).keys()]
        if places[0].path in each.files and len(shared) >= SHARED_MIN
    ]
    if not alike or ground.tree is None:
        return {}
    each = max(alike, key=lambda one: one[0])[1]
    paths = sorted(each.files, key=lambda path: path != places[0].path)[:RUN_FILES_MAX]
    written = added_lines(ground.tree.root, [each.commit], paths)
    added = {path: lines for (_, path), lines in written.items()}
    runs = [run for path in paths for run in _standing(index, path, added.get(path, ()))]
    if not runs:
        return {}
    return {
        "pattern_of": f"“{each.title}” ({each.commit})",
        "pattern_at": listed(runs[:PATTERNS_MAX]),
    }


def _standing(index: Index, path: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield the longest runs of lines that a commit wrote and that still stand in a file."""
    if path not in index.numbers or not lines:
        return
    written = {line for line in lines if len(line) > 3}
    rows = [row.strip() for row in index.text_of(index.numbers[path]).split("\n")]
    runs: list[tuple[int, int]] = []
    for at, row in enumerate(rows, 1):
        if row not in written or rows.count(row) > GAP_MAX:
            continue
        if runs and at - runs[-1][1] <= GAP_MAX + 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    longest = sorted(runs, key=lambda run: run[0] - run[1])[:RUNS_MAX]
    for start, end in sorted(longest):
        if _LISTED.match(rows[start - 1]) and start == end:
            continue
        texts = [row for row in rows[start - 1 : end] if row and not _PROSE.match(row)]
        text = shortened(next(iter(texts), rows[start - 1]).replace("`", "'"), LINE_MAX)
        yield f"`{path}:{start}{f'-{end}' if end > start else ''}` (`{text}`)"


def _test_like(index: Index, ask: Ask, places: Sequence[Place]) -> dict[str, str]:
    """Return the test whose name and text say most of the goal, in the file of the tests."""
    test = next((path for place in places[:1] for path in place.tests), "")
    number = index.numbers.get(test)
    if number is None:
        return {}
    wanted = goal_stems(title(ask.text)).keys() - _QUIET - counted(PurePosixPath(test).stem).keys()
    names = [(name, line) for name, line in index.facts[number].names if _TEST_NAME.search(name)]
    scored = [
        (sum(index.text.weight(term) for term in wanted & counted(name).keys()), -line, name)
        for name, line in names
    ]
    best = max(scored, default=(0.0, 0, ""))
    if best[0] <= 0:
        return {}
    return {"test_like": f"`{best[2]}` (`{test}:{-best[1]}`)"}
