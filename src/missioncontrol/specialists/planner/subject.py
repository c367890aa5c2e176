"""What an ask is about, in words that fit into a sentence."""

import re

from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.imperatives import unlabelled, verbs
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.words import STOP_WORDS

SUBJECT_LENGTH_MAX = 60


HEAD_LENGTH_MIN = 32
"""A longer subject is named by its head: “URL routing” for “URL routing for apps with …”."""


NAMED_WORDS_MAX = 5


LEADING_KINDS = frozenset({"security", "observability", "data", "ui", "release"})
"""Kinds of work whose verbs name a part of the code."""


_JOINTS = re.compile(
    r"\s+(?:for|into|with|when|while|which|that|on|in|at|as|from|via|where|whose|because|per|without|between|before|after)\s+",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"(?i)^(?:(?:an?|the|our|some|new|support for)\s+)*"
    r"(?:(?:documentation|docs|guide|tutorial)\s+(?:on|about|for|of|to)\s+)?"
)
_CLAUSE = re.compile(
    r"(?i)^(?:it|them|they|this|that|these|those|is|are|how|why|what|when|where)\b"
    r"|\b(?:should|must|can|cannot|is|are|was|were|has|have|needs?|does|do|doesn['\u2019]t"
    r"|don['\u2019]t|fails?|crash\w*|hangs?|drops?|breaks?)\b"
)


def subject_of(ask: Ask) -> str:
    """Return what an ask is about, without its verb and article: “Redis session backend”.

    It is never empty: where nothing is left of an ask, its own words are its subject.
    """
    whole = subject_text(ask)
    text = whole if _is_clause(whole) else _ARTICLE.sub("", whole)
    ends = r"\s+so\s+|[,;]\s|\s\(|:\s+given\s" + (r"|:\s" if ask.verb else "")
    text = re.split(ends, text)[0].strip(" :") or whole.strip() or ask.text
    if len(text) > HEAD_LENGTH_MIN and not (ask.is_property or _is_clause(text)):
        joints = [joint.start() for joint in _JOINTS.finditer(text)]
        heads = (text[:end] for end in joints)
        text = next((head for head in heads if re.search(r"[\s`/]", head)), text)
    return _closed(shortened(text, SUBJECT_LENGTH_MAX)) or ask.text


def subject_text(ask: Ask) -> str:
    """Return the ask without a verb that only says what is done, and without its label."""
    text = unlabelled(ask.text)
    if is_generic(ask.verb) and text.lower().startswith(ask.verb):
        rest = text[len(ask.verb) :].strip(" :")
        text = text if rest.startswith("(") else rest or text
    if ask.verb in {"speed", "clean", "set", "turn"}:
        text = re.sub(r"(?i)^(?:up|down|out|in)\s+(?=\w)", "", text)
    return text.strip() or ask.text


def search_text(ask: Ask) -> str:
    """Return the ask without a verb that says nothing about where in the code it lies.

    “Log”, “cache” and “encrypt” lead somewhere, “add” and “fix” do not.
    """
    leads = ask.verb == "cache" or verbs().get(ask.verb) in LEADING_KINDS
    return unlabelled(ask.text) if leads else subject_text(ask)


def is_generic(verb: str) -> bool:
    """Whether the verb says what is done and not what it is about: “add”, but not “retry”."""
    if verb == "let":
        return False  # “Let a worker skip …” is no sentence without it.
    return bool(verb) and (verb in STOP_WORDS or verbs().get(verb, "any") != "any")


def phrase_of(ask: Ask, thing: str) -> str:
    """Return the subject as it stands inside a sentence: with an article, or else in quotes."""
    speaks = ask.is_property or (ask.verb and not is_generic(ask.verb))
    if speaks or _CLAUSE.search(thing) or not (ask.verb or len(thing.split()) < NAMED_WORDS_MAX):
        return f"“{thing}”"
    if re.search(rf"(?i)\b(?:an?|the|our)\s+{re.escape(thing[:20])}", ask.text):
        return f"the {thing}"
    plain = next(iter(thing.split()), "")
    return thing[0].lower() + thing[1:] if plain[1:].islower() and not ask.verb else thing


def named_thing(ask: Ask) -> str:
    """Return the name of what an ask adds or changes, or "" where it is not one thing."""
    thing = subject_of(ask)
    if not is_generic(ask.verb) or _CLAUSE.search(thing) or " and " in thing:
        return ""
    named = phrase_of(ask, thing)
    return named if len(thing.split()) <= NAMED_WORDS_MAX and "“" not in named else ""


def _is_clause(text: str) -> bool:
    return _CLAUSE.search(text) is not None


def _closed(text: str) -> str:
    """Leave out what a cut has torn open: a bracket or a quotation without its end."""
    opened = text.rfind("(")
    if opened > 0 and ")" not in text[opened:]:
        text = text[:opened].rstrip(" …") + ("…" if text.endswith("…") else "")
    return text if text.count("`") % 2 == 0 else text.replace("`", "")
