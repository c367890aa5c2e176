"""Which files of the repository an ask is about."""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.definition_names import exact_names, is_file_name, written_names
from missioncontrol.specialists.likelier import BASE
from missioncontrol.specialists.planner import phrasing
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.ground import CHANGES, NUMBERED, Ground, main_manifest
from missioncontrol.specialists.planner.imperatives import verbs
from missioncontrol.specialists.planner.outside import dependency_files
from missioncontrol.specialists.planner.source import ASIDE, Place
from missioncontrol.specialists.planner.subject import (
    search_text,
)
from missioncontrol.specialists.ranking.ranker import Ranked, ranked
from missioncontrol.specialists.symbols import symbols
from missioncontrol.specialists.words import head_stems, parts, significant_words, stem

PLACES_MAX = 5


WANTED: dict[str, tuple[str, ...]] = {
    "tests": ("test",),
    "documentation": ("document",),
    "dependency": ("code", "configuration"),
    "release": ("code", "configuration"),
}
"""Kinds of files at which such work begins; all other work begins in code."""


SCORE_SHARE_MIN = 0.3
"""A file this much less relevant than the best one is not named as a place of the change."""


OF_ITS_KIND = ", beside which others of its kind stand"
"""How the reason ends for a file at which a new thing of its kind begins."""


OF_ITS_OWN = frozenset({"new-service", "part"})
"""Work that stands beside the code that is there."""


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
    if ground.index is None or ground.sources is None:
        return []
    wanted = WANTED.get(kind, ("code",))
    text = search_text(ask)
    terms = [word for word in significant_words(text) if stem(word) not in ground.index.everywhere]
    if kind == "removal" and (floor := _floor_place(ground, ask)):
        return floor
    if kind == "release-check":
        wanted = ("code", "configuration", "document")
    if kind == "release" and NUMBERED.search(ground.goal.main.text):
        return list(main) or _where_versions_stand(ground)
    found = _worthwhile(ranked(ground.index, text, limit=PLACES_MAX, kinds=wanted), kind)
    if not found and wanted == ("code",):
        found = ranked(ground.index, text, limit=PLACES_MAX, kinds=("configuration",))
        found = _worthwhile(found, kind)
    found = _base_first(ground, ask, found)
    if kind == "dependency" and (files := dependency_files(ground, ask.text)):
        uses = files[1:] or files  # What no file imports begins where it is declared.
        return [ground.sources.place(path, (why,), terms) for path, why in uses[:PLACES_MAX]]
    if (
        kind in {"tests", "documentation"}
        and main
        and not exact_names(ask.text)
        and (not found or is_vague(ground, ask))
    ):
        return _beside(ground, kind, main)
    if ask.is_property and main and not exact_names(ask.text):
        return list(main)  # How the thing is to be is decided where the thing is.
    if not found or (ask.refers_back and not exact_names(ask.text)):
        return list(main) or _as_places(ground, ask, found, terms, seam_first=kind in SEAM_KINDS)
    return _as_places(ground, ask, found, terms, seam_first=kind in SEAM_KINDS)


def new_names(ground: Ground, ask: Ask) -> list[str]:
    """Return identifiers that the ask names and that stand nowhere in the code yet."""
    index = ground.index
    if index is None:
        return []
    named = [name for name in exact_names(ask.text) if name[0].isalpha() and "-" not in name]
    if not named:
        return []
    stems = {part for path in index.paths for part in PurePosixPath(path).with_suffix("").parts}
    return [
        name
        for name in named
        if name.partition(".")[0] not in sys.stdlib_module_names
        and name.rpartition(".")[2] not in stems
        and not (is_file_name(name) or index.defines(name) or index.has_identifier(name))
    ]


def is_vague(ground: Ground, ask: Ask) -> bool:
    """Whether an ask such as “add a regression test” is about what the main ask is about."""
    if ask is ground.goal.main:
        return False
    text = search_text(ask)
    others = exact_names(ground.goal.main.text)
    named = [name for name in exact_names(text) if not is_file_name(name)]
    if named and not set(named) & set(others):
        return False
    for name in exact_names(text):
        text = text.replace(name, " ")
    own = {stem(word) for word in significant_words(text)} - COMMON
    return ask.refers_back or not own


def text_of_main(ground: Ground) -> str:
    """Return the goal without what it asks for besides: the words to look for its main ask with."""
    main = ground.goal.main
    text = ground.goal.text
    if any(ask.words == main.words for ask in ground.goal.asks if ask is not main):
        text = text.replace(main.words, main.text)  # The sentence asks for more than one thing.
    for ask in ground.goal.asks:
        elsewhere = ask.aside or any(map(is_file_name, exact_names(ask.text)))
        leans = ask.is_property or (ask.refers_back and not elsewhere)
        if ask is not main and ask.where == "goal" and ask.words != main.words and not leans:
            text = text.replace(ask.words, " ")
    return text if text.strip() else ground.goal.text


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


def _where_versions_stand(ground: Ground) -> list[Place]:
    """Return where a release is made: the manifest with the version, and the list of changes."""
    assert ground.sources is not None
    assert ground.tree is not None
    found = []
    if ground.stack and (manifest := main_manifest(ground.stack)):
        version = ground.stack.version
        reason = f"says version {version}" if version else "names the package"
        found.append(ground.sources.place(manifest, (reason,), ()))
    changelog = next((file.path for file in ground.tree.files if CHANGES.match(file.path)), "")
    if changelog:
        found.append(ground.sources.place(changelog, ("tells users what each version brings",), ()))
    return found


def _as_places(
    ground: Ground, ask: Ask, found: Iterable[Ranked], terms: Sequence[str], *, seam_first: bool
) -> list[Place]:
    assert ground.sources is not None
    heads = head_stems(search_text(ask))
    literal = {name.rpartition(".")[2] for name in written_names(ask.text)}
    return [
        ground.sources.place(
            each.path, each.reasons, terms, heads=heads, literal=literal, seam_first=seam_first
        )
        for each in found
    ]


def _worthwhile(found: list[Ranked], kind: str) -> list[Ranked]:
    """Keep what is not far behind the best; a few mentions of one common word are no place."""
    if not found or not found[0].is_sure:
        return []
    return [
        each
        for each in found
        if each.chance >= SCORE_SHARE_MIN * found[0].chance
        and (each is found[0] or kind in {"tests", "documentation"} or not ASIDE.match(each.path))
    ]


def _base_first(ground: Ground, ask: Ask, found: list[Ranked]) -> list[Ranked]:
    """Begin a new thing of a kind at what its kind derives from, where a folder holds them all.

    “Middleware that logs” begins at `middleware/base.py`, not at the middleware most like it.
    """
    assert ground.tree is not None
    heads = head_stems(search_text(ask))
    is_new = not ask.verb or verbs().get(ask.verb) in {"feature", "new-service"}
    if not found or not is_new or phrasing.MODAL.search(ask.text):
        return found
    folder = PurePosixPath(found[0].path).parent
    named = {stem(part) for part in re.findall(r"[A-Za-z]+", folder.name)} & heads
    if not named:
        return found
    for file in ground.tree.files:
        if PurePosixPath(file.path).parent == folder and BASE.search(file.path):
            own = next((each.reasons for each in found if each.path == file.path), ())
            base = _as_base(ground, file.path, named, found[0], own)
            return [*base, *(each for each in found if each.path != file.path)][:PLACES_MAX]
    return found


def _as_base(
    ground: Ground, path: str, named: set[str], best: Ranked, own: Sequence[str]
) -> list[Ranked]:
    """Return the file with the class named as the base of its kind; perhaps there is none."""
    assert ground.tree is not None
    for symbol in symbols(ground.tree.text(path) or ""):
        kinds = {stem(part) for part in parts(symbol.name)}
        if symbol.is_type and named & kinds and not symbol.name.startswith("_"):
            reason = f"defines `{symbol.name}`{OF_ITS_KIND}"
            others = [each for each in own if not each.startswith("defines")]
            return [msgspec.structs.replace(best, path=path, reasons=(reason, *others), spots=())]
    return []
