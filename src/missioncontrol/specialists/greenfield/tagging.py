"""Tells the parts of speech of a sentence, by a lexicon and by what stands beside each word."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from missioncontrol.specialists.greenfield.lexicon import (
    look_up,
    noun_base,
    noun_class,
    verb_base,
)
from missioncontrol.specialists.greenfield.word_lists import Tag, closed_words

_TOKEN = re.compile(
    r"\d{1,2}:\d\d|\d[\d,.\u202f ]*\d|\d+|[^\W\d_]+(?:[-'/.+#][^\W\d_]+)*[+#]*"
    r"|[.,;:!?()%€$“”\"\u2013\u2014-]"
)
_ADJECTIVE_ENDINGS = ("able", "ible", "ful", "ous", "ive", "less")
_POSSESSIVE = ("'s", "s'")
_ENDS = frozenset({"", ".", ",", ";", ":", ")", "?"})
Factors = Mapping[str, float]

# How much likelier a word is each part of speech after a word of this one. Found by trying on
# sentences of goals; a factor of 4 overrides what the lexicon prefers for most words.
_AFTER: dict[str, Factors] = {
    "D": {"V": 0.05, "N": 3, "E": 0.5},
    "#": {"V": 0.05, "N": 3, "E": 0.5},
    "A": {"V": 0.1, "N": 3},
    "I": {"V": 0.1, "N": 2},
    "T": {"V": 12},
    "M": {"V": 4, "E": 4, "G": 4, "A": 4, "N": 0.3},
    "X": {"V": 4, "E": 4, "G": 4, "A": 4, "N": 0.3},
    "P": {"V": 6, "E": 6, "G": 6},
    "W": {"V": 2},
    "V": {"V": 0.1, "N": 2},
}
_MODAL: Factors = {"V": 30, "N": 0.1}
_BE: Factors = {"E": 3, "V": 0.1}
_HAVE: Factors = {"A": 0.1}
_AFTER_MODAL: dict[str, Factors] = {
    **dict.fromkeys(("can", "must", "may", "should", "will", "could"), _MODAL),
    **dict.fromkeys(("is", "are", "be", "been"), _BE),
    **dict.fromkeys(("have", "has", "had"), _HAVE),
}
SURE = 25
"""What stands between a subject and an article is its verb: “Members book a slot”."""
_BEFORE_OBJECT = frozenset({"D", "P", "#"})
_AFTER_VERB = _BEFORE_OBJECT | {"T", "W", "I", "C"}


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


class _Around(NamedTuple):
    """What stands beside a word."""

    word: str
    left: Sequence[Token]  # all words before it, tagged
    after: str  # the next word in lower case, or an empty string
    next_tag: str  # of a word that is always the same part of speech

    @property
    def previous(self) -> str:
        return self.left[-1].tag if self.left else "."

    @property
    def ends(self) -> bool:
        return self.after in _ENDS


def tagged_tokens(sentence: str) -> list[Token]:
    """Return the words of a sentence with their parts of speech."""
    plain = sentence.replace("\u2019", "'")
    tokens = [
        Token(m.group(), m.start(), m.end(), ".", m.group().lower()) for m in _TOKEN.finditer(plain)
    ]
    for index, token in enumerate(tokens):
        after = tokens[index + 1].lower if index + 1 < len(tokens) else ""
        around = _Around(token.text, tokens[:index], after, closed_words().get(after, ""))
        token.tag, token.base = _tag(token.lower, around)
    for index, token in enumerate(tokens[:-2]):
        if token.tag == "N" and _is_joined_adjective(tokens, index):
            token.tag = "A"
    return tokens


def _is_joined_adjective(tokens: Sequence[Token], index: int) -> bool:
    """Whether a word is the first of two adjectives: “duplicate and identical photos”."""
    known = look_up(tokens[index].lower)
    rest = tokens[index + 1 :]
    if known is None or "a" not in known.counts or rest[0].lower not in {"and", "or"}:
        return False
    after = [each.tag for each in rest[1:4] if each.tag != "R"]
    return after[:2] == ["A", "N"]


def _tag(word: str, around: _Around) -> tuple[Tag, str]:
    fixed = _fixed_tag(word, around)
    if fixed:
        return fixed, word
    verb, noun = verb_base(word), noun_base(word)
    scores = _scores(word, verb, noun)
    if not scores:
        unknown = _unknown_tag(word, around)
        return unknown, word.removesuffix("s") if unknown == "V" else noun
    for factors in _factors(around):
        for tag, factor in factors.items():
            if tag in scores:
                scores[tag] *= factor
    best = max(scores, key=lambda tag: scores[tag])
    if verb and best in {"V", "G", "E"}:
        return best, verb[0]
    return best, noun if best == "N" else word


def _fixed_tag(word: str, around: _Around) -> Tag | None:
    if not word[0].isalnum():
        return "."
    if word[0].isdigit():
        return "#"
    if word.endswith("n't"):
        return "X"
    if around.word[0].isupper() and around.previous != "." and word not in closed_words():
        return "N"  # A name: “in Go”, “Steam Deck”
    return None if word == "like" and around.next_tag else closed_words().get(word)


def _unknown_tag(word: str, around: _Around) -> Tag:
    is_name = around.word[0].isupper() and bool(around.left)
    if around.left and around.left[-1].lower in {"never", "must", "can", "should", "may"}:
        return "V"
    if word.endswith(("ise", "ises", "ize", "izes")) and around.next_tag in _BEFORE_OBJECT:
        return "V"
    if word.endswith("ly") and not is_name:
        return "R"
    return "A" if word.endswith(_ADJECTIVE_ENDINGS) else "N"


def _scores(word: str, verb: tuple[str, str] | None, noun: str) -> dict[Tag, float]:
    """Return how likely a word is each part of speech, without its context."""
    scores: dict[Tag, float] = {}
    known_noun, known = look_up(noun), look_up(word)
    if known_noun and "n" in known_noun.counts:
        scores["N"] = known_noun.share("n")
    if verb:
        found = look_up(verb[0])
        share = found.share("v") if found else 0.0
        form: Tag = "G" if verb[1] == "ing" else "E" if verb[1] == "ed" else "V"
        scores[form] = share if verb[1] in {"base", "s"} else max(share, 0.6)
        if form != "V" and "N" in scores and noun != word:
            del scores["N"]
    if known and "a" in known.counts:
        scores["A"] = known.share("a")
    if known and "r" in known.counts:
        scores["R"] = known.share("r")
    return scores


def _factors(around: _Around) -> Iterator[Factors]:
    """Yield what the neighbours make likelier."""
    if around.left and around.left[-1].lower.endswith(_POSSESSIVE):
        yield _AFTER["D"]
    else:
        yield _AFTER.get(around.previous, {})
    if around.previous == "N":
        yield from _after_noun(around)
    if around.previous == "M":
        yield _AFTER_MODAL.get(around.left[-1].lower, {})
        yield {"E": 5} if around.after == "by" else {}
    if around.previous == "E" and len(around.left) > 1 and around.left[-2].tag == "D":
        yield _AFTER["A"]
    if around.previous == "C":
        yield from _after_conjunction(around)
    yield from _at_start(around)
    if around.after == "of":
        yield {"V": 0.1}  # “an audit trail of changes”
    if around.next_tag == "I" or around.ends:
        yield {"A": 0.4}
    elif not around.next_tag:
        yield {"A": 1.5}


def _after_noun(around: _Around) -> Iterator[Factors]:
    """A subject is followed by its verb: “Owners register a tool”."""
    left = around.left
    part = left[_boundary(left) :]
    is_plural = left[-1].lower != left[-1].base
    is_subject = is_plural or noun_class(left[-1].base) == "person"
    has_verb = any(each.tag in {"V", "M"} for each in part)
    if not has_verb and is_subject and around.next_tag in _BEFORE_OBJECT:
        yield {"V": SURE}
    elif (
        not has_verb
        and is_plural
        and left[-1].text.islower() | (len(left) == 1)
        and (noun_base(around.after) != around.after)
    ):
        yield {"V": SURE}  # “Sellers list items”
    elif not has_verb and (is_subject or any(each.tag == "W" for each in part)):
        yield {"V": 4 if around.next_tag in _AFTER_VERB else 2}
    elif has_verb and not around.next_tag:
        yield {"V": 0.2, "N": 2}  # “become credit notes”
    elif around.ends and len(left) > 1 and left[-2].tag == "I":
        yield {"N": 4}  # “in Parquet files”
    yield {"V": 2.5 if around.next_tag in _BEFORE_OBJECT else 1, "A": 0.5}


def _after_conjunction(around: _Around) -> Iterator[Factors]:
    left = around.left
    if around.next_tag in _BEFORE_OBJECT | {"T"}:
        yield {"V": 2}
    if (
        len(left) > 1
        and left[-2].tag == "N"
        and (around.ends or around.next_tag in {"I", "W", "C"})
    ):
        is_list = left[-2].lower != left[-2].base and around.word.endswith("s")
        yield {"N": 8 if is_list else 2.5}  # “exceptions and trips after midnight”


def _at_start(around: _Around) -> Iterator[Factors]:
    """An imperative stands first: “Fetch the prices”, “Turn recordings into minutes”."""
    if any(each.tag != "." for each in around.left):
        return
    if around.after in {"need", "needs"} or around.next_tag == "M":
        yield {"V": 0.05}  # “Downloads need to resume”, “Ties are broken”
    elif around.next_tag in _BEFORE_OBJECT | {"W"} and around.word[0].isupper():
        yield {"V": 8}
    elif not around.ends and noun_base(around.after) != around.after:
        yield {"V": 3}


def _boundary(left: Sequence[Token]) -> int:
    """Return where the part of a sentence begins that its last words belong to."""
    for index in range(len(left) - 1, -1, -1):
        if left[index].lower in {",", ";", ":", "and", "or", "but"} or left[index].tag == "W":
            return index + 1
    return 0
