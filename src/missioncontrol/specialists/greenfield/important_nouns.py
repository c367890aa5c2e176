"""What the nouns of a goal are to the product: stored, at its centre, or only mentioned.

The features are position, grammar and class of a noun; their weights are learned from goals with
labels (`bench/greenfield`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from missioncontrol.specialists.greenfield.lexicon import listed_words as word_list
from missioncontrol.specialists.greenfield.lexicon import look_up, noun_class
from missioncontrol.specialists.greenfield.tagging import Token
from missioncontrol.specialists.greenfield.weights import score, weights

Features = dict[str, float]
_SOFTWARE, _BUILDING = word_list("software"), word_list("building")
_NO_THINGS, _STORING = word_list("no_things"), word_list("storing")
_OWNERS = frozenset({"my", "our", "their", "his", "her", "your", "its"})
_COUNTING = frozenset({"each", "every", "all", "any", "both", "which", "per", "many"})


def noun_features(tagged: Sequence[Sequence[Token]]) -> dict[str, Features]:
    """Return features by the head of each noun of a goal, in the order of the goal."""
    found: dict[str, Features] = {}
    for number, tokens in enumerate(tagged):
        for place, token in enumerate(tokens):
            if token.tag != "N" or len(token.base) < 3:
                continue
            head = token.base
            features = found.setdefault(head, _of_noun(head, number, len(found)))
            for name in _of_place(tokens, place, number):
                features[name] = min(features.get(name, 0.0) + 1.0, 2.0)
    return found


def _of_noun(head: str, sentence: int, rank: int) -> Features:
    known = look_up(head)
    share = known.share("n") if known and "n" in known.counts else 0.0
    features = {
        "bias": 1.0,
        f"class {noun_class(head) or 'unknown'}": 1.0,
        f"word {head}": 1.0,
        f"rank {min(rank, 8)}": 1.0,
        f"sentence {min(sentence, 3)}": 1.0,
        "noun share": share,
        "in no dictionary": float(known is None),
        "software": float(head in _SOFTWARE),
        "no thing": float(head in _NO_THINGS),
        f"ends {head[-3:]}": 1.0,
    }
    return {name: value for name, value in features.items() if value}


def _of_place(tokens: Sequence[Token], place: int, number: int) -> Iterator[str]:
    """Yield what stands around one mention of a noun."""
    token = tokens[place]
    yield "mentions"
    if (number and token.text[:1].isupper()) or token.text.isupper():
        yield "name"
    if token.lower != token.base:
        yield "plural"
    yield from _beside(tokens, place)
    first = place
    while first and tokens[first - 1].tag in {"N", "A", "D", "#", "E", "G"}:
        first -= 1
    yield from _determiners(tokens[first:place])
    yield from _governor(tokens[first - 1] if first else None)


def _beside(tokens: Sequence[Token], place: int) -> Iterator[str]:
    left = tokens[place - 1] if place else None
    right = tokens[place + 1] if place + 1 < len(tokens) else None
    if right is not None and right.tag == "N":
        yield "before a noun"
    elif left is not None and left.tag == "N":
        yield "last of two nouns"
    yield f"right {right.tag if right else 'end'}"
    if right is not None and right.tag in {"I", "W", "M", "V"}:
        yield f"right {right.lower}"


def _determiners(before: Sequence[Token]) -> Iterator[str]:
    for each in before:
        if each.lower in _OWNERS:
            yield "owned"
        elif each.lower in _COUNTING:
            yield "counted"
        elif each.lower in {"a", "an"}:
            yield "one"
        elif each.tag == "#":
            yield "number"
        elif each.lower in {"the", "no"}:
            yield each.lower


def _governor(before: Token | None) -> Iterator[str]:
    """Yield what the phrase of a noun depends on: a verb, a preposition, or nothing."""
    if before is None:
        yield "begins"
    elif before.tag in {"V", "G", "E"}:
        yield "object"
        yield f"object of {before.base}"
        if before.base in _BUILDING:
            yield "object of building"
        if before.base in _STORING:
            yield "object of storing"
    else:
        yield f"after {before.lower if before.tag in {'I', 'T'} else before.tag}"


def importance(tagged: Sequence[Sequence[Token]]) -> Mapping[str, tuple[float, float]]:
    """Return by noun how likely it is stored, and how likely it is the centre (log odds)."""
    stored, centre = weights("stored"), weights("centre")
    found: dict[str, tuple[float, float]] = defaultdict(lambda: (-9.0, -9.0))
    for head, features in noun_features(tagged).items():
        found[head] = score(stored, features), score(centre, features)
    return found
