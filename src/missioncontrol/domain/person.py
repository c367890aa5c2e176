"""Who an actor is: a person or a program, and who counts as the same person."""

import unicodedata
from collections.abc import Iterable

import msgspec

from missioncontrol.domain.visible import suspicious

NAME_MAX = 200
AGENT = "agent:"
_PROGRAMS = frozenset({"engine", "python"})
"""Actors without a prefix that are programs; a person of that name is `user:python`."""

_PARTS_OF_THE_PROGRAM = """
    engine system planner schedule scheduler webhook mission missioncontrol control console gateway
    worker supervisor analyst watcher keeper api cli mcp provider anonymous unknown python agent
    program
"""
_WORDS_OF_RULES = "approver anybody anyone everybody nobody somebody workspace user"
_AGENTS = """
    command function functions http model person codex codexcloud claude claudecode opencode a2a acp
    architect auditor estimator historian inspector manager merger reporter reviewer scaffolder
    surveyor tester writer
"""
RESERVED = frozenset((_PARTS_OF_THE_PROGRAM + _WORDS_OF_RULES + _AGENTS).split())
"""Names that the log, a rule or a list of agents uses for something that is no person."""

_LOOKALIKES = str.maketrans(
    "01|!аԁеɡһіјӏорԛѕтυѵԝхуɑαεικηορτυχω",
    "ollladeghijlopqstuvwxyaaeiknoptuxw",
)
"""Letters of other scripts, and digits, that are read as Latin ones."""


def is_agent(actor: str) -> bool:
    """Whether `actor` is an agent, as the log names them: `agent:writer`."""
    return actor.startswith(AGENT)


def person(actor: str) -> str:
    """Return the name by which a person counts, or "" where `actor` is no person.

    `user:alice`, `alice` and `Alice` are one person, so that no person is counted twice, and no
    author passes for another person, by a way of writing. Actors of any other kind, such as
    `agent:writer` and `schedule:nightly`, are programs.
    """
    name = unicodedata.normalize("NFKC", actor.removeprefix("user:"))
    if ":" in name or actor in _PROGRAMS:
        return ""
    return unicodedata.normalize("NFKC", name.casefold())


class Known(msgspec.Struct, frozen=True):
    """The names of a person, and the users of the operating system who gave them."""

    names: frozenset[str]  # as `person` returns them; of a program, the name itself
    users: frozenset[str] = frozenset()  # of those who claimed a name, as `person` returns them

    @property
    def all(self) -> frozenset[str]:
        """Every name that stands for them."""
        return self.names | self.users

    def __or__(self, other: "Known") -> "Known":
        return Known(self.names | other.names, self.users | other.users)

    def is_also(self, other: "Known") -> bool:
        """Whether one of these people is one of those.

        The same name is the same person. A name that was claimed stands for the user who claimed
        it as well. Two names that one user claimed are two people: until there is sign-in, nothing
        else could tell apart who shares a terminal.
        """
        return not self.all.isdisjoint(other.names) or not self.names.isdisjoint(other.users)


def known_as(actors: Iterable[str], os_user: str = "") -> Known:
    """Return by what `actors` are known, whose names `os_user` gave; "" where that is unknown."""
    named = [actor for actor in actors if actor]
    names = frozenset(person(actor) or actor for actor in named)
    user = person(os_user) if os_user and any(map(person, named)) else ""
    return Known(names, frozenset({user} - {""}))


def is_vouched(actor: str, os_user: str) -> bool:
    """Whether the operating system vouches for `actor`: only for its own user's name."""
    return bool(os_user) and person(actor) == person(os_user)


def is_reserved(name: str) -> bool:
    """Whether `name` is, or is read as, a name that the log uses for something that is no person.

    Case, accents, spaces, punctuation and letters that only look alike make no other name.
    """
    return _skeleton(name.removeprefix("user:")) in _RESERVED_SKELETONS


def can_decide(name: str) -> bool:
    """Whether `name`, with or without `user:`, can be given as the name of a person."""
    return is_name(name) and bool(person(name)) and not is_reserved(name)


def _skeleton(name: str) -> str:
    """Return the letters of a name as they are read; see Unicode TR 39 for the idea."""
    plain = unicodedata.normalize("NFKD", name).casefold().translate(_LOOKALIKES)
    letters = "".join(each for each in plain if each.isalnum())
    return letters.replace("i", "l").replace("rn", "m")


_RESERVED_SKELETONS = frozenset(map(_skeleton, RESERVED))


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a person: on one line, and nothing hidden in it."""
    return (
        0 < len(text) <= NAME_MAX
        and text == text.strip()
        and text.isprintable()
        and not suspicious(text)
    )
