"""Lists of words with a part in reading goals, kept in `catalogue/words.toml`."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Tag = Literal["D", "P", "N", "V", "G", "E", "A", "R", "I", "C", "M", "X", "T", "W", "#", "."]
"""Determiner, pronoun, noun, verb, -ing form, -ed form, adjective, adverb, preposition,
conjunction, modal, negation, `to`, wh-word, number, punctuation."""


def words(name: str) -> frozenset[str]:
    """Return the words of a list."""
    return _lists()[name]


@cache
def _lists() -> dict[str, frozenset[str]]:
    return {name: frozenset(each) for name, each in _data().items() if isinstance(each, list)}


@cache
def closed_words() -> dict[str, Tag]:
    """Return the words that are always the same part of speech, with its letter."""
    found: dict[str, Tag] = {}
    for tag, listed in _data()["closed"].items():
        for word in listed.split():
            found.setdefault(word, tag)
    return found


@cache
def _data() -> dict[str, Any]:
    text = files(__package__).joinpath("catalogue", "words.toml").read_text("utf-8")
    return tomllib.loads(text)
