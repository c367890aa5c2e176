"""What an ask is about, in words that fit into a sentence."""

import re

from missioncontrol.specialists.planner.goal import Ask, verbs
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.words import STOP_WORDS

SUBJECT_LENGTH_MAX = 60


HEAD_LENGTH_MIN = 32
"""A longer subject is named by its head: “URL routing” for “URL routing for apps with …”."""


_JOINTS = re.compile(
    r"\s+(?:for|into|with|when|while|which|that|on|in|at|as|from|via|where)\s+", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"(?i)^(?:it|them|they|this|that|these|those|is|are|how|why|what|when|where)\b"
    r"|\b(?:should|must|can|cannot|is|are|was|were|has|have|needs?)\b"
)


def subject_of(ask: Ask) -> str:
    """Return what an ask is about, without its verb and article: “Redis session backend”."""
    text = ask.text
    if is_generic(ask.verb) and text.lower().startswith(ask.verb):
        text = text[len(ask.verb) :].strip()
        text = (
            re.sub(r"(?i)^(?:up|down|out|in)\s+(?=\w)", "", text)
            if ask.verb in {"speed", "clean", "set", "turn"}
            else text
        )
    text = re.sub(r"(?i)^(?:an?|the|our|some|new|support for)\s+", "", text) or ask.text
    text = re.split(r"\s+so\s+|[,;(]\s|:\s", text)[0]
    if len(text) > HEAD_LENGTH_MIN:
        ends = [joint.start() for joint in _JOINTS.finditer(text)]
        text = next((text[:end] for end in ends if len(text[:end].split()) > 1), text)
    return shortened(text, SUBJECT_LENGTH_MAX)


def is_generic(verb: str) -> bool:
    """Whether the verb says what is done and not what it is about: “add”, but not “retry”."""
    return bool(verb) and (verb in STOP_WORDS or verbs().get(verb, "any") != "any")


def phrase_of(ask: Ask, thing: str) -> str:
    """Return the subject as it stands inside a sentence: with an article, or else in quotes."""
    speaks = ask.verb and not is_generic(ask.verb)
    if speaks or _CLAUSE.search(thing) or not (ask.verb or len(thing.split()) < 5):
        return f"“{thing}”"
    if re.search(rf"(?i)\b(?:an?|the|our)\s+{re.escape(thing[:20])}", ask.text):
        return f"the {thing}"
    plain = thing.split()[0]
    return thing[0].lower() + thing[1:] if plain[1:].islower() and not ask.verb else thing


def subject_text(ask: Ask) -> str:
    """Return the ask without a verb that only says what is done."""
    cut = is_generic(ask.verb) and ask.text.lower().startswith(ask.verb)
    return ask.text[len(ask.verb) :] if cut else ask.text
