"""The verbs with which people ask for work, and the forms in which they write them."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from missioncontrol.specialists.planner import phrasing
from missioncontrol.specialists.words import words

SHOUTED_MIN = 3
"""Words in capitals that make a sentence shouted rather than full of names."""
_FIX = re.compile(r"(?i)(?:fix|bugfix|hotfix|bug):\s+(?=\S)")
"""“Fix: the header is lost” begins with “fix”."""
_STORY = re.compile(
    r"(?i)as\s+an?\s+[^,.;]{1,60}?,?\s+(?:i|we)(?:\s+(?:want|would like|wish|need)(?:\s+to)?"
    r"|['\u2019]d like(?:\s+to)?|\s+(?:can|could|must|should)(?:\s+be able to)?)\s+"
)
_WANT = re.compile(
    r"(?i)(?:i|we)(?:['\u2019]d| would)?\s+(?:like|love|want|need)\s+(?:to\s+(?:have\s+)?)?(?=\S)"
)
_SIGN_IN = re.compile(r"(?i)(?:log|sign)\s+(?:in|out|up|on|into|off)\b")
_NAME = re.compile(r"[A-Za-z]\w*(?:_\w|\.\w|\(|/\w)")
_OF_CODE = re.compile(r"^`[^`\n]+`:\s+(?=\S)")
"""“`--depth`: accept 0” asks something of what it names first."""
_NOUN_FIRST = re.compile(
    r"(?i)\w+\s+(?:(?:is|are|was|were|has|does|do|did|cannot|can|should|must|will|gets?|fails?"
    r"|doesn['\u2019]t|isn['\u2019]t|aren['\u2019]t|can['\u2019]t|don['\u2019]t)\b"
    r"|(?<=\bsearch\s|\bimport\s|\bexport\s|\bupload\s|\bupdate\s)\w+\s(?:is|are|was|were|gets?)\b"
    r"|(?<=\bimport\s|\bexport\s|\bsearch\s|\bupload\s|\bupdate\s)"
    r"(?:crashes|hangs|breaks|returns|raises|throws|takes|loses|drops|ignores)\b)"
)
"""A verb behind the first word makes that a noun: “Export is slow”."""
REPORTED_VERBS = """
add allow change clean convert correct create delete disable document drop enable extend fix
handle implement improve introduce make move refactor remove rename replace resolve restore
simplify support update upgrade use
"""
"""Verbs with which people report a change that they want: “Adds a flag”, “Fixed a leak”."""
_REPORTED = re.compile(
    r"(?P<word>[A-Za-z]+(?:s|ed|made))\s+(?!(?:is|are|was|were|has|have|had|do|does|did|can|cannot"
    r"|should|must|will|would|gets?|fails?|breaks?|crash\w*|takes?|needs?|to|from|for|of|in|on|and"
    r"|by|not|never|that|which)\b)(?=\S)"
)
_PICTURE_CODE = re.compile(r"^\s*(?::[a-z][a-z_]+:\s*)+(?=\w)")
"""“:sparkles: add …”: a picture written as its name."""
_GERUND = re.compile(
    r"(?i)(?P<word>[a-z]+ing)\s+(?=\S)(?!.*\b(?:is|are|was|were|has|have|had|does|do|did|cannot|can"
    r"|should|must|will|would|fails?|breaks?|crash\w*|raises?|throws?|hangs?|returns?|causes?|leads?"
    r"|makes?|gives?|produces?|results?|takes?|leaves?|loses?|drops?|ignores?|shows?|prints?)\b)"
)
"""“Adding a flag” reports a change; “Adding a flag breaks …” tells a fault."""
_EDGES = "\"'“”\u2018\u2019*_~ \t"


@cache
def verbs() -> dict[str, str]:
    """Return the imperatives we know, each with the kind of work it speaks of ("" for any)."""
    path = Path(__file__).with_name("kinds.toml")
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {verb: kind for kind, group in data["verbs"].items() for verb in group}


def unlabelled(text: str) -> str:
    """Return `text` without “fix:”, a story's “as a user I want to” or pictures."""
    match = _FIX.match(text) or _STORY.match(text) or _WANT.match(text)
    rest = text[match.end() :] if match else text
    plain = without_pictures(rest)
    return plain.strip(_EDGES) if plain[:1] in _EDGES and plain[-1:] in _EDGES else plain


def as_imperative(text: str) -> str:
    """Return “Add a flag” for “Adds”, “Added” or “Adding a flag”, and any other text as it is."""
    match = _REPORTED.match(text) or _GERUND.match(text)
    base = _reported().get(match["word"].lower(), "") if match else ""
    if not match or not base:
        return text
    verb = base.capitalize() if match["word"][0].isupper() else base
    return verb + text[match.end("word") :]


def leading_verb(text: str) -> str:
    """Return the imperative that `text` starts with, in lower case, or an empty string."""
    if _FIX.match(text):
        return "fix"
    plain = phrasing.BEFORE_VERB.sub("", unlabelled(_OF_CODE.sub("", text)))
    if _NAME.match(plain) or plain.startswith("`"):
        return ""  # `load_dotenv` and `cache.clear()` are names, whatever they begin with.
    if _SIGN_IN.match(plain) or _NOUN_FIRST.match(plain):
        return ""  # “Log in” asks for no log, and “Import fails” for no import.
    first = words(plain[:60])[:1]
    if not first or (first[0].isupper() and len(first[0]) > 1 and not _is_shouted(plain)):
        return ""  # `GET` and `POST` are names, not imperatives.
    return first[0].lower() if first[0].lower() in verbs() else ""


@cache
def _reported() -> dict[str, str]:
    """Return the forms in which a change is reported, each with its imperative."""
    found: dict[str, str] = {}
    for verb in REPORTED_VERBS.split():
        stem = verb.removesuffix("e")
        past = f"{verb[:-1]}ied" if verb.endswith("fy") else f"{stem}ed"
        past = f"{verb}{verb[-1]}ed" if verb == "drop" else past
        doubled = verb[-1] if verb == "drop" else ""
        found[f"{stem}{doubled}ing"] = verb
        third = f"{verb[:-1]}ies" if verb.endswith("fy") else f"{verb}s"
        third = f"{verb}es" if verb.endswith("x") else third
        found |= {past: verb, third: verb}
    return found | {"made": "make"}


def is_story(text: str) -> bool:
    """Whether the text states what a user in a role wants: “as a guest, I want to …”."""
    return _STORY.match(text) is not None


def _is_shouted(text: str) -> bool:
    return text.isupper() and len(words(text)) >= SHOUTED_MIN


def without_pictures(text: str) -> str:
    """Cut emoji and other pictures off both ends, unless nothing else is there."""
    text = _PICTURE_CODE.sub("", text)
    start, end = 0, len(text)
    while start < end and _is_picture(text[start]):
        start += 1
    while end > start and _is_picture(text[end - 1]):
        end -= 1
    return text[start:end] or text


def _is_picture(character: str) -> bool:
    return character.isspace() or (ord(character) > 0x2190 and not character.isalpha())
