"""Cuts a goal into statements of what the product is to do, each fit to be a task.

A statement is a main clause with what depends on it: “raise an alarm when the battery drops under
15 %”. Background (“today it is a whiteboard”) is none.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from missioncontrol.specialists.greenfield.cutting import cuts
from missioncontrol.specialists.greenfield.lexicon import listed_words as word_list
from missioncontrol.specialists.greenfield.lexicon import (
    noun_base,
    noun_class,
    verb_base,
)
from missioncontrol.specialists.greenfield.tagging import Token

_BUILDING = word_list("building")
_SUBORDINATES = frozenset(
    ["when", "if", "while", "once", "after", "before", "where", "because", "since", "as",
     "although", "whenever", "until", "unless", "without"]
)  # fmt: skip
_WISHING = frozenset({"want", "need", "like", "love", "wish", "look", "hope", "imagine", "dream"})
US = frozenset({"i", "we", "us", "my", "our", "me"})
PRODUCT = frozenset(
    ["it", "that", "which", "this", "something", "thing", "product", "they"]
) | word_list("software")
_NEGATIONS = frozenset({"not", "never", "no", "cannot", "nothing", "nobody", "neither", "without"})
_MODALS = frozenset({"must", "should", "shall", "can", "could", "may", "might", "will", "would"})
_BACKGROUND = re.compile(
    r"(?i)^(?:because|since|so that|now (?:it|we|they|the)|today|currently|at the moment|right now"
    r"|these days|(?:every|last|this) (?:year|autumn|summer|winter|spring|december|season)\b"
    r"|nobody|everybody|everyone|people (?:forget|complain|call|lose)|there (?:are|is|were|was)\b"
    r"|(?:i|we)(?:'m|'re| am| are| were| was)\b|(?:i|we|my|our)\b)"
)
_LEADING = re.compile(
    r"(?i)^(?:(?:and|but|or|so|then|also|please|just|only|maybe|plus|ideally|basically|sometimes"
    r"|often|usually|hello|hi)\b[\s,:]*)+"
)


class Statement(msgspec.Struct, frozen=True):
    """One thing that the goal says the product does, lets people do, or never does."""

    sentence: int
    start: int
    end: int
    text: str  # as it stands, without what joins it to others
    verb: str  # base form
    subject: str  # lower case; empty for an imperative
    is_person: bool
    is_negated: bool
    tokens: tuple[Token, ...] = ()
    place: int = -1  # of the verb among the tokens; -1 where there is none


def statements(sentences: Sequence[str], tagged: Sequence[Sequence[Token]]) -> list[Statement]:
    """Return what the sentences ask for, in their order."""
    found: list[Statement] = []
    for number, every in enumerate(tagged):
        tokens = without_brackets(every)
        for first, last in pairwise([0, *cuts(tokens), len(tokens)]):
            made = _statement(sentences[number], tokens[first:last], number)
            found += [] if made is None else [made]
    return found


def without_brackets(tokens: Sequence[Token]) -> list[Token]:
    """Return the words that stand outside of brackets."""
    depth, left = 0, []
    for each in tokens:
        depth += each.lower == "("
        if not depth:
            left.append(each)
        depth -= each.lower == ")" and depth > 0
    return left


def _statement(sentence: str, part: list[Token], number: int) -> Statement | None:
    skipped = {"then", "also", "please", "where"}
    while part and (part[0].tag in {".", "C"} or part[0].lower in skipped):
        part = part[1:]
    while part and (part[-1].lower in _ENDS or part[-1].tag == "C"):
        part = part[:-1]
    stated = len(part)
    part = _without_product(_without_wish(part))
    is_wished = len(part) < stated
    part = _without_reason(part)
    if len(part) > 2 and part[0].lower in {"has", "have"} and part[1].tag in _OF_A_PHRASE:
        return _fragment(sentence, part[1:], number)  # “… and has a dry run that prints it”
    verb = _main_verb(part)
    if verb is not None and part[verb].base == "let":
        part = part[verb + 1 :]
        verb = _main_verb(part)
    verb = _having(part) if verb is None else verb
    if verb is None or len(part) < 2:
        return _fragment(sentence, part, number)
    text = sentence[part[0].start : part[-1].end].strip(" ,;:.")
    if not is_wished and _is_background(part, verb, text):
        return None
    before = part[_lead_end(part) : verb]
    subject = [each for each in before if each.tag in {"N", "P"}]
    name = subject[-1].base if subject else ""
    around = {each.lower for each in part[max(0, verb - 4) : verb]}
    begins = part[min(_lead_end(part), len(part) - 1)].lower
    is_negated = bool((around | {begins}) & _NEGATIONS) or any(
        each.endswith("n't") for each in around
    )
    is_negated = is_negated or part[verb].base in _AVOIDING
    return Statement(
        number,
        part[0].start,
        part[-1].end,
        text,
        part[verb].base,
        name,
        noun_class(name) == "person" or name in US | _PEOPLE,
        is_negated,
        tuple(part),
        verb,
    )


_OF_A_PHRASE = frozenset({"D", "A", "N", "#"})
_PEOPLE = frozenset({"you", "people", "everyone", "everybody", "others"})
_ENDS = frozenset(
    {
        ",",
        ";",
        ":",
        ".",
        "(",
        ")",
        "\u2013",
        "\u2014",
        "-",
        "and",
        "then",
        "!",
        "?",
        "even",
        "also",
        "please",
        "pls",
    }
)
_AVOIDING = frozenset({"avoid", "exclude", "prevent", "refuse", "forbid"})
_LEADS = frozenset(
    ["every", "each", "once", "on", "at", "after", "before", "from", "in", "for", "with", "during",
     "by", "under"]
)  # fmt: skip
_REASON = frozenset({"so", "because", "since", "otherwise"})
_MADE = frozenset(
    [
        "button",
        "command",
        "thing",
        "something",
        "platform",
        "place",
        "board",
        "box",
        "program",
        "script",
    ]
) | word_list("software")


def _fragment(sentence: str, part: Sequence[Token], number: int) -> Statement | None:
    """Return words without a verb as something that is to be there: “monthly subscription 29 euro”.

    What names the product alone is none.
    """
    nouns = [each for each in part if each.tag == "N"]
    is_product = any(each.base in _MADE for each in nouns[:2])
    if _states_a_fact(part) or (part and part[0].lower in _SUBORDINATES):
        return None
    is_short = len(part) < 2 or (len(part) == 2 and part[0].tag not in {"A", "N"})
    if is_short or not nouns or is_product or (number == 0 and part[0].start == 0):
        return None
    text = sentence[part[0].start : part[-1].end].strip(" ,;:.")
    is_negated = part[0].lower in _NEGATIONS
    return Statement(
        number, part[0].start, part[-1].end, text, "", "", False, is_negated, tuple(part)
    )


def _states_a_fact(part: Sequence[Token]) -> bool:
    """Whether words without a verb say how things are: “our images have no Python”."""
    for each in part:
        if each.lower in _SUBORDINATES or each.tag == "W":
            return False
        if each.tag == "M" or each.lower in {"have", "has"}:
            return True
    return False


def _without_reason(part: list[Token]) -> list[Token]:
    """Leave out why something is wanted: “so we can show what was sent”."""
    for place in range(3, len(part) - 2):
        after = part[place + 1].lower
        if part[place].lower in _REASON and (after in US | {"that", "it", "they", "you"}):
            return part[:place]
    return part


def _without_product(part: list[Token]) -> list[Token]:
    """Leave out what names the product: “a platform where agencies make an account”."""
    for place, token in enumerate(part[:14]):
        if token.tag in {"V", "M"}:
            return part
        if token.tag == "T" and any(each.base in _MADE for each in part[:place]):
            return _as_imperative(part[place + 1 :])
        if token.lower in {"that", "which", "where", "who"} and place:
            if not any(each.base in _MADE for each in part[:place]):
                return part
            rest = part[place + 1 :]
            while rest and rest[0].lower == ",":
                rest = rest[1:]
            if rest and (form := verb_base(rest[0].lower)) and form[1] == "s":
                return _as_imperative(rest)
            return rest if _main_verb(rest) is not None else part
    return part


def _lead_end(part: Sequence[Token]) -> int:
    """Return where a clause begins behind “every night at 02:30” or “when an order is paid,”."""
    if not part:
        return 0
    first = part[0].lower
    if first in _SUBORDINATES and first != "without":
        comma = next((p for p, each in enumerate(part) if each.lower == "," and p > 1), 0)
        if comma:
            return comma + 1
        if end := condition_end(part):
            return end
    if first in _LEADS:
        place = 0
        while place < len(part) and part[place].tag in {"I", "D", "A", "N", "#", ".", "T"}:
            if part[place].tag == "." and place:
                return place + 1
            place += 1
            if place < len(part) and part[place].tag == "D" and _is_time(part[:place]):
                form = verb_base(part[place - 1].lower)
                is_order = form is not None and form[1] == "base" and place > 2
                return place - 1 if is_order else place
        if place < len(part) and part[place].tag in {"V", "R"} and _is_time(part[:place]):
            return place
    return 0


_BE = frozenset({"is", "are"})


def condition_end(part: Sequence[Token]) -> int:
    """Return where the main clause begins without a comma: “if it fails the tool stops”."""
    verb = next((n for n, each in enumerate(part) if each.tag in {"V", "E", "M"}), len(part))
    for place in range(verb + 2, len(part) - 1):
        before, here = part[place - 1], part[place]
        is_down = part[place - 2].lower in _BE and here.tag == "V" and here.lower == here.base
        if is_down and before.tag in {"I", "A", "R"}:
            return place  # “if the server is down retry”
        if here.tag not in {"D", "P"} or before.tag in {"D", "I", "W", "V", "C", "T"}:
            continue
        end = place + 1
        while end < len(part) and part[end].tag in {"A", "N", "#"}:
            end += 1
        if end < len(part) and part[end].tag in {"V", "M"}:
            return place
    return 0


_TIME = re.compile(
    r"(?i)^(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|nights?|mornings?|evenings?|noon"
    r"|midnight|mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|quarter)$"
)


def _is_time(part: Sequence[Token]) -> bool:
    return any(_TIME.match(each.text) or ":" in each.text for each in part) or bool(
        part and part[0].lower in {"after", "before"}
    )


def _without_wish(part: list[Token]) -> list[Token]:
    """Leave out “I want a button in Chrome that …”: what comes behind it is asked for."""
    verb = next((place for place, each in enumerate(part) if each.tag == "V"), None)
    if verb is None:
        return part
    us = any(each.lower in US for each in part[:verb])
    us = us or all(each.tag == "M" for each in part[:verb])
    wishes = part[verb].base in _WISHING and us
    builds = part[verb].base in _BUILDING and verb <= 2 and (us or verb == 0)
    if not (wishes or builds):
        return part
    for place in range(verb + 1, len(part) - 2):
        if part[place].lower in {"that", "which", "where", "who"} or (
            part[place].lower == "to" and part[place].tag == "T"
        ):
            rest = part[place + 1 :]
            rest = _as_imperative(rest) if part[place].tag == "T" else rest
            return rest if _main_verb(rest) is not None else part
    rest = part[verb + 1 :]
    if not wishes:
        return [] if any(each.base in _MADE for each in rest[:7]) else part
    colon = next((place for place, each in enumerate(rest) if each.lower == ":"), None)
    if colon is not None:
        return _as_imperative(rest[colon + 1 :])
    return [] if any(each.base in _MADE for each in rest[:7]) else rest


def _as_imperative(part: list[Token]) -> list[Token]:
    """Read the first word as a verb where it can be one."""
    found = verb_base(part[0].lower) if part else None
    if found is None or found[1] not in {"base", "s"}:
        return part
    rest = part[1:]
    if rest and rest[0].tag == "V" and noun_base(rest[0].lower) != rest[0].lower:
        rest = [msgspec.structs.replace(rest[0], tag="N"), *rest[1:]]  # “copies loads”
    return [msgspec.structs.replace(part[0], tag="V", base=found[0]), *rest]


def _having(part: Sequence[Token]) -> int | None:
    """Return the place of “has” in “each device has a number” and “it must have a dry run”."""
    for place in range(1, len(part) - 1):
        is_phrase = part[place + 1].tag in _OF_A_PHRASE or _is_had(part, place + 1)
        if (
            part[place].lower in {"have", "has"}
            and is_phrase
            and (part[0].lower in {"each", "every"} or part[place - 1].lower in _MODALS)
        ):
            part[place].tag, part[place].base = "V", "have"
            return place
        if part[place].lower == "be" and part[place - 1].lower in _MODALS:
            part[place].tag = "V"
            return place
    return None


def _main_verb(part: Sequence[Token]) -> int | None:
    """Return the place of the verb of the main clause: not of one that depends on it."""
    start = _lead_end(part)
    if _has_each_with(part):
        return None
    if start < len(part) - 1 and part[start + 1].tag in {"D", "P", "#"}:
        found = verb_base(part[start].lower)
        if found is not None and found[1] in {"base", "s"} and part[start].tag in {"N", "V"}:
            part[start].base = found[0]
            return start
    for place in _outside_of_relatives(part, start):
        token = part[place]
        is_had = _is_had(part, place)
        if token.tag == "V" and not is_had and not _is_noun_after_all(part, place):
            return place + _helping(part[place : place + 3])
        if token.tag in {"E", "G"} and place and part[place - 1].tag == "M":
            return place
    ends = _SUBORDINATES | {"that", "which", "who"}
    limit = next((n for n in range(start, len(part)) if part[n].lower in ends), len(part))
    verbs = (place for place in range(start, limit) if part[place].tag in {"V", "E"})
    return next((place for place in verbs if not _is_had(part, place)), None)


def _is_had(part: Sequence[Token], place: int) -> bool:
    """Whether a word in its base form follows “has”, and so is no verb: “has open points”."""
    token = part[place]
    return (
        place > 0
        and part[place - 1].lower in {"have", "has"}
        and token.tag == "V"
        and token.base == token.lower
    )


def _has_each_with(part: Sequence[Token]) -> bool:
    """Whether a part only names what is stored: “6,000 costumes, each with photos and sizes”."""
    verb = next((n for n, each in enumerate(part) if each.tag == "V"), len(part))
    words = [each.lower for each in part[: verb + 1]]
    return ("each", "with") in pairwise(words)


def _outside_of_relatives(part: Sequence[Token], start: int) -> Iterator[int]:
    """Yield the places outside of relative clauses: “the days on which clocks change have to …”."""
    inside = helped = False
    for place in range(start, len(part)):
        token = part[place]
        asks = token.lower in {"who", "what"}
        if (token.tag == "W" and place > start) or (asks and place == start):
            inside, helped = True, False
        if inside and token.tag == "M":
            if helped and part[place - 1].tag not in {"M", "X", "R"}:
                inside = False  # “phones that were offline may have changed”
            helped = True
        is_helped = place > 0 and part[place - 1].tag in {"M", "X", "W"}
        if inside and (token.tag == "V" or (token.tag == "E" and is_helped)):
            inside = False  # The relative clause has its verb.
        elif not inside:
            yield place


def _helping(part: Sequence[Token]) -> int:
    """Return how many words before the verb only help it: “need to see”, “get matched”."""
    if part[0].base in {"need", "want"} and [each.tag for each in part[1:]] == ["T", "V"]:
        return 2
    return int(part[0].base == "get" and len(part) > 1 and part[1].tag == "E")


def _is_noun_after_all(part: Sequence[Token], place: int) -> bool:
    """Whether a word that can be a verb is the subject of the next one: “Trains arrive”."""
    after = part[place + 1] if place + 1 < len(part) else None
    is_plural = noun_base(part[place].lower) != part[place].lower
    return after is not None and after.tag == "V" and is_plural


_SHARE = re.compile(r"\d\s*(?:%|percent|per cent|euros?\b|€|\$)")


_NOW = re.compile(r"(?i)\b(?:currently|these days|at the moment|so far|until now)\b")


def _is_background(part: Sequence[Token], verb: int, text: str) -> bool:
    if _NOW.search(text):
        return True
    plain = _LEADING.sub("", text)
    found = verb_base(part[verb].lower)
    is_past = (
        found is not None
        and found[1] == "ed"
        and part[verb].base != "have"
        and not (verb and part[verb - 1].base == "get")
        and not any(each.tag == "M" for each in part[:verb])
    )
    if any(each.lower == "already" for each in part[:verb]) and part[verb].tag == "E":
        return True  # “6,000 pictures are already marked”
    us = any(each.lower in US for each in part[: min(verb, 4)])
    modal = any(each.lower in _MODALS for each in part[:verb])
    if part[verb].base in _WISHING and not us and any(each.base in _MADE for each in part):
        return True  # “they need an API”
    if us and (modal or part[verb].base in _WISHING or _SHARE.search(text)):
        return False
    return is_past or ((us or _BACKGROUND.match(plain) is not None) and not modal)
