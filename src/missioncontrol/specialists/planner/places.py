"""Which files of the repository an ask is about."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from missioncontrol.specialists.heading import head_stems
from missioncontrol.specialists.planner import wording
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.imperatives import verbs
from missioncontrol.specialists.planner.source import ASIDE, Place
from missioncontrol.specialists.planner.subject import (
    search_text,
)
from missioncontrol.specialists.relevance import BASE, Relevant, exact_names, is_file_name
from missioncontrol.specialists.symbols import symbols
from missioncontrol.specialists.words import parts, stem, telling_words

PLACES_MAX = 5


MENTIONS_MIN = 10
SCORE_SHARE_MIN = 0.3
"""A file this much less relevant than the best one is not named as a place of the change."""


OF_ITS_KIND = ", beside which others of its kind stand"
"""How the reason ends for a file at which a new thing of its kind begins."""


SEAM_KINDS = frozenset({"feature", "migration", "new-service"})
"""Work that may add an implementation, so what is meant to be implemented is shown first."""


COMMON = {
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
    text = search_text(ask)
    stems = {stem(term) for term in ground.ranking.terms}
    terms = [word for word in telling_words(text) if stem(word) in stems]
    if kind == "removal" and (floor := _floor_place(ground, ask)):
        return floor
    found = ground.ranking.rank(text, limit=PLACES_MAX, kinds=wanted)
    found = _base_first(ground, ask, _worthwhile(found, terms, kind))
    if (
        kind in {"tests", "documentation"}
        and main
        and not exact_names(ask.text)
        and (not found or is_vague(ground, ask))
    ):
        return _beside(ground, kind, main)
    if kind not in {"dependency", "release", "tests", "documentation"}:
        found = [each for each in found if _is_code(ground, each.path)] or found
    if ask.is_property and main and not exact_names(ask.text):
        return list(main)  # How the thing is to be is decided where the thing is.
    if not found or (ask.refers_back and not exact_names(ask.text)):
        return list(main) or _as_places(ground, ask, found, terms, seam_first=kind in SEAM_KINDS)
    return _as_places(ground, ask, found, terms, seam_first=kind in SEAM_KINDS)


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
    text = search_text(ask)
    for name in exact_names(text):
        text = text.replace(name, " ")
    own = {stem(word) for word in telling_words(text)} - COMMON
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
    ground: Ground, ask: Ask, found: Iterable[Relevant], terms: Sequence[str], *, seam_first: bool
) -> list[Place]:
    assert ground.sources is not None
    heads = head_stems(search_text(ask))
    return [
        ground.sources.place(each.path, each.reasons, terms, heads=heads, seam_first=seam_first)
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


def _base_first(ground: Ground, ask: Ask, found: list[Relevant]) -> list[Relevant]:
    """Begin a new thing of a kind at what its kind derives from, where a folder holds them all.

    “Middleware that logs” begins at `middleware/base.py`, not at the middleware most like it.
    """
    assert ground.tree is not None
    heads = head_stems(search_text(ask))
    is_new = not ask.verb or verbs().get(ask.verb) in {"feature", "new-service"}
    if not found or not is_new or wording.MODAL.search(ask.text):
        return found
    folder = PurePosixPath(found[0].path).parent
    named = {stem(part) for part in re.findall(r"[A-Za-z]+", folder.name)} & heads
    if not named:
        return found
    for file in ground.tree.files:
        if PurePosixPath(file.path).parent == folder and BASE.search(file.path):
            own = next((each.reasons for each in found if each.path == file.path), ())
            base = _as_base(ground, file.path, named, found[0].score, own)
            return [*base, *(each for each in found if each.path != file.path)][:PLACES_MAX]
    return found


def _as_base(
    ground: Ground, path: str, named: set[str], score: float, own: Sequence[str]
) -> list[Relevant]:
    """Return the file with the class named as the base of its kind; perhaps there is none."""
    assert ground.tree is not None
    for symbol in symbols(ground.tree.text(path) or ""):
        kinds = {stem(part) for part in parts(symbol.name)}
        if symbol.is_type and named & kinds and not symbol.name.startswith("_"):
            reason = f"defines `{symbol.name}`{OF_ITS_KIND}"
            kept = [each for each in own if not each.startswith("defines")]
            return [Relevant(path, score, (reason, *kept))]
    return []


def _is_telling(best: Relevant) -> bool:
    """Whether a name speaks for the file, or at least two words, or one word very often."""
    said = [reason for reason in best.reasons if reason.startswith("says")]
    often = any(int(count) >= MENTIONS_MIN for count in re.findall(r"(\d+) times", " ".join(said)))
    return len(said) < len(best.reasons) or len(said) > 1 or often
