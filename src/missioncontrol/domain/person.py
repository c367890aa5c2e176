"""Who an actor is: a person or a program, and by which name a person counts."""

import unicodedata

from missioncontrol.domain.visible import suspicious

NAME_MAX = 200
_PROGRAMS = frozenset({"engine", "python"})
"""Actors without a prefix that are nobody; a person of that name is `user:python`."""


def person(actor: str) -> str:
    """Return the name by which a person counts, or "" where `actor` is no person.

    `user:alice`, `alice` and `Alice` are one person, so that nobody is counted twice, and no
    author passes for somebody else, by a way of writing. Actors of any other kind, such as
    `agent:writer` and `schedule:nightly`, are programs.
    """
    name = unicodedata.normalize("NFKC", actor.removeprefix("user:"))
    if ":" in name or actor in _PROGRAMS:
        return ""
    return unicodedata.normalize("NFKC", name.casefold())


def is_name(text: str) -> bool:
    """Whether `text` can be the name of somebody: on one line, and nothing hidden in it."""
    return (
        0 < len(text) <= NAME_MAX
        and text == text.strip()
        and text.isprintable()
        and not suspicious(text)
    )
