"""Recognises what kind of work a goal is, by whole words and whatever a project is called."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.specialists.heading import head_stems
from missioncontrol.specialists.planner.goal import Goal
from missioncontrol.specialists.planner.imperatives import verbs
from missioncontrol.specialists.words import stem, words

VERB_SCORE, WORD_SCORE, PHRASE_SCORE = 3.0, 2.0, 2.5
HEAD_SCORE = 1.0
"""What a word adds when it names the thing: “documentation on testing” is documentation."""
LATER_SHARE = 0.5
"""What a later ask counts for beside the first: the first one says what the work mainly is."""
CONSTRAINT_SHARE = 0.2
SCORE_MIN = 1.0
KINDS_MAX = 4
_SPEED = re.compile(r"(?i)\b(?:fast\w*|slow\w*|speed\w*|optimi[sz]\w+|quick\w*|perform well)\b")


class KindWords(msgspec.Struct, frozen=True):
    """One kind of work and how a goal speaks of it."""

    key: str
    label: str
    stems: frozenset[str]
    phrases: tuple[re.Pattern[str], ...]


@cache
def kinds() -> tuple[KindWords, ...]:
    """Return the kinds of `kinds.toml` in its order."""
    path = Path(__file__).with_name("kinds.toml")
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        KindWords(
            key,
            entry["label"],
            frozenset(stem(word) for word in entry["words"]),
            tuple(
                re.compile(rf"(?i)(?<!\w){re.escape(text)}(?:s|es)?(?!\w)")
                for text in entry["phrases"]
            ),
        )
        for key, entry in data["kinds"].items()
    )


def label(key: str) -> str:
    """Return the words for a kind."""
    return next(kind.label for kind in kinds() if kind.key == key)


def recognised(goal: Goal, *, names: Iterable[str] = (), has_code: bool) -> tuple[str, ...]:
    """Return the kinds of work, the main one first.

    `names` are the project's and its dependencies' names: they say nothing about the work, and
    neither does anything quoted as code or written like a path.
    """
    scores = dict.fromkeys((kind.key for kind in kinds()), 0.0)
    hidden = _hidden(names)
    for number, ask in enumerate(goal.asks):
        share = 1.0 if number == 0 else LATER_SHARE
        if ask.kind == "constraint" and number:
            share = CONSTRAINT_SHARE
        for key, score in _scores(hidden.sub(" ", ask.text), ask.verb).items():
            scores[key] += share * score
    for sentence in goal.background:
        for key, score in _scores(hidden.sub(" ", sentence), "").items():
            scores[key] += LATER_SHARE * score
    if not has_code:
        scores["new-service"] += max(VERB_SCORE, max(scores.values())) + 1
    speeds = any(_SPEED.search(ask.text) for ask in goal.asks)
    return _chosen(scores, has_code=has_code, speeds=speeds)


def _scores(text: str, verb: str) -> dict[str, float]:
    found: dict[str, float] = {}
    spoken = verbs().get(verb, "any")
    if spoken != "any":
        found[spoken] = VERB_SCORE
    # The verb has been counted already.
    stems = {stem(word) for word in words(text) if word.lower() != verb}
    heads = head_stems(subject_only(text, verb))
    for kind in kinds():
        hits = len(kind.stems & stems)
        leads = HEAD_SCORE if kind.stems & heads else 0.0
        phrases = sum(1 for phrase in kind.phrases if phrase.search(text))
        if hits or phrases:
            found[kind.key] = found.get(kind.key, 0.0) + _added(hits, phrases) + leads
    return found


def subject_only(text: str, verb: str) -> str:
    """Return the text behind its verb."""
    return text[len(verb) :] if verb and text.lower().startswith(verb) else text


def _added(hits: int, phrases: int) -> float:
    return WORD_SCORE * min(hits, 2) + PHRASE_SCORE * min(phrases, 2)


def _hidden(names: Iterable[str]) -> re.Pattern[str]:
    quoted = [
        r"(?i:\b(?:log|sign)(?:ged|ging)?[ -](?:in|out|up|on|into)\b)",
        r"(?i:\btest (?:client|runner|server|mode|harness|helper)s?\b)",
        r"`[^`]*`",
        r"\S*/\S*",
        r"\b[\w-]+\.[a-z]\w{0,8}\b",
        r"\b\w+_\w+\b",
    ]
    known = [rf"(?i:(?<![\w-]){re.escape(name)}(?![\w-]))" for name in sorted(set(names)) if name]
    return re.compile("|".join([*quoted, *known]))


def _chosen(scores: dict[str, float], *, has_code: bool, speeds: bool) -> tuple[str, ...]:
    order = list(scores)
    if has_code and scores["new-service"] < VERB_SCORE + 1:
        # “Create a session backend” in a repository with code adds to it.
        scores["feature"] += scores["new-service"]
        scores["new-service"] = 0.0
    if _is_about(scores, "feature", ("tests", "documentation", "ui", "release")):
        scores["feature"] = 0.5
    if scores["observability"] >= VERB_SCORE - 1 and not speeds:
        scores["performance"] = 0.0  # “Metrics for latency” asks for no speed.
    chosen = [key for key in order if scores[key] >= SCORE_MIN]
    chosen.sort(key=lambda key: (-scores[key], order.index(key)))
    return tuple(chosen[:KINDS_MAX]) or (("feature",) if has_code else ("new-service",))


def _is_about(scores: dict[str, float], verb_kind: str, objects: Sequence[str]) -> bool:
    """Whether “add” only says that tests, documentation or the like are added."""
    best = max(scores[key] for key in objects)
    return 0 < scores[verb_kind] <= VERB_SCORE and best >= WORD_SCORE
