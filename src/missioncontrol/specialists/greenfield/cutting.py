"""Tells where the statements of a sentence begin.

A perceptron decides behind each comma, conjunction and colon, learned from sentences of goals with
labels of where something begins that stands on its own (`bench/greenfield`).
"""

from collections.abc import Iterator, Sequence

from missioncontrol.specialists.greenfield.lexicon import noun_base, noun_class, verb_base
from missioncontrol.specialists.greenfield.tagging import Token
from missioncontrol.specialists.greenfield.weights import reading_weights

SEPARATORS = frozenset(
    [",", "and", ";", ":", "(", "\u2013", "\u2014", "then", "but", ".", "plus", "or", "-"]
)
_VERBAL = frozenset({"V", "M"})
_BEFORE_A_VERB = frozenset("DNAPGE#RIC")
_CASES = frozenset({"when", "if", "once", "until", "unless", "for"})
_NOTHING = {"begins": 0.0}
FAR = 10
"""Words behind a place that still tell something about it."""


def cuts(tokens: Sequence[Token]) -> list[int]:
    """Return the places at which statements begin behind the first one."""
    learned = reading_weights("cut")
    found: list[int] = []
    for place, end in places(tokens):
        features = cut_features(tokens, place, end, found)
        if sum(learned.get(name, _NOTHING)["begins"] for name in features) > 0:
            found.append(place)
    return found


def places(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield places behind separators, each with that of the last word before them."""
    for place in range(1, len(tokens)):
        if _is_separator(tokens[place]) or not tokens[place].text[0].isalnum():
            continue
        end = place - 1
        while end >= 0 and _is_separator(tokens[end]):
            end -= 1
        if 0 <= end < place - 1:
            yield place, end


def _is_separator(token: Token) -> bool:
    return token.lower in SEPARATORS


def cut_features(tokens: Sequence[Token], place: int, end: int, found: Sequence[int]) -> list[str]:
    """Return what tells whether a statement begins at a place.

    `end` is the place of the last word before the separator, `found` are the cuts before.
    """
    last = found[-1] if found else 0
    before = [each.tag for each in tokens[last : end + 1]]
    stop = next((n for n in range(place, len(tokens)) if _is_separator(tokens[n])), len(tokens))
    part = tokens[place:stop]
    tags = "".join(each.tag for each in part)
    separator = " ".join(each.lower for each in tokens[end + 1 : place])
    first, word = tokens[place].tag, tokens[place].lower
    verb = _verb(tags)
    had = _last_part(tokens, last, end)
    form = verb_base(word)
    is_person = any(e.tag == "N" and noun_class(noun_base(e.lower)) == "person" for e in part[:3])
    begun = "imp" if before[0] == "V" else "cond" if before[0] == "W" else "subj"
    verbs, helps = min(before.count("V"), 2), min(before.count("M"), 2)
    case = "c" if any(each.lower in _CASES for each in part) else ""
    relative = "rel" if "W" in before[1:] else ""
    rest = "V" if any(each.tag in _VERBAL for each in tokens[place : place + FAR]) else "N"
    behind = tokens[stop].lower if stop < len(tokens) else "$"
    after = tokens[place + 1].lower if place + 1 < len(tokens) else "$"
    number, length = min(len(found), 2), min(stop - place, 8)
    features = [
        "b",
        f"sep:{separator}",
        f"pat:{tags[:5]}",
        f"pat3:{tags[:3]}",
        f"first:{first}",
        f"{separator}|{first}",
        f"{separator}|{verb}",
        f"{separator}|{verb}|{begun}",
        f"{separator}|{verb}|{had}",
        f"{verb}|{verbs}{helps}",
        f"{separator}|{verb}|{verbs}",
        f"w0:{word}",
        f"{separator}|w0:{word}",
        f"{first}|{form[1] if form else '-'}|{verb}",
        f"len{length}|{verb}",
        f"len{length}|{separator}|{first}",
        f"next:{behind}|{verb}|{separator}",
        f"{verb}|{is_person}|{had}",
        f"case{case}|{verb}|{separator}",
        f"{relative}|{verb}|{separator}",
        f"{begun}|{first}|{had}",
        f"{number}|{separator}|{verb}",
        f"left:{tokens[end].tag}|{first}",
        f"left:{tokens[end].lower}",
        f"left:{tokens[end].tag}|{separator}|{first}|{verb}",
        f"since{min(end - last, 6)}|{separator}|{verb}",
        f"w01:{word} {after}",
        f"rest{rest}",
        f"rest{rest}|{separator}|{verb}",
    ]
    if separator.endswith(":"):
        features += [f"colon|{bool(found)}|{had}", f"colon|{verb}|{had}"]
    return features


def _verb(tags: str) -> str:
    """Return how the words up to the next separator have a verb: at once, behind a subject, not."""
    first = next((n for n, tag in enumerate(tags) if tag in _VERBAL), None)
    if first is None:
        return "none"
    if first == 0:
        return "first"
    return "subject" if set(tags[:first]) <= _BEFORE_A_VERB else "wh"


def _last_part(tokens: Sequence[Token], last: int, end: int) -> str:
    """Return what the words between the separator before and this one have: V, M or nothing."""
    begin = end
    while begin > last and not _is_separator(tokens[begin]):
        begin -= 1
    tags = {each.tag for each in tokens[begin : end + 1]}
    return "V" if "V" in tags else "M" if "M" in tags else "0"
