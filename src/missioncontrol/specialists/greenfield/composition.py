"""What a plan of a new product is made of: the goal as it is read, and entries of the catalogue."""

import re
from collections.abc import Collection

import msgspec

from missioncontrol.specialists.greenfield.behaviours import Act, acts_of_goal
from missioncontrol.specialists.greenfield.catalogue import (
    Kind,
)
from missioncontrol.specialists.greenfield.companions import companions
from missioncontrol.specialists.greenfield.constraints import denied
from missioncontrol.specialists.greenfield.kind_choice import chosen_kind
from missioncontrol.specialists.greenfield.lexicon import look_up, noun_base, plural
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
from missioncontrol.specialists.greenfield.tables import snake
from missioncontrol.specialists.greenfield.word_lists import words as word_list

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
