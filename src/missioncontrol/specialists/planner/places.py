"""Which files of the repository an ask is about."""

import re
from collections.abc import Iterable, Sequence

from missioncontrol.specialists.planner.goal import Ask
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.source import ASIDE, Place
from missioncontrol.specialists.planner.subject import (
    subject_text,
)
from missioncontrol.specialists.relevance import Relevant, exact_names, is_file_name
from missioncontrol.specialists.words import stem, telling_words

PLACES_MAX = 5


MENTIONS_MIN = 10
SCORE_SHARE_MIN = 0.3
"""A file this much less relevant than the best one is not named as a place of the change."""


SEAM_KINDS = frozenset({"feature", "migration", "new-service"})
"""Work that may add an implementation, so what is meant to be implemented is shown first."""


_COMMON = {
    stem(word)
    for word in [
        "test",
        "tests",
        "unit",
        "integration",
        "regression",
        "docs",
        "documentation",
        "document",
        "docstring",
        "readme",
        "changelog",
        "example",
        "guide",
        "behaviour",
        "behavior",
        "functionality",
        "feature",
        "fix",
        "change",
        "result",
        "note",
        "page",
    ]
}
"""Words that name a kind of file and not what it is about."""


def places_for(ground: Ground, ask: Ask, kind: str, main: Sequence[Place]) -> list[Place]:
    """Return the files that an ask is about; one that leans on the main ask inherits its places."""
    if ground.ranking is None or ground.sources is None:
        return []
    wanted = {"tests": ("test",), "documentation": ("document",)}.get(
        kind, ("code", "configuration")
    )
    text = subject_text(ask)
    stems = {stem(term) for term in ground.ranking.terms}
    terms = [word for word in telling_words(text) if stem(word) in stems]
    if kind == "removal" and (floor := _floor_place(ground, ask)):
        return floor
    found = ground.ranking.rank(text, limit=PLACES_MAX, kinds=wanted)
    found = _worthwhile(found, terms, kind)
    if (
        kind in {"tests", "documentation"}
        and main
        and not exact_names(ask.text)
        and (not found or is_vague(ground, ask))
    ):
        return _beside(ground, kind, main)
    if kind not in {"dependency", "release", "tests", "documentation"}:
        found = [each for each in found if _is_code(ground, each.path)] or found
    if not found or (ask.refers_back and not exact_names(ask.text)):
        return list(main) or _as_places(ground, found, terms, seam_first=kind in SEAM_KINDS)
    return _as_places(ground, found, terms, seam_first=kind in SEAM_KINDS)


def new_names(ground: Ground, ask: Ask) -> list[str]:
    """Return identifiers that the ask names and that stand nowhere in the code yet."""
    if ground.ranking is None:
        return []
    known = {reason.split("`")[1] for read in ground.ranking.reads for reason in read.exact}
    return [
        name
        for name in exact_names(ask.text)
        if name not in known and name[0].isalpha() and "-" not in name and not is_file_name(name)
    ]


def is_vague(ground: Ground, ask: Ask) -> bool:
    """Whether an ask such as “add a regression test” is about what the main ask is about."""
    if ask is ground.goal.main:
        return False
    text = subject_text(ask)
    for name in exact_names(text):
        text = text.replace(name, " ")
    own = {stem(word) for word in telling_words(text)} - _COMMON
    return ask.refers_back or not own


def _beside(ground: Ground, kind: str, main: Sequence[Place]) -> list[Place]:
    """Return the tests or documents that go with the main place; perhaps there are none."""
    assert ground.sources is not None
    found = main[0].tests if kind == "tests" else [each.split(":")[0] for each in main[0].documents]
    reasons = (f"goes with `{main[0].path}`",)
    return [ground.sources.place(path, reasons, ()) for path in dict.fromkeys(found)]


def _floor_place(ground: Ground, ask: Ask) -> list[Place]:
    """Return the manifest where the ask is about the oldest version of a language."""
    assert ground.sources is not None
    for runtime in ground.stack.runtimes if ground.stack else ():
        if re.search(rf"(?i)\b{re.escape(runtime.language)}\s+v?\d", ask.text):
            reason = f"line {runtime.line} asks for {runtime.language} {runtime.requirement}"
            return [ground.sources.place(runtime.manifest, (reason,), ())]
    return []


def _is_code(ground: Ground, path: str) -> bool:
    file = ground.tree.file(path) if ground.tree else None
    return file is not None and file.kind == "code"


def _as_places(
    ground: Ground, found: Iterable[Relevant], terms: Sequence[str], *, seam_first: bool
) -> list[Place]:
    assert ground.sources is not None
    return [
        ground.sources.place(each.path, each.reasons, terms, seam_first=seam_first)
        for each in found
    ]


def _worthwhile(found: list[Relevant], terms: Sequence[str], kind: str) -> list[Relevant]:
    """Keep what is not far behind the best; a few mentions of one common word are no place."""
    if not found or not _is_telling(found[0]):
        return []
    return [
        each
        for each in found
        if each.score >= max(SCORE_SHARE_MIN * found[0].score, 1.0 if len(terms) > 1 else 0.0)
        and (each is found[0] or kind in {"tests", "documentation"} or not ASIDE.match(each.path))
    ]


def _is_telling(best: Relevant) -> bool:
    """Whether a name speaks for the file, or at least two words, or one word very often."""
    said = [reason for reason in best.reasons if reason.startswith("says")]
    often = any(int(count) >= MENTIONS_MIN for count in re.findall(r"(\d+) times", " ".join(said)))
    return len(said) < len(best.reasons) or len(said) > 1 or often
