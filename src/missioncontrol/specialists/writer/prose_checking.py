"""Checks a passage that a model wrote against the facts it was given; on doubt it is refused.

A passage may put facts together in other words. It may not recount, name what no fact names,
turn a fact into its opposite, or promise what no fact says.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

TEXT_MAX = 900
FACTS_MAX = 12
KNOWN_SHARE = 0.6
"""Of the words of a sentence that mean something, so many have to stand in the facts."""

_NUMBER = re.compile(r"\d[\d.,\u202f\u00a0 ]*\d|\d")
_CODE = re.compile(r"`([^`\n]+)`")
_NAME = re.compile(
    r"\b(?:[A-Za-z_]\w*(?:[._/-]\w+)+|\w*_\w+|[a-z]+[A-Z]\w*|[A-Z]\w*[a-z][A-Z]\w*)\b"
)
_PROPER = re.compile(r"(?<=[a-z,;:] )[A-Z][A-Za-z]+")
_WORD = re.compile(r"[A-Za-z][A-Za-z'\u2019-]*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_NOT = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|neither|nor|without|cannot|fails? to|lacks?)\b"
    r"|n['\u2019]t\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[\n\r<>#|]|\]\(|!\[|https?:|\[\^")
_COUNTING = "zero one two three four five six seven eight nine ten eleven twelve"
_COUNTED = {word: str(number) for number, word in enumerate(_COUNTING.split())} | {
    "dozen": "12",
    "hundred": "100",
    "hundreds": "100",
    "thousand": "1000",
    "half": "50",
}
_UNCOUNTED = frozenset({"one"})
"""Words that count only sometimes."""

_PROMISING = """
always guarantee guarantees guaranteed ensure ensures ensured secure safe proven proves tested
verified complete completed completely done finished shipped released faster fastest easier simple
simply trivial best seamless robust scalable everyone everybody every all only must approved signed
agreed fully entirely perfect zero instant instantly
"""
_PROMISES = frozenset(_PROMISING.split())
"""Words that a passage may use only where a fact does."""

_FILLING = """
about above after again against also among and another are because been before being below between
both but came come could does doing during each either else even from further gets have having here
into itself just kept keeps less like made make makes more most much need needs once other over same
should since some such than that their them then there these they this those through today together
under until very was well were what when where which while whom whose will with within would your
"""
_SMALL = frozenset(_FILLING.split())
"""Words that say nothing by themselves."""


def fault_of(text: str, cited: Sequence[str], facts: Mapping[str, str]) -> str:
    """Return why a passage that rests on the facts `cited` is refused; "" where it holds."""
    shape = _shape_fault(text, cited, facts)
    if shape:
        return shape
    ground = "\n".join(facts[name] for name in cited)
    for check in (_numbers, _names, _promises):
        unknown = next(check(text, ground), "")
        if unknown:
            return unknown
    return next(_claims(text, ground), "")


def _shape_fault(text: str, cited: Sequence[str], facts: Mapping[str, str]) -> str:
    if not text.strip():
        return "It is empty."
    if len(text) > TEXT_MAX:
        return f"It has {len(text)} characters; at most {TEXT_MAX} fit."
    if found := _MARKUP.search(text):
        return f"It holds {found[0]!r}, and is to be plain sentences on one line."
    if not cited or len(cited) > FACTS_MAX:
        return f"It names {len(cited)} facts; 1 to {FACTS_MAX} are needed."
    unknown = next((name for name in cited if name not in facts), "")
    return f"It rests on {unknown[:60]!r}, which is no fact that was given." if unknown else ""


def _numbers(text: str, ground: str) -> Iterator[str]:
    known = {_plain(each) for each in _NUMBER.findall(ground)}
    known |= {_COUNTED[word] for word in _words(ground) if word in _COUNTED}
    for each in _NUMBER.findall(text):
        if _plain(each) not in known:
            yield f"It says {each.strip()}, which none of its facts does."
    for word in _words(text):
        if word in _COUNTED and word not in _UNCOUNTED and _COUNTED[word] not in known:
            yield f"It says “{word}”, which none of its facts does."


def _plain(number: str) -> str:
    digits = re.sub(r"[\u202f\u00a0 ]|,(?=\d{3}(?!\d))", "", number).strip(".,")
    return digits.lstrip("0") or "0"


def _names(text: str, ground: str) -> Iterator[str]:
    low = ground.lower()
    named = [*_CODE.findall(text), *_NAME.findall(text), *_PROPER.findall(text)]
    for each in named:
        if each.lower() not in low:
            yield f"It names {each[:60]!r}, which none of its facts does."


def _promises(text: str, ground: str) -> Iterator[str]:
    known = set(_words(ground))
    for word in _words(text):
        if word in _PROMISES and word not in known:
            yield f"It says “{word}”, which none of its facts does."


def _claims(text: str, ground: str) -> Iterator[str]:
    facts = [each for line in ground.split("\n") for each in _SENTENCE.split(line) if each]
    meant = [_meanings(each) for each in facts]
    known = set().union(*meant) if meant else set()
    for sentence in _SENTENCE.split(text):
        words = _meanings(sentence)
        if not words:
            continue
        strange = sorted(words - known)
        if len(strange) > (1 - KNOWN_SHARE) * len(words):
            yield f"No fact says “{sentence[:120]}”: {', '.join(strange[:5])} stand in none."
            continue
        nearest = max(range(len(facts)), key=lambda n: _alike(words, meant[n]))
        if bool(_NOT.search(sentence)) != bool(_NOT.search(facts[nearest])):
            yield f"“{sentence[:120]}” may say the opposite of “{facts[nearest][:120]}”."


def _alike(one: set[str], other: set[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _meanings(text: str) -> set[str]:
    """Return the words of a text that mean something, without their endings."""
    return {_stem(word) for word in _words(text) if len(word) > 3 and word not in _SMALL}


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word.removesuffix("e") if len(word) > 4 else word
