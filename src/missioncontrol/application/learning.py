"""The service for patterns: stores and retires what repositories taught, for new missions."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.application.missions import Goal
from missioncontrol.domain.errors import Corrupt, Rejected, Unavailable
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.learned import (
    KINDS,
    LEARNED_AT_ONCE_MAX,
    Learned,
    LearnPattern,
    Library,
    NoteUse,
    Pattern,
    PatternCommand,
    PatternEvent,
    PatternKind,
    RetirePattern,
    decide,
    evolve,
    unknown,
)
from missioncontrol.extras import require_extra
from missioncontrol.learning.codemods import Found, codemods_of
from missioncontrol.learning.extraction import from_files, from_history
from missioncontrol.learning.relevance import bearing
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.history import Commit, History

STREAM = "patterns"
BYTES_MAX = 1_000_000
COMMITS_MAX = 10_000
PATTERNS: Concept[Library, PatternCommand, PatternEvent] = Concept(decide, evolve, unknown)


class PatternsLearned(msgspec.Struct, frozen=True):
    """A request to store these patterns."""

    patterns: tuple[Pattern, ...]


class PatternAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to change or use a pattern."""

    verb: Literal["retire", "use"]
    pattern: str
    reason: str = ""  # where it is retired
    repository: str = ""  # where it was used
    files: int = 0  # likewise
    places: int = 0  # likewise
    passed: bool = False  # likewise


class PatternDesk:
    """Changes what the library holds."""

    def __init__(self, journal: Journal) -> None:
        """`artifacts` is set where files can be stored; `scrub` removes secrets from a text."""
        self._journal = journal
        self.artifacts: ArtifactStore | None = None
        self.scrub: Callable[[str], str] = lambda text: text

    async def learn(self, ask: PatternsLearned, *, actor: str) -> dict[str, Any]:
        """Keep patterns; return what is new, what is a newer version, and what was left out.

        Raises:
            Rejected: `pattern.too_many_at_once`, `pattern.bad_input`, `pattern.too_many`.
            Unavailable: `pattern.closed`.
        """
        if len(ask.patterns) > LEARNED_AT_ONCE_MAX:
            raise Rejected(
                "pattern.too_many_at_once",
                f"{len(ask.patterns):,} patterns are more than {LEARNED_AT_ONCE_MAX:,}.",
                hint="Narrow them with --kind.",
            )
        await self._journal.find(PATTERNS, STREAM)
        outcome: dict[str, list[str]] = {"learned": [], "known": [], "refused": []}
        for pattern in ask.patterns:
            digest = await asyncio.to_thread(self._store_pattern, pattern)
            if not digest:
                outcome["refused"].append(pattern.id)
                continue
            command = LearnPattern(_to_learned(pattern, digest))
            made = self._journal.tell(PATTERNS, STREAM, command, actor=actor)
            outcome["learned" if made else "known"].append(pattern.id)
        return outcome

    def _store_pattern(self, pattern: Pattern) -> str:
        """Keep the whole of a pattern; "" where it holds a secret, or is too large."""
        if self.artifacts is None:
            raise Unavailable("pattern.closed", "This engine keeps no files.")
        content = msgspec.json.format(msgspec.json.encode(pattern), indent=1)
        if len(content) > BYTES_MAX or self.scrub(content.decode()) != content.decode():
            return ""
        return self.artifacts.put(content)

    async def take(self, ask: PatternAsked, *, actor: str) -> dict[str, Any]:
        """Retire a pattern, or note that it was used.

        Raises:
            NotFound, Rejected, Conflict: see `domain.learned.decide`.
        """
        await self._journal.find(PATTERNS, STREAM)
        command: PatternCommand = RetirePattern(ask.pattern, ask.reason)
        if ask.verb == "use":
            usage = (ask.repository, ask.files, ask.places, ask.passed)
            command = NoteUse(ask.pattern, *usage)
        made = self._journal.tell(PATTERNS, STREAM, command, actor=actor)
        return {"pattern": ask.pattern, "is_new": bool(made)}


def _to_learned(pattern: Pattern, digest: str) -> Learned:
    return Learned(
        pattern.id,
        pattern.kind,
        pattern.language,
        pattern.title,
        pattern.statement,
        pattern.repository,
        digest,
        pattern.count,
        len(pattern.fixtures),
    )


def whole(content: bytes) -> Pattern:
    """Return a pattern as it was stored.

    Raises:
        Corrupt: `pattern.unreadable`.
    """
    try:
        return msgspec.json.decode(content, type=Pattern)
    except msgspec.DecodeError as error:
        raise Corrupt("pattern.unreadable", f"A pattern can't be read: {error}") from None


class Taught:
    """What the library tells a mission that begins."""

    def __init__(self, journal: Journal) -> None:
        """Nothing is read before it is asked for."""
        self._journal = journal
        self._library: Library | None = None

    async def look_back(self) -> None:
        """Read the library as the log has it now."""
        self._library = await self._journal.find(PATTERNS, STREAM)

    def recalled(self, goal: Goal) -> tuple[Recalled, ...]:
        """Return the patterns that bear on `goal`, best first; a bounded number."""
        if self._library is None or not goal.repository:
            return ()
        return bearing(self._library.patterns.values(), goal.text, goal.repository)


# Harvesting.


class Harvest(msgspec.Struct, frozen=True):
    """What a repository teaches, and what of it was looked at."""

    patterns: tuple[Pattern, ...]
    head: str
    commits: int
    files: int


async def harvest(
    history: History,
    repository: str,
    *,
    kinds: Sequence[PatternKind] = KINDS,
    commits_max: int,
    tick: Callable[[int], None] = lambda _: None,
) -> Harvest:
    """Return what a repository teaches without running anything of it; `tick` hears commits.

    Raises:
        Rejected: `learn.bad_bound`.
        Unavailable: see `ports.history`; `learn.no_library`.
    """
    if not 0 <= commits_max <= COMMITS_MAX:
        raise Rejected(
            "learn.bad_bound", f"--commits is {commits_max}; it may be 0 to {COMMITS_MAX:,}."
        )
    head = await history.head()
    found: list[Found] = []
    count = 0
    if {"codemod", "rule"} & set(kinds):
        async for commit in history.commits(commits_max):
            count += 1
            tick(count)
            found += await asyncio.to_thread(_codemods, commit)
    files = await history.files()
    taught = [*from_history(found, repository), *from_files(files, repository, head)]
    chosen = tuple(each for each in taught if each.kind in kinds)
    return Harvest(chosen, head, count, len(files))


def _codemods(commit: Commit) -> Iterable[Found]:
    require_extra(
        "learn",
        "Learning codemods from history",
        "libcst",
        "ast_grep_py",
        code="learn.no_library",
        otherwise="or leave them out with --kind",
    )
    return codemods_of(commit)
