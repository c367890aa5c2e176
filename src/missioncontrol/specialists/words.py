"""Words of a text and of identifiers, reduced to compare, and which of them name the thing."""

import re
from functools import cache

SUFFIXES = ("ations", "ation", "ions", "ion", "ies", "ing", "ers", "ors", "ed", "es", "er", "or")
STEM_LENGTH_MIN = 4
ENDINGS = (
    "(?:ations?|ates?|ated|ating|ators?|ions?|y|ies|ied|ings?|e|es|ed|s|ers?|ors?|able|ible|ment)?"
)
_COMMON_WORDS = """
bring build choose define find honor honour make move prepare remove write apply accept adapt
adjust a about above after again against all also an and any are as at be because been before
being below between both but by can cannot could did do does doing done down during each either
else etc ever every few for from further get gets give given gives go goes had has have having he
her here him his how however i if in instead into is it its itself just least less let like may me
might more most much must my need needed needs neither never no nor not now of off often on once
one only onto or other our out over own per please same several shall she should since so some
still such than that the their them then there these they this those though through thus to too
two three under until up upon us use used using uses very via want wants was way we well were what
when where whether which while who whole whom whose why will with within without would yet you
your able add added adding adds allow allows be become begin change changed changes changing clean
correct create created creates currently drop easily enable ensure ensures exist existing expose
extend fix fixed fixes fixing fully handle implement implemented implementing implements improve
improved introduce keep kept let make makes making new old offer option options please properly
provide provided provides put really remove removed removing replace replaced set show start stop
support supported supporting supports thing things turn update updated work working works write
written code project repository repo app application package library file files good better best
way ways first last second time times people person someone something
"""
STOP_WORDS = frozenset(_COMMON_WORDS.split())
"""Words that say nothing about where in a repository the work lies."""
ONE_WORD = frozenset(
    [
        "opentelemetry",
        "github",
        "gitlab",
        "javascript",
        "typescript",
        "postgresql",
        "mysql",
        "mongodb",
        "graphql",
        "rabbitmq",
        "dynamodb",
        "openapi",
        "opensearch",
        "clickhouse",
        "newrelic",
        "datadog",
    ]
)
"""Names that look like two words: what speaks of “open” says nothing about OpenTelemetry."""
NO_DOERS = frozenset(
    ["header", "folder", "letter", "number", "server", "buffer", "filter", "member", "parameter"]
)
"""Words whose “er” is no ending: a header is not what heads, nor a letter what lets."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+(?:\.\d+)+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_A-Za-z]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
END = r"(?![a-z])(?!(?<=[A-Z])[A-Z])"
"""No letter goes on with the word: neither `redirect` nor `REDIRECT` speaks of `redis`."""
HEAD_WORDS_MAX = 4
_OPENING = re.compile(
    r"(?i)^\W*(?:(?:please|fix|feat|bug|perf|docs|chore)\b[\s:]*)?"
    r"(?:as an? [^,.;]{1,40},? i (?:want|can|would like)(?: to)? )?"
)
_LETTING = re.compile(
    r"(?i)^\W*(?:let|allow|enable|permit|make|have)\s+(?:an?|the|our|each|every)?\s*(\w+)"
)
_JOINT = re.compile(
    r"(?i)[,.;:()\u3002]\s|\b(?:that|which|who|whose|when(?:ever)?|where|while|if|for|with|without"
    r"|from|by|to|in|into|on|at|as|per|after|before|until|so|because|should|must|can|cannot|may|is"
    r"|are|was|does|do|has|have|needs?)\b"
)
_LOCATION = re.compile(
    r"(?i)\b(?:in|into|inside|within|to|from|of)\s+(?:the|our)\s+((?:[\w-]+\s+){0,2}[\w-]+)\s*[.!]?$"
)


@cache
def stem(word: str) -> str:
    """Return the lower-case stem of an English word; other words come back in lower case."""
    small = word.lower()
    if small.removesuffix("s") in NO_DOERS:
        return small.removesuffix("s")
    for suffix in SUFFIXES:
        if small.endswith(suffix) and len(small) - len(suffix) >= STEM_LENGTH_MIN:
            return _undoubled(small[: -len(suffix)], suffix)
    if small.endswith("ss"):
        return small
    if small.endswith("s") and len(small) > STEM_LENGTH_MIN - 1:
        small = small[:-1]
    if small.endswith(("e", "y")) and len(small) > STEM_LENGTH_MIN:
        small = small[:-1]
    return small


def _undoubled(root: str, suffix: str) -> str:
    """Return “log” for what is left of “logging” and “logger”; “setting” keeps its own root."""
    ends = suffix in {"ing", "ed", "er", "ers"}
    doubled = ends and root[-1] == root[-2] and root[-1] in "bdgmnprt"
    return root[:-1] if doubled and root[:-1] not in STOP_WORDS else root


_PEOPLE = frozenset(
    stem(word)
    for word in ["user", "admin", "customer", "developer", "operator", "visitor", "owner", "caller"]
)
"""Who asks; what they ask for lies elsewhere."""


def words(text: str) -> list[str]:
    """Return the words of a prose text in order; digits and punctuation are left out."""
    return _WORD.findall(text)


def parts(identifier: str) -> list[str]:
    """Split `SecureCookieSession` or `open_session` into its words."""
    return _CAMEL.findall(identifier)


def is_cjk(text: str) -> bool:
    """Whether Chinese, Japanese or Korean characters are in the text."""
    return _CJK.search(text) is not None


def significant_words(text: str) -> list[str]:
    """Return the words that say what a text is about, without repeats, in order of appearance.

    Chinese, Japanese and Korean runs become pairs of characters, as they have no spaces.
    """
    found: dict[str, str] = {}
    for word in words(text):
        for piece in _pieces(word):
            if piece.lower() not in STOP_WORDS and len(piece) > 1:
                found.setdefault(stem(piece), piece)
    return list(found.values())


def _pieces(word: str) -> list[str]:
    if not is_cjk(word):
        return [word] if word.islower() or word.isupper() else [word, *_inner(word)]
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))]


def _inner(word: str) -> list[str]:
    inside = parts(word)
    return inside if len(inside) > 1 and word.lower() not in ONE_WORD else []


@cache
def pattern(word: str) -> re.Pattern[str]:
    """Return a pattern that finds the word's forms in prose and inside identifiers."""
    root = stem(word)
    if not root.isascii():
        return re.compile(re.escape(root))
    safe, capital = re.escape(root), re.escape(root.capitalize())
    doubling = rf"(?:{root[-1]}(?=ing|ed|er))?" if root[-1:] in tuple("bdgmnprt") else ""
    ends = doubling + ENDINGS
    return re.compile(rf"(?<![A-Za-z])(?i:{safe}{ends}){END}|(?<=[A-Za-z0-9]){capital}{ends}{END}")


def head_stems(text: str) -> frozenset[str]:
    """Return the stems of the words that name what the first sentence of `text` is about.

    They are those before its first preposition or relative clause, and those of “in the …” at its
    end: “worker” in “let a worker skip jobs whose queue is paused”.
    """
    first = next((line for line in text.strip().splitlines() if line.strip()), "")
    first = re.split(r"(?<=[.!?])\s", first, maxsplit=1)[0]
    let = _LETTING.match(first)
    plain = let[1] if let else _OPENING.sub("", first, count=1)
    cut = _JOINT.search(plain)
    head = plain[: cut.start()] if cut and cut.start() > 0 else plain
    found = [stem(word) for word in significant_words(head)][:HEAD_WORDS_MAX]
    place = _LOCATION.search(first)
    found += [stem(word) for word in significant_words(place[1])] if place else []
    return frozenset(found) - _PEOPLE
