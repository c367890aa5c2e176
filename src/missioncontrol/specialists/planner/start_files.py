"""At which files the work for an ask begins, once its kind is known."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.estimates import Spot
from missioncontrol.specialists.definition_names import (
    Named,
    exact_names,
    is_file_name,
    member_named,
)
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.formatting import formatting
from missioncontrol.specialists.planner.ground import CHANGES, Ground
from missioncontrol.specialists.planner.likely import tests_of
from missioncontrol.specialists.planner.papers import (
    document_for,
    documents_for,
    is_own_document,
    speaks_of_comments,
)
from missioncontrol.specialists.planner.places import (
    OF_ITS_OWN,
    PLACES_MAX,
    places_for,
    text_of_main,
)
from missioncontrol.specialists.planner.source import ASIDE, PAPERS, Place
from missioncontrol.specialists.planner.subject import search_text
from missioncontrol.specialists.planner.surroundings import tool_settings
from missioncontrol.specialists.planner.tasks import ASIDE_KINDS
from missioncontrol.specialists.planner.tracing import traced_first
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import Ranked, ranked
from missioncontrol.specialists.ranking.telling import homes, lines_in
from missioncontrol.specialists.words import significant_words

_DOCUMENT = re.compile(r"(?i)\b(readme|changelog|contributing|changes|history|news)\b(?!\.)")
_WRITTEN = re.compile(r"`([A-Za-z_][A-Za-z0-9_]{3,60})`")
NAMES_MAX, USERS_MAX, LOOKED_AT = 4, 6, 60
CHANCE_MIN = 0.05
"""A file less likely than this is no better a place to begin than what the rules find."""
NAMED_BY_GOAL = ("which the goal names", "which is named most like what it adds")
"""How the reason ends of a file that a definition leads to: no lines are surer than that."""
UNSURE = 0.3
"""A chance below which what a goal names in its details is the better place to begin."""
SHARE_MIN = 0.3
"""Of the likeliest file's chance; what is below it is no place of the change."""
CODE_SHARE = 0.6
"""Of a test's chance, from which on the code that it tests is where the work begins."""
_FIXTURE = re.compile(r"(?i)(?:^|/)(?:\w*tests?|specs?|testdata|fixtures|__tests__|snapshots?)/")
"""What tests read or compare with: it follows the code as they do."""
_FIRST_PAGE = re.compile(r"(?i)^readme\.\w+$|^docs?/(?:source/)?(?:index|readme)\.\w+$")


def beginning(
    ground: Ground,
    ask: Ask,
    kind: str,
    main: Sequence[Place],
    *,
    named: Sequence[Named],
    nearest: Sequence[Named],
) -> list[Place]:
    """Return the files at which work of a kind begins, the first one first.

    `named` are the definitions that the ask names; `nearest` are those beside which it adds one.
    """
    run = formatting(ground) if ask is ground.goal.main else None
    if run and run.files and ground.sources is not None:
        return [
            ground.sources.place(path, (f"changed in {_times(count)} since {run.since}",), ())
            for path, count in run.files
        ]
    if kind in OF_ITS_OWN and not named:
        return []  # What stands by itself begins at no module of the library beside it.
    places = places_for(ground, ask, kind, main)
    if kind not in ASIDE_KINDS:
        places = _with_named_first(ground, ask, places, named or nearest)
        if not (named or nearest):
            places = _with_test_named(ground, ask, _with_users_first(ground, ask, places))
    places = [_for_users(place) for place in places if _is_worth(place, kind)]
    if kind == "documentation":
        return _with_document_first(ground, ask, places, main)
    if is_traced(ground, ask, kind) and ground.trace is not None:
        return traced_first(ground, places, places_max=PLACES_MAX)
    if ask is not ground.goal.main:
        return places
    first = _with_likeliest_first(ground, ask, places, is_aside=kind in ASIDE_KINDS)
    return first if named else _with_settings_first(ground, ask, first)


def _times(count: int) -> str:
    return "1 commit" if count == 1 else f"{count:,} commits"


def _with_likeliest_first(
    ground: Ground, ask: Ask, places: list[Place], *, is_aside: bool
) -> list[Place]:
    """Begin at the file that the change most likely touches, whatever kind of file that is.

    Code comes before its test, unless the work is beside the code.
    """
    if ground.index is None or ground.sources is None or not ground.index.has_past:
        return places
    best = [
        each
        for each in ranked(ground.index, text_of_main(ground), limit=LOOKED_AT)
        if each.is_sure and _can_begin(ground, each.path)
    ][:PLACES_MAX]
    if not best or (places and best[0].chance < CHANCE_MIN):
        return places
    detailed = any(each.is_property for each in ground.goal.asks)
    if detailed and best[0].chance < UNSURE and places[:1] and _is_named(places[0]):
        return places  # What the list below the ask names is surer than its words.
    known = {place.path: place for place in places}
    terms = significant_words(search_text(ask))
    named = {place.path for place in places[:1] if _is_named(place)}
    first = []
    for each in best:
        if each is not best[0] and each.chance < SHARE_MIN * best[0].chance:
            continue
        place = known.get(each.path) or ground.sources.place(each.path, each.reasons, terms)
        if each.spots and each.path not in named:
            place = ground.sources.at(place, each.spots[0])
        if not place.tests and each.path in ground.index.numbers:
            known_tests = tests_of(ground.index, ground.index.numbers[each.path])
            place = msgspec.structs.replace(place, tests=tuple(known_tests))
        first.append(place)
    first = first if is_aside else _with_code_first(best, first)
    paths = {place.path for place in first}
    return [*first, *(place for place in places if place.path not in paths)][:PLACES_MAX]


def _with_settings_first(ground: Ground, ask: Ask, places: list[Place]) -> list[Place]:
    """Begin at the settings of the tool that the ask sets up or moves to another version."""
    path = tool_settings(ground, ask.text)
    if not path or ground.sources is None:
        return places
    reasons = ("holds the settings of the tool that the goal names",)
    own = next((each for each in places if each.path == path), None)
    own = own or ground.sources.place(path, reasons, ())
    return [own, *(each for each in places if each is not own)][:PLACES_MAX]


def _is_named(place: Place) -> bool:
    return bool(place.reasons) and place.reasons[0].endswith(NAMED_BY_GOAL)


def _with_code_first(best: Sequence[Ranked], places: list[Place]) -> list[Place]:
    """Begin at the code before its test, where it is nearly as likely to change.

    Where a goal is about tests alone, no code is nearly as likely.
    """
    chances = {each.path: each.chance for each in best}
    if not places or not (places[0].kind == "test" or _FIXTURE.search(places[0].path)):
        return places
    least = CODE_SHARE * chances.get(places[0].path, 0.0)
    code = [p for p in places if p.kind == "code" and chances.get(p.path, 0.0) >= least]
    return [*code[:1], *(place for place in places if place not in code[:1])]


def _can_begin(ground: Ground, path: str) -> bool:
    file = ground.tree.file(path) if ground.tree else None
    return file is not None and file.kind != "document" and not CHANGES.match(path)


def is_traced(ground: Ground, ask: Ask, kind: str) -> bool:
    """Whether the stack trace that came with the goal is this ask's."""
    return kind == "bug-fix" and ask is ground.goal.main


def _is_worth(place: Place, kind: str) -> bool:
    """Whether a file is more than what packs the project: that changes with its packing alone."""
    return place.path != "setup.py" or kind in {"dependency", "release", "removal"}


def _for_users(place: Place) -> Place:
    """Return the place without an importer that only packs the project."""
    importers = tuple(path for path in place.importers if path != "setup.py")
    return msgspec.structs.replace(place, importers=importers)


def _with_users_first(ground: Ground, ask: Ask, places: list[Place]) -> list[Place]:
    """Begin where a name stands that the ask writes as code, such as a setting or an attribute.

    What all of the code speaks of leads nowhere.
    """
    if ground.sources is None:
        return places
    sources = ground.sources
    for name in list(dict.fromkeys(_WRITTEN.findall(ask.text)))[:NAMES_MAX]:
        users = [path for path in sources.users(name, "code") if not ASIDE.match(path)]
        if not users or len(users) > USERS_MAX:
            continue
        known = [place for place in places if place.path in users]
        if not known:
            ranking = ranked(ground.index, name, limit=LOOKED_AT) if ground.index else []
            order = [each.path for each in ranking if each.path in users]
            first = [*order, *(path for path in users if path not in order)][0]
            known = [sources.place(first, (f"speaks of `{name}`, which the goal names",), [name])]
        return [*known, *(place for place in places if place not in known)][:PLACES_MAX]
    return places


def _with_test_named(ground: Ground, ask: Ask, places: list[Place]) -> list[Place]:
    """Put the test first that is called as the ask is worded: “redirects” is tested there."""
    if not places or ground.index is None:
        return places
    found = ranked(ground.index, search_text(ask), limit=1, kinds=("test",))
    called = [each.path for each in found if any(" in its path" in why for why in each.reasons)]
    tests = [path for path in called if ground.sources and ground.sources.holds_tests(path)]
    others = (each for each in places[0].tests if each not in tests)
    return [msgspec.structs.replace(places[0], tests=(*tests, *others)), *places[1:]]


def _with_named_first(
    ground: Ground, ask: Ask, places: list[Place], named: Sequence[Named]
) -> list[Place]:
    """Begin where the first definition stands that the ask names, whatever its words lead to."""
    if not named or ground.sources is None:
        return places
    for each in reversed(named[1:] if len({one.path for one in named}) > 1 else ()):
        places = _with_named_first(ground, ask, places, [each])
    path = named[0].path
    known = next((each for each in places if each.path == path), None)
    name = named[0].name
    is_named = any(
        name in each.text or name == member_named(each.text) for each in ground.goal.asks
    )
    why = "which the goal names" if is_named else "which is named most like what it adds"
    reasons = (f"defines `{named[0].name}`, {why}",)
    first = known or ground.sources.place(path, (), [named[0].name.rpartition(".")[2]])
    first = ground.sources.about(first, named[0].name, named[0].line, _tests_for(ground, ask))
    names = (f"`{named[0].name}`", f"`{named[0].name.rpartition('.')[2]}`, which the goal names")
    own = [each for each in first.reasons if not any(name in each for name in names)]
    own = [each for each in own if not (is_named and each.endswith(", which the goal names"))]
    first = msgspec.structs.replace(first, reasons=(*reasons, *own))
    return [first, *(each for each in places if each.path != path)][:PLACES_MAX]


def _tests_for(ground: Ground, ask: Ask) -> list[str]:
    """Return the test files that answer to the words of an ask, the likeliest first."""
    if ground.index is None:
        return []
    return [each.path for each in ranked(ground.index, search_text(ask), limit=9, kinds=("test",))]


def _with_document_first(
    ground: Ground, ask: Ask, places: list[Place], main: Sequence[Place]
) -> list[Place]:
    """Begin in the document that the ask names, with or without its ending: “in the README”."""
    if ask.aside and ground.sources is not None:
        found = document_for(ground, ask, main)
        paper = [ground.sources.place(found[0], (found[1],), ())] if found else []
        return paper or [each for each in places if not is_own_document(ask)]
    if not is_own_document(ask):  # What each version brought is no place to explain anything.
        places = [each for each in places if not CHANGES.match(each.path)]
    named = _DOCUMENT.search(ask.text)
    if ground.tree is None or ground.sources is None:
        return places
    if named is None and speaks_of_comments(ask.text):
        return _with_likeliest_first(ground, ask, places, is_aside=True)
    if named is None:
        return _likeliest_documents(ground, ask) or places
    wanted = named[1].lower()
    for file in ground.tree.files:
        if "/" not in file.path and file.path.lower().partition(".")[0] == wanted:
            reasons = (f"is the {named[1]} that the goal names",)
            own = ground.sources.place(file.path, reasons, ())
            return [own, *(each for each in places if each.path != file.path)][:PLACES_MAX]
    return places


def _likeliest_documents(ground: Ground, ask: Ask) -> list[Place]:
    """Return the documents that the main ask most likely changes, with their lines."""
    index = ground.index
    if index is None or not index.has_past or ask is not ground.goal.main or exact_files(ask.text):
        return []
    best = documents_for(index, text_of_main(ground), limit=PLACES_MAX)
    assert ground.sources is not None
    terms = significant_words(search_text(ask))
    found = list(_documents_naming(ground, index, ask))
    if found:
        return found
    for each in best:
        if each.chance < SHARE_MIN * best[0].chance:
            break
        place = ground.sources.place(each.path, each.reasons, terms)
        found.append(ground.sources.at(place, each.spots[0]) if each.spots else place)
    return found


def _documents_naming(ground: Ground, index: Index, ask: Ask) -> Iterator[Place]:
    """Yield the document that says most where few files hold a name of the ask, at its line."""
    assert ground.sources is not None
    for name, own in homes(index, ask.text).items():
        papers = [
            (lines[0], index.paths[n])
            for n in own
            if index.files[n].kind == "document" and not PAPERS.search(index.paths[n])
            for lines in [lines_in(index, ask.text, n)]
            if lines
        ]
        if papers:
            line, path = max(papers, key=lambda p: (_defines(p[0].text), p[0].score, p[1]))
            place = ground.sources.place(path, (f"says `{name}`, which the goal names",), ())
            yield ground.sources.at(place, Spot("", line.number, line.number))
            return


def _defines(line: str) -> bool:
    """Whether a line of a document is a heading or the entry that describes something."""
    return re.match(r"#+\s|\.\. [\w:-]+::|[*-]\s+[`*]|[`*]{2}", line) is not None


def exact_files(text: str) -> list[str]:
    """Return the names of files that a text writes out."""
    return [name for name in exact_names(text) if is_file_name(name)]


def first_read(ground: Ground, kind: str, places: Sequence[Place]) -> dict[str, str]:
    """Return the document that readers open first, where no document answers to the ask."""
    if kind != "documentation" or places or ground.tree is None:
        return {}
    documents = [file.path for file in ground.tree.files if file.kind == "document"]
    first = [path for path in documents if _FIRST_PAGE.search(path)]
    first.sort(key=lambda path: (path.count("/"), path))
    return {"first_read": f"`{first[0]}`"} if first else {}
