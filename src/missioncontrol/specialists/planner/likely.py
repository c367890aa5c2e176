"""Where the work for each requirement will be: the files that will most likely change, and why."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.domain.estimates import Knower, Likely, LikelyFile
from missioncontrol.specialists.planner.draft import Part
from missioncontrol.specialists.planner.first_page import NAMED
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.outside import dependency_files
from missioncontrol.specialists.planner.papers import documents_for, home_of, speaks_of_comments
from missioncontrol.specialists.planner.places import OF_ITS_OWN, is_vague, text_of_main
from missioncontrol.specialists.planner.precedents import precedents
from missioncontrol.specialists.planner.source import called, holds_tests
from missioncontrol.specialists.planner.subject import search_text
from missioncontrol.specialists.planner.tracing import steps, with_trace
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import expected_set, ranked, ranking
from missioncontrol.specialists.relevance import SHARE_MIN, as_likely

FILES_MAX = 10
LOOKED_AT = 60
TESTS_MAX = 3
IMPORT_SHARE = 0.8
"""What a file that imports a dependency counts for beside the manifest that declares it."""
BESIDE = {"tests": ("test",), "documentation": ("document",)}
"""Work beside the code: of what kinds of files it changes some, and no other."""
PLAUSIBLE_MIN, SURE_MIN = 0.1, 0.5
"""Chances from which on a file of the main ask, or of another one alone, is expected to change."""
TOGETHER_MIN = 0.15
"""A test that changed in this share of a file's changes has to do with it."""
SELDOM_MIN = 0.05
"""The same where nothing else tells of a test: one file may test a whole program."""


_STYLES = re.compile(r"(?i)\.(?:css|scss|sass|less|styl)$")
"""Files that no test is named after, whatever they are called."""
_TESTS_FOLDER = re.compile(r"(?i)_*(?:tests?|specs?|unit|src|java|kotlin)_*")


def likely_files(ground: Ground, parts: Sequence[Part]) -> tuple[Likely, ...]:
    """Return, for each requirement, the files that it will most likely change.

    A requirement whose words stand nowhere has none; then the plan has no entry about it.
    """
    index = ground.index
    if index is None:
        return ()
    found = ((part, tuple(_files(ground, index, part))) for part in parts)
    how = _obtained(index)
    return tuple(
        Likely(part.id, files, how, precedents(index, _search_words(ground, part)))
        for part, files in found
        if files
    )


def _files(ground: Ground, index: Index, part: Part) -> Iterator[LikelyFile]:
    if "format_only" in part.facts:
        for number, each in enumerate(part.places):
            share = 1.0 - number / 100
            yield _known(index, LikelyFile(each.path, share, each.reasons, (), is_expected=True))
        return
    yield from _ranked_files(ground, index, part)


def _ranked_files(ground: Ground, index: Index, part: Part) -> Iterator[LikelyFile]:
    if part.kinds[0] == "dependency" and (uses := dependency_files(ground, part.ask.text)):
        yield from (_known(index, each) for each in _users_first(uses))
        return
    if part.kinds[0] == "release-check" or "facet" in part.facts:
        return
    if part.kinds[0] in OF_ITS_OWN and not part.places:
        return
    if (home := home_of(part)) and part.ask.aside == "documentation":
        yield _known(index, LikelyFile(home, 1.0, part.places[0].reasons, (), is_expected=True))
        return
    beside: tuple[str, ...] = BESIDE.get(part.kinds[0], ())
    if beside == ("test",) and index.has_past and part.ask is ground.goal.main:
        beside = ()  # The past tells whether such a goal changes tests alone.
    if beside == ("document",) and speaks_of_comments(part.ask.text):
        beside = ("code", "test")  # Where comments stand.
    fits = _fitting(ground, index, part)
    if beside == ("document",):
        best = documents_for(index, _search_words(ground, part), limit=LOOKED_AT)
    else:
        best = ranked(index, _search_words(ground, part), limit=LOOKED_AT, kinds=beside)
    if not any(each.is_sure for each in best[:FILES_MAX]):
        return
    known = as_likely(best)
    best_set = _best_set(known)
    files = [
        msgspec.structs.replace(each, is_expected=fits(each.path in best_set, each))
        for each in known
        if each.path in best_set or each.share >= SHARE_MIN or fits(False, each)
    ]
    files = _with_place(part, files, known)[:FILES_MAX]
    for file in with_trace(ground, files) if part.kinds[0] == "bug-fix" else files:
        yield _known(index, file)


def _best_set(files: Sequence[LikelyFile]) -> set[str]:
    """Return the first file and those whose naming makes the expected F1 largest."""
    by_chance = sorted(files, key=lambda each: -each.chance)
    count = expected_set([each.chance for each in by_chance])
    return {each.path for each in [*files[:1], *by_chance[:count]]}


def _fitting(ground: Ground, index: Index, part: Part) -> Callable[[bool, LikelyFile], bool]:
    """Return whether a file is expected to change, given whether it is in the best set.

    For a part beside the main ask it has to be surer. Without a past, words alone bring in no file
    where the goal names what others define; those others are expected.
    """
    if part.ask is ground.goal.main:
        evidence = ranking(index, _search_words(ground, part)).evidence
        named = {*evidence.exact, *evidence.figures["defined"]}
        if index.has_past or not named:
            return lambda is_best, _: is_best
        paths = {index.paths[n] for n in named}
        tied = paths | {index.paths[other] for n in named for other in index.imports[n]}
        tied |= {path for path, arrows in ground.arrows.items() if tied.intersection(arrows)}
        tied |= {test for n in named for test in tests_of(index, n)}
        return lambda is_best, file: file.path in (tied if is_best else paths)
    whole = ranked(index, text_of_main(ground), limit=LOOKED_AT)
    known = {each.path for each in whole if each.chance >= PLAUSIBLE_MIN}
    own = _named_place(part)
    return lambda is_best, file: (
        (is_best and (file.chance >= SURE_MIN or file.path in known)) or file.path == own
    )


def _named_place(part: Part) -> str:
    """Return where a detail of the main ask lies, if it names what is defined there."""
    first = next(iter(part.places), None)
    named = first is not None and first.reasons and first.reasons[0].endswith(NAMED)
    return first.path if first is not None and named and part.ask.is_property else ""


def _users_first(uses: Sequence[tuple[str, str]]) -> list[LikelyFile]:
    """Return the manifest of a dependency and the files that import it: what an upgrade reaches."""
    shares = [1.0, *(max(IMPORT_SHARE - number / 100, SHARE_MIN) for number in range(len(uses)))]
    return [
        LikelyFile(path, share, (why,), (), is_expected=True)
        for (path, why), share in zip(uses[:FILES_MAX], shares, strict=False)
    ]


def _with_place(
    part: Part, files: list[LikelyFile], known: Sequence[LikelyFile]
) -> list[LikelyFile]:
    """Add the file where the plan begins to those that it foresees."""
    path = part.places[0].path if part.places else ""
    if not path or any(each.path == path for each in files[:FILES_MAX]):
        return files
    own = next((each for each in known if each.path == path), None)
    reasons = own.reasons if own else part.places[0].reasons
    spots = own.spots if own else ()
    limited = files[: FILES_MAX - 1]
    chance = own.chance if own else 0.0
    share = min(own.share if own else SHARE_MIN, limited[-1].share if limited else 1.0)
    sure = path == _named_place(part)
    return [
        *limited,
        LikelyFile(path, share, tuple(reasons), spots, chance=chance, is_expected=sure),
    ]


def _search_words(ground: Ground, part: Part) -> str:
    """Return the words to look for: what leans on the main ask is looked for with its words."""
    ask, main = part.ask, ground.goal.main
    if ask is main:
        return "\n".join([text_of_main(ground), *(step.path for step in steps(ground))])
    texts = [search_text(ask), *ask.because]
    if ask is not main and (ask.refers_back or ask.is_property or is_vague(ground, ask)):
        texts = [search_text(main), *main.because, *texts]
    if part.kinds[0] == "bug-fix":
        texts += [step.path for step in steps(ground)]
    return "\n".join(texts)


def _known(index: Index, file: LikelyFile) -> LikelyFile:
    """Add what tests a file, and who knows it."""
    number = index.numbers.get(file.path)
    if number is None:
        return file
    is_code = index.files[number].kind == "code" and not _STYLES.search(file.path)
    return msgspec.structs.replace(
        file,
        tests=tuple(tests_of(index, number)) if is_code else (),
        knowers=tuple(Knower(name, count) for name, count in index.past.knowers(number)),
    )


def tests_of(index: Index, number: int) -> list[str]:
    """Return the tests of a code file: by its name, by what changed with it, by what they import.

    Tests that are surest come first, at most `TESTS_MAX`.
    """
    stem = called(index.paths[number]).rstrip("s")
    named = re.compile(rf"(?:^|[_.-]){re.escape(stem)}s?(?:$|[_.-])", re.IGNORECASE)
    together = index.past.together[number]
    folders = set(PurePosixPath(index.paths[number]).parts[:-1])
    found: list[tuple[float, str]] = []
    seldom: list[tuple[float, str]] = []
    for other, file in enumerate(index.files):
        if file.kind != "test" or not holds_tests(file.path, index.tree.text(file.path) or ""):
            continue
        share = together.get(other, 0.0)
        by_name = other in index.tested_by[number] or bool(
            stem and named.search(PurePosixPath(file.path).stem)
        )
        strength = by_name * (0.5 + 1.5 * _is_near(folders, file.path))
        strength += share * (share >= TOGETHER_MIN)
        strength += 0.6 * (number in index.imports[other])
        if strength:
            found.append((-strength, file.path))
        elif share >= SELDOM_MIN:
            seldom.append((-share, file.path))
    return [path for _, path in sorted(found)[:TESTS_MAX] or sorted(seldom)[:1]]


def _is_near(folders: set[str], test: str) -> bool:
    """Whether no folder of a test is another one than those of its namesake, but for tests'."""
    own = PurePosixPath(test).parts[:-1]
    return all(each in folders or _TESTS_FOLDER.fullmatch(each) for each in own)


def _obtained(index: Index) -> str:
    commits = len(index.past.changes)
    past = f" and of {commits:,} commits" if index.has_past else ""
    more = f"; {index.left_out:,} files were not searched" if index.left_out else ""
    return (
        f"ranked without a model, by the words of the requirement in the texts, paths and "
        f"definitions of {len(index.files):,} files{past}{more}"
    )
