"""Tells the parts of speech of a sentence, by a lexicon and by what stands beside each word.

A greedy averaged perceptron, learned from sentences of goals whose words were labelled
(`bench/greenfield/sentences.txt`).
"""

import re
from collections.abc import Sequence
from functools import cache

import msgspec

from missioncontrol.specialists.greenfield.lexicon import (
    PartOfSpeech,
    Tag,
    closed_words,
    look_up,
    noun_base,
    noun_class,
    verb_base,
)
from missioncontrol.specialists.greenfield.weights import reading_weights

_TOKEN = re.compile(
    r"\d{1,2}:\d\d|\d[\d,.\u202f ]*\d|\d+|[^\W\d_]+(?:[-'/.+#][^\W\d_]+)*[+#]*"
    r"|[.,;:!?()%€$“”\"\u2013\u2014-]"
)
_BOUNDS = frozenset(",;:.(")
_VERBAL = frozenset({"V", "M"})
_POSSESSIVE = ("'s", "s'")


class Token(msgspec.Struct):
    """A word of the goal with what it is there."""

    text: str
    start: int
    end: int
    tag: Tag
    base: str

    @property
    def lower(self) -> str:
        """The word in lower case."""
        return self.text.lower()


class Known(msgspec.Struct, frozen=True):
    """What the lexicon says of a word, as features."""

    key: str  # the feature that says most: a closed class, or the shares of noun and verb
    all: tuple[str, ...]
    form: str = "-"  # of the verb that it can be: base, s, ing or ed
    marks: str = "sg"  # plural, and person


def tagged_tokens(sentence: str) -> list[Token]:
    """Return the words of a sentence with their parts of speech."""
    plain = sentence.replace("\u2019", "'")
    tokens = [
        Token(m.group(), m.start(), m.end(), ".", m.group().lower()) for m in _TOKEN.finditer(plain)
    ]
    words = [each.text for each in tokens]
    for token, tag in zip(tokens, tags_of(words), strict=True):
        token.tag, token.base = tag, _base(token.lower, tag)
    return tokens


def tags_of(words: Sequence[str]) -> list[Tag]:
    """Return the part of speech of each word."""
    learned = reading_weights("tag")
    found: list[Tag] = []
    for place, word in enumerate(words):
        fixed = fixed_tag(word)
        if fixed is not None:
            found.append(fixed)
            continue
        scores: dict[Tag, float] = dict.fromkeys(TAGS, 0.0)
        for name in tag_features(words, place, found):
            for tag, weight in learned.get(name, {}).items():
                scores[tag] += weight  # type: ignore[index]
        found.append(max(scores, key=lambda tag: scores[tag]))
    return found


TAGS: tuple[Tag, ...] = ("N", "V", "A", "D", "P", "I", "M", "C", "W", "R", "G", "E", "T", "X", "#")


def fixed_tag(word: str) -> Tag | None:
    """Return the part of speech that a word has wherever it stands."""
    if not word[0].isalnum():
        return "."
    return "#" if word[0].isdigit() else None


def _base(word: str, tag: Tag) -> str:
    """Return the base form of a word by its part of speech."""
    if tag == "N":
        return noun_base(word.removesuffix("'s").removesuffix("'"))
    found = verb_base(word) if tag in {"V", "G", "E"} else None
    if found:
        return found[0]
    return word.removesuffix("s") if tag == "V" and len(word) > 3 else word


# --- features ------------------------------------------------------------------------------------


@cache
def known(word: str) -> Known:
    """Return what the lexicon says of a word in lower case."""
    if not word[0].isalnum():
        return Known(f"p:{word}", (f"p:{word}",))
    if word[0].isdigit():
        return Known("num", ("num",))
    noun, verb = noun_base(word), verb_base(word)
    n, v = _share(noun, "n"), _share(verb[0], "v") if verb else 0
    a, r = _share(word, "a"), _share(word, "r")
    form = verb[1] if verb else "-"
    number = "poss" if word.endswith(_POSSESSIVE) else "pl" if noun != word else "sg"
    features = [f"n{n}v{v}a{a}r{r}", f"n{n}v{v}", f"form{form}{v}", f"{number}n{n}"]
    features += [f"N{n}", f"V{v}", f"A{a}", f"R{r}", form]
    if look_up(noun):
        features.append(f"cls:{noun_class(noun) or '?'}")
    elif not (look_up(word) or (verb and look_up(verb[0]))):
        features.append("unknown")
    if closed := closed_words().get(word):
        features = [f"cw:{closed}", f"cl:{word}", *features]
    marks = number + ("person" if noun_class(noun) == "person" else "")
    return Known(features[0], tuple(features), form, marks)


def _share(base: str, part: PartOfSpeech) -> int:
    """Return how often a word is a part of speech, in five steps."""
    found = look_up(base)
    if found is None or part not in found.counts:
        return 0
    return 1 + sum(found.share(part) >= step for step in (0.15, 0.4, 0.75))


def tag_features(words: Sequence[str], place: int, tags: Sequence[str]) -> list[str]:
    """Return what tells the part of speech of a word; `tags` are those of the words before it."""
    word, me = words[place].lower(), known(words[place].lower())
    one, two = (["<", "<", *tags])[-1], (["<", "<", *tags])[-2]
    before = words[place - 1].lower() if place else "<"
    after = words[place + 1].lower() if place + 1 < len(words) else ">"
    next_one, next_two = _seen(words, place + 1), _seen(words, place + 2)
    key, verb = me.key, "1" if _has_verb(words, tags) else "0"
    left = f"{one}{known(before).marks}" if place else "<"
    starts = all(each == "." for each in tags)
    found = ["b", f"w:{word}", f"suf:{word[-3:]}", f"p1:{one}", f"p12:{two}{one}", f"n1:{next_one}"]
    found += [f"s:{each}" for each in me.all]
    found += [
        f"{key}|p1:{one}",
        f"{key}|n1:{next_one}",
        f"{key}|p1n1:{one}{next_one}",
        f"{key}|p12:{two}{one}",
        f"{key}|hv{verb}|n1{next_one}",
        f"{key}|hv{verb}|p1{one}",
        f"p1n1:{one}|{next_one}",
        f"pw:{before}",
        f"pw:{before}|{key}",
        f"nw:{after}|{key}",
        f"n12:{next_one}|{next_two}|{key}",
    ]
    if place:
        found += [f"{key}|{left}|{verb}|{next_one}", f"{key}|{left}", f"{me.form}|{left}|{verb}"]
    if starts:
        raised = "U" if words[place][0].isupper() else "l"
        found += [f"start|{key}", f"start|{key}|{next_one}", f"start{raised}{key}"]
    if words[place][0].isupper():
        found.append("up" + ("s" if starts else "m"))
    return found


def _seen(words: Sequence[str], place: int) -> str:
    """Return what is known about a word behind the one in question."""
    if place >= len(words):
        return ">"
    word = words[place].lower()
    return closed_words().get(word) or known(word).key


def _has_verb(words: Sequence[str], tags: Sequence[str]) -> bool:
    """Whether the part of the sentence that the last words belong to has a verb."""
    for word, tag in zip(reversed(words[: len(tags)]), reversed(tags), strict=True):
        if word in _BOUNDS or tag == "W":
            return False
        if tag in _VERBAL:
            return True
    return False
