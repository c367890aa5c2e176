"""The verbs with which people ask for work, and the labels that commit messages put before it."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from missioncontrol.specialists.planner import wording
from missioncontrol.specialists.words import words

SHOUTED_MIN = 3
"""Words in capitals that make a sentence shouted rather than full of names."""
LABELS = {
    "fix": "fix",
    "bugfix": "fix",
    "hotfix": "fix",
    "bug": "fix",
    "feat": "add",
    "feature": "add",
    "perf": "optimize",
    "docs": "document",
    "doc": "document",
    "test": "test",
    "tests": "test",
    "refactor": "refactor",
    "chore": "",
    "build": "",
    "ci": "",
    "style": "",
    "deps": "",
}
"""What “fix: …” and its like before an ask say about the work."""
_LABEL = re.compile(rf"(?i)(?P<label>{'|'.join(LABELS)})(?:\([^)\n]*\))?!?:\s+(?=\S)")
_STORY = re.compile(
    r"(?i)as\s+an?\s+[^,.;]{1,60}?,?\s+(?:i|we)(?:\s+(?:want|would like|wish|need)(?:\s+to)?"
    r"|['\u2019]d like(?:\s+to)?|\s+(?:can|could|must|should)(?:\s+be able to)?)\s+"
)
_WISH = re.compile(
    r"(?i)(?:i|we)(?:['\u2019]d| would)?\s+(?:like|love|want|need)\s+(?:to\s+(?:have\s+)?)?(?=\S)"
)
_SIGN_IN = re.compile(r"(?i)(?:log|sign)\s+(?:in|out|up|on|into|off)\b")
_NAME = re.compile(r"[A-Za-z]\w*(?:_\w|\.\w|\()")
_EDGES = "\"'“”\u2018\u2019*_~ \t"


@cache
def verbs() -> dict[str, str]:
    """Return the imperatives we know, each with the kind of work it speaks of ("" for any)."""
    path = Path(__file__).with_name("kinds.toml")
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {verb: kind for kind, group in data["verbs"].items() for verb in group}


def unlabelled(text: str) -> str:
    """Return `text` without a label, a story's “as a user I want to” or pictures."""
    match = _LABEL.match(text) or _STORY.match(text) or _WISH.match(text)
    rest = text[match.end() :] if match else text
    plain = _without_pictures(rest)
    return plain.strip(_EDGES) if plain[:1] in _EDGES and plain[-1:] in _EDGES else plain


def without_tag(text: str) -> str:
    """Return `text` without a label that adds nothing: “feat: add retries” asks to add retries."""
    label = _LABEL.match(text)
    if label and LABELS[label["label"].lower()] != "fix" and leading_verb(text[label.end() :]):
        return text[label.end() :]
    return text


def leading_verb(text: str) -> str:
    """Return the imperative that `text` starts with, in lower case, or an empty string.

    A label counts as one: “fix: the header is lost” begins with “fix”.
    """
    label = _LABEL.match(text)
    spoken = LABELS[label["label"].lower()] if label else ""
    if spoken == "fix":
        return spoken
    plain = wording.BEFORE_VERB.sub("", unlabelled(text))
    first = words(plain[:60])[:1]
    if _NAME.match(plain) or plain.startswith("`"):
        return spoken  # `load_dotenv` and `cache.clear()` are names, whatever they begin with.
    if _SIGN_IN.match(plain):
        return spoken  # “Log in” asks for no log.
    if not first or (first[0].isupper() and len(first[0]) > 1 and not _is_shouted(plain)):
        return spoken  # `GET` and `POST` are names, not imperatives.
    return first[0].lower() if first[0].lower() in verbs() else spoken


def is_story(text: str) -> bool:
    """Whether the text says what somebody in a role wants: “as a guest, I want to …”."""
    return _STORY.match(text) is not None


def _is_shouted(text: str) -> bool:
    return text.isupper() and len(words(text)) >= SHOUTED_MIN


def _without_pictures(text: str) -> str:
    """Cut emoji and other pictures off both ends, unless nothing else is there."""
    start, end = 0, len(text)
    while start < end and _is_picture(text[start]):
        start += 1
    while end > start and _is_picture(text[end - 1]):
        end -= 1
    return text[start:end] or text


def _is_picture(character: str) -> bool:
    return character.isspace() or (ord(character) > 0x2190 and not character.isalpha())
