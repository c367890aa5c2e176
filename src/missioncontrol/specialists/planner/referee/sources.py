"""Looks up what a model's plan cites as known: commits, and advisories by their numbers."""

import re
from collections.abc import Iterable, Iterator

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.plan import Fault
from missioncontrol.specialists.planner.referee.codebase import Codebase

SOURCES_MAX = 50
"""Sources of one plan that are looked up; with more it is refused."""

_ADDRESS = re.compile(r"(?i)\b(?:https?|ssh|git|ftp)://[^\s`\"'“”<>()\[\]]+")
_ADVISORY = re.compile(r"(?i)\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|PYSEC-\d{4}-\d+)\b")
_COMMIT = re.compile(
    r"(?<![\w./#:%@-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?![\w./-]\w)\b"
)

Text = tuple[str, str]


def unfounded_sources(texts: Iterable[Text], known: str, code: Codebase) -> Iterator[Fault]:
    """Yield the sources that neither `known`, the texts that are given, nor the repository has."""
    given = known.casefold()
    doubted = [
        (place, source, is_commit)
        for place, text in texts
        for source, is_commit in dict.fromkeys(_sources(text))
        if source.casefold() not in given
    ]
    if len(doubted) > SOURCES_MAX:
        yield Fault(doubted[0][0], f"the plan cites {len(doubted)} sources; {SOURCES_MAX} at most")
        return
    for place, source, is_commit in doubted:
        try:
            stands = code.has_commit(source) if is_commit else code.holds(source)
        except MissionControlError as error:
            yield Fault(place, f"its source can't be looked up: {error.reason}")
            return
        if not stands:
            yield Fault(
                place,
                f"`{source[:80]}` stands neither in what was asked for nor in the repository; "
                "leave it out",
            )


def _sources(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each source that a text cites, and whether it is a commit."""
    text = _ADDRESS.sub(" ", text)  # Only the reader can look those up.
    for match in _ADVISORY.finditer(text):
        yield match[0], False
    for match in _COMMIT.finditer(text):
        yield match[0], True
