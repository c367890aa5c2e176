"""What a plan of a new product is made of: the goal as read, its kind, and what comes with it."""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

import msgspec

from missioncontrol.specialists.greenfield.behaviours import ASSUMED, Act, acts_of_goal, behaviours
from missioncontrol.specialists.greenfield.catalogue import (
    Kind,
    kinds,
    matches,
)
from missioncontrol.specialists.greenfield.constraints import denied
from missioncontrol.specialists.greenfield.lexicon import closed_words, look_up, noun_base, plural
from missioncontrol.specialists.greenfield.lexicon import listed_words as word_list
from missioncontrol.specialists.greenfield.reading import Phrase, Reading, read
from missioncontrol.specialists.greenfield.selection import (
    Use,
    chosen_concepts,
    filled,
    lower_words,
    named_technologies,
    without_denied,
)
from missioncontrol.specialists.greenfield.stack import Stack, stack_of
from missioncontrol.specialists.greenfield.statement_tasks import wanted_statements
from missioncontrol.specialists.greenfield.tables import snake
from missioncontrol.specialists.greenfield.weights import score, weights

_WORD = re.compile(r"[a-z0-9][a-z0-9'\-+#.]*[a-z0-9+#]|[a-z0-9]")
_DENIED = re.compile(r"(?i)\b(?:no|avoid|nothing that needs)\s+[^.,;\n]{2,60}")
BEGINNING = 9
"""Words at the beginning of a goal, where the kind is named most often."""
_BEGINS = 2.0
SHOWN_MAX, MIN_LETTERS, WORTH_MIN = 3, 4, 0.25
_KIND_CALLED = re.compile(
    r"^(?:\S+\s+){0,5}?(?P<name>internal tool|command[- ]line tool|data pipeline|browser extension"
    r"|static (?:web)?site|desktop app|dashboard|cockpit|(?:json|rest) api|marketplace|web ?shop"
    r"|(?:booking|reservation) (?:system|site|tool|page))\b",
    re.IGNORECASE,
)
_ON_A_PAGE = re.compile(r"(?i)\b(?:on|through|via|with) an? (?:web ?page|website|web ?site)\b")
"""Where people use a site of its own, which is no extension of the browser."""
_DENYING = re.compile(r"(?i)\b(?:no|not|without|never|instead|another|than)\b|n't\b")
_BY_NAME = {
    "internal tool": "internal-tool", "command line tool": "command-line",
    "data pipeline": "data-pipeline", "browser extension": "browser-extension",
    "static site": "static-site", "static website": "static-site", "desktop app": "desktop-app",
    "dashboard": "dashboard", "cockpit": "dashboard", "json api": "json-api",
    "rest api": "json-api", "booking system": "web-product", "booking site": "web-product",
    "booking tool": "web-product", "booking page": "web-product",
    "reservation system": "web-product", "reservation site": "web-product",
    "reservation tool": "web-product", "reservation page": "web-product",
    "marketplace": "web-product", "webshop": "web-product", "web shop": "web-product",
}  # fmt: skip
"""Names of kinds that say it at the beginning of a goal, whatever follows."""
_DASHBOARDS = ("dashboard", "orchestration", "product-analytics")
"""Kinds that people call a dashboard or a cockpit."""
ENOUGH, MOST = 6, 3
"""Tasks for what a goal states from which nothing is assumed; behaviours that may be."""
NAME_LENGTH_MAX = 40
WISHES = word_list("wishes")


class Composition(msgspec.Struct, frozen=True):
    """What a plan is made of."""

    reading: Reading
    kind: Kind
    kind_words: str
    uses: tuple[Use, ...]
    stack: Stack
    package: str
    product: str  # what it is called in a sentence: “photo tool”
    acts: tuple[Act, ...] = ()

    def fill(self, text: str) -> str:
        """Fill the slots of a text with the main thing and the main actor of the goal."""
        thing, actor = self.reading.main_thing.name, self.reading.main_actor.name
        done = filled(text, thing, actor)
        return done[:1].upper() + done[1:]


def composed(goal: str, answers: str = "", excluded: Collection[str] = ()) -> Composition:
    """Read a goal, with answers to questions of its plan, and choose entries of the catalogue.

    Where the goal alone leaves a choice open, answers do not change it. `excluded` are titles of
    behaviours that a person does not want.
    """
    text = f"{goal}\n\n{answers}".strip()
    named = named_technologies(without_denied(text))
    words = frozenset(each for one in named for each in one.technology.words)
    reading = _without_technologies(read(text), words)
    kind, kind_words = chosen_kind(goal)
    uses = tuple(chosen_concepts(reading, kind.key))
    reading = _centred(msgspec.structs.replace(reading, text=goal), kind)
    package = _package(reading, kind.key)
    product = _spoken(reading, _PRODUCTS.get(kind.key, "product"))
    acts = acts_of_goal(reading, product)
    acts = (*acts, *companions(kind, acts, reading, product, excluded))
    stack = stack_of(kind, named)
    return Composition(reading, kind, kind_words, uses, stack, package, product, acts)


def _centred(reading: Reading, kind: Kind) -> Reading:
    """Put the noun at the centre of the kind first, and leave out people who are programs."""
    actors = tuple(each for each in reading.actors if each.head not in kind.programs)
    things = tuple(each for each in reading.things if each.head not in kind.programs)
    if kind.about:
        things = (Phrase(kind.about, kind.about), *(e for e in things if e.name != kind.about))
    return msgspec.structs.replace(reading, actors=actors, things=things)


def _spoken(reading: Reading, word: str) -> str:
    """Return what a product is called in a sentence: “price pipeline”."""
    thing = reading.main_thing.name if reading.things else ""
    return word if not thing or word in thing.split() else f"{thing.split()[-1]} {word}"


_PRODUCTS = {
    "command-line": "tool", "library": "library", "browser-extension": "extension",
    "game": "game", "data-pipeline": "pipeline", "scheduled-jobs": "job", "json-api": "API",
    "orchestration": "console", "product-analytics": "cockpit",
    "static-site": "site", "dashboard": "dashboard", "desktop-app": "program",
    "integration": "integration", "mobile-backend": "service", "ml-service": "service",
    "device-backend": "service", "internal-tool": "tool", "web-product": "site",
}  # fmt: skip


def _without_technologies(reading: Reading, words: frozenset[str]) -> Reading:
    """Leave out nouns that name technologies, and those of what the goal excludes."""
    known = {
        part
        for each in words
        for part in lower_words(each)
        if " " not in each or look_up(noun_base(part)) is None
    }

    out = {noun_base(word) for each in denied(reading.text) for word in lower_words(each)}
    rest = reading.text
    for each in denied(reading.text):
        rest = rest.replace(each, " ")
    out -= {noun_base(word) for word in lower_words(rest)}

    def is_own(each: Phrase) -> bool:
        return not {each.head, f"{each.head}s", each.name} & known and each.head not in out

    return msgspec.structs.replace(
        reading,
        things=tuple(filter(is_own, reading.things)),
        actors=tuple(filter(is_own, reading.actors)),
    )


_CALLED = re.compile(
    r"(?i)\b(?P<what>[a-z][a-z-]+(?: [a-z-]+)?) (?P<kind>site|app|bot|library|platform|dashboard"
    r"|cockpit|extension|game|service|portal|shop|tracker|exchange)\b"
)
_SAYS_NOTHING = word_list("names_nothing")


def _is_noun(word: str) -> bool:
    known = look_up(noun_base(word))
    return known is None or known.share("n") > 0.6


_SUFFIXES = {
    "json-api": "api",
    "data-pipeline": "pipeline",
    "command-line": "tool",
    "library": "lib",
    "real-time": "live",
    "mobile-backend": "app",
    "ml-service": "model",
    "scheduled-jobs": "jobs",
    "browser-extension": "extension",
    "integration": "bridge",
    "static-site": "site",
    "dashboard": "cockpit",
    "orchestration": "console",
    "product-analytics": "cockpit",
    "internal-tool": "desk",
    "device-backend": "hub",
    "game": "game",
    "desktop-app": "studio",
}


def _package(reading: Reading, kind: str) -> str:
    """Return a short name for the repository and the package: `chess_site`, `lease_jobs`."""
    for match in _CALLED.finditer(reading.text):
        words = [w for w in match["what"].lower().split() if w not in _SAYS_NOTHING]
        if words and _is_noun(words[-1]):
            return snake(f"{words[-1]} {match['kind']}")[:NAME_LENGTH_MAX]
    thing = reading.main_thing.name
    if kind not in _SUFFIXES:
        return snake(plural(thing))[:NAME_LENGTH_MAX]
    return snake(f"{thing} {_SUFFIXES[kind]}")[:NAME_LENGTH_MAX]


def companions(
    kind: Kind, acts: Sequence[Act], reading: Reading, product: str, excluded: Collection[str]
) -> list[Act]:
    """Return behaviours to assume: the core of the kind, and more where a goal states little.

    `excluded` are names of behaviours that a person does not want.
    """
    follows = sum(len(act.behaviour.then) for act in acts)
    lacking = ENOUGH - len(wanted_statements(reading)) - follows
    known = {act.behaviour.key for act in acts}
    by_key = {each.key: each for each in behaviours()}
    values = {
        "thing": reading.main_thing.name,
        "actor": reading.main_actor.name,
        "product": product,
    }
    replaced = {key for act in acts for key in act.behaviour.instead}
    found: list[Act] = []
    for key in (*kind.core, *kind.usual):
        act = Act(by_key[key], ASSUMED, "", values)
        record = act.fill(act.behaviour.record).lower()
        act = Act(act.behaviour, ASSUMED, "", values | {"record": record})
        is_asked_for = key in kind.core or len(found) < min(MOST, lacking)
        if key not in known | replaced and act.name not in excluded and is_asked_for:
            found.append(act)
    return found


def kind_features(goal: str) -> dict[str, float]:
    """Return the words and pairs of words of a goal, and the kinds that it names."""
    plain = _DENIED.sub(" ", goal.lower())
    words = [_stem(word) for word in _WORD.findall(plain)]
    features = {f"w {word}": 1.0 for word in words}
    features |= {f"b {one} {two}": 1.0 for one, two in pairwise(words)}
    spoken = _WORD.findall(plain)
    for kind in kinds():
        strong = sum(any(True for _ in matches(p, spoken)) for p in kind.words)
        hints = sum(any(True for _ in matches(p, spoken)) for p in kind.hints)
        begins = any(any(True for _ in matches(p, spoken[:BEGINNING])) for p in kind.words)
        found = {"strong": min(strong, 3), "hint": min(hints, 3), "begins": _BEGINS * begins}
        features |= {f"{name} {kind.key}": float(n) for name, n in found.items() if n}
    return features


def _stem(word: str) -> str:
    for end, rest in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(end) and len(word) > 4:
            return word[: -len(end)] + rest
    return word


def chosen_kind(goal: str) -> tuple[Kind, str]:
    """Return the kind of product that a goal describes, and the words that say so."""
    called = _KIND_CALLED.match(goal.strip())
    features = kind_features(goal)
    scores = {kind.key: score(weights(f"kind {kind.key}"), features) for kind in kinds()}
    if called and not _DENYING.search(called[0]):
        key = _BY_NAME[called["name"].lower().replace("-", " ")]
        if key in _DASHBOARDS:
            key = max(_DASHBOARDS, key=lambda each: scores[each])
        return next(each for each in kinds() if each.key == key), called["name"]
    if _ON_A_PAGE.search(goal):
        scores["browser-extension"] = min(scores.values())
    best = max(kinds(), key=lambda kind: scores[kind.key])
    return best, ", ".join(_because(best, goal, features))


def _because(kind: Kind, goal: str, features: dict[str, float]) -> list[str]:
    """Return words of the goal that spoke most for a kind, in the order of the goal."""
    weighted = weights(f"kind {kind.key}")
    spoken = _WORD.findall(goal.lower())
    worth: dict[str, float] = {}
    for word in spoken:
        name = f"w {_stem(word)}"
        if name in features and weighted.get(name, 0.0) > WORTH_MIN:
            worth[word] = weighted[name]
    for one, two in pairwise(spoken):
        name = f"b {_stem(one)} {_stem(two)}"
        if weighted.get(name, 0.0) > 0 and len(one) > 3 and len(two) > 3:
            worth[f"{one} {two}"] = weighted[name] + 0.1
    best = sorted(worth, key=lambda each: -worth[each])
    chosen: list[str] = []
    for each in best:
        says_little = all(
            word in closed_words() or len(word) < MIN_LETTERS for word in each.split()
        )
        if not says_little and not any(each in other or other in each for other in chosen):
            chosen.append(each)
        if len(chosen) == SHOWN_MAX:
            break
    return sorted(chosen, key=goal.lower().find)
