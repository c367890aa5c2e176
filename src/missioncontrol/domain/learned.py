"""Patterns that were learned from repositories: what they are, how they came and were used."""

from typing import Literal, get_args

import msgspec

from missioncontrol.domain.errors import Conflict, NotFound, Rejected

PatternKind = Literal["codemod", "rule", "template", "settings", "command"]
KINDS: tuple[PatternKind, ...] = get_args(PatternKind)

PATTERNS_MAX = 5_000
LEARNED_AT_ONCE_MAX = 500
LINE_MAX = 400
STATEMENT_MAX = 1_000
REASON_MAX = 2_000
PATH_MAX = 4_096


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where something of a pattern stands."""

    path: str  # in the repository
    line: int = 0  # 1-based; 0 for the file as a whole
    commit: str = ""


class Fixture(msgspec.Struct, frozen=True):
    """A case from history: what was there, and what it became; of a file, the same twice."""

    place: Place
    before: str
    after: str


class Codemod(msgspec.Struct, frozen=True, tag="codemod"):
    """A rewrite: `$A` stands for one node, `$$$A` for any number of arguments."""

    form: Literal["syntax", "import"]
    before: str
    after: str
    needs: tuple[str, ...] = ()  # imports that give it the names it brings in


class Rule(msgspec.Struct, frozen=True, tag="rule"):
    """A setting of a linter, or what must not come back."""

    tool: str  # such as ruff; `never-again` is ours
    path: str = ""  # the file with its settings
    section: str = ""  # of that file, where it is not the whole
    text: str = ""  # the settings as declared
    codemod: Codemod | None = None  # of never-again: what finds it, and what to write instead


class FileTemplate(msgspec.Struct, frozen=True, tag="template"):
    """What files of one kind have in common."""

    folder: str  # where they stand
    suffix: str  # how their names end
    parts: tuple[str, ...]  # literal texts; between two of them is a hole
    holes: tuple[tuple[str, ...], ...]  # what stood in each hole, by fixture


class Settings(msgspec.Struct, frozen=True, tag="settings"):
    """A file that tells agents and their tools how to work here; secrets are left out."""

    tool: str
    path: str
    text: str
    left_out: int = 0  # values that looked like secrets


class Command(msgspec.Struct, frozen=True, tag="command"):
    """A command that ended as it should when it was run."""

    purpose: str
    argv: tuple[str, ...]
    source: str  # where the repository says it
    exit_code: int
    seconds: float
    shown: str = ""  # what its output says of tests, where it does


Body = Codemod | Rule | FileTemplate | Settings | Command


class Pattern(msgspec.Struct, frozen=True):
    """Something a repository teaches, whole: as it is stored by its digest."""

    id: str
    kind: PatternKind
    language: str  # of the code; "" where that says nothing
    title: str
    statement: str  # one sentence
    repository: str  # absolute path of the checkout it came from
    commits: tuple[str, ...]  # that taught it; the one that was checked out where none did
    places: tuple[Place, ...]  # the first of them; all of the fixtures are among them
    count: int  # of all places
    fixtures: tuple[Fixture, ...]
    body: Body


# Commands.


class Learned(msgspec.Struct, frozen=True):
    """A pattern as the log has it: what it says, and the digest of the rest."""

    id: str
    kind: PatternKind
    language: str
    title: str
    statement: str
    repository: str
    digest: str
    count: int
    fixtures: int


class LearnPattern(msgspec.Struct, frozen=True):
    """Keep it."""

    pattern: Learned


class RetirePattern(msgspec.Struct, frozen=True):
    """Offer it no more."""

    id: str
    reason: str


class NoteUse(msgspec.Struct, frozen=True):
    """It was applied to a repository."""

    id: str
    repository: str
    files: int
    places: int
    passed: bool


PatternCommand = LearnPattern | RetirePattern | NoteUse


# Events.


class PatternLearned(msgspec.Struct, frozen=True):
    """A pattern is stored, or a newer version of it."""

    pattern: str
    version: int
    kind: PatternKind
    language: str
    title: str
    statement: str
    repository: str
    digest: str  # of its whole text, as an artifact
    count: int
    fixtures: int


class PatternRetired(msgspec.Struct, frozen=True):
    """It is no longer offered."""

    pattern: str
    reason: str


class PatternUsed(msgspec.Struct, frozen=True):
    """It was written into a checkout."""

    pattern: str
    version: int
    repository: str
    files: int  # that it changed
    places: int
    passed: bool  # its fixtures held, and nothing was left of what it replaces


PatternEvent = PatternLearned | PatternRetired | PatternUsed

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    PatternLearned: ("pattern_learned", 1),
    PatternRetired: ("pattern_retired", 1),
    PatternUsed: ("pattern_used", 1),
}
"""The lasting name and version of every event."""


# State.


class LibraryPattern(msgspec.Struct, frozen=True):
    """A pattern of the library as of now."""

    pattern: Learned
    version: int
    state: Literal["active", "retired"]
    at: float  # when this version was learned
    used: int = 0
    passed: int = 0  # of these, the uses that were a success
    reason: str = ""  # why it was retired


class Library(msgspec.Struct, frozen=True):
    """All patterns of a home, by id."""

    patterns: dict[str, LibraryPattern]


def decide(command: PatternCommand, library: Library | None, now: float) -> list[PatternEvent]:
    """Answer `command` with the events it makes true; what is known already makes none.

    Raises:
        Rejected: `pattern.bad_input` naming the field, or `pattern.too_many`.
        NotFound: `pattern.unknown`.
        Conflict: `pattern.retired`.
    """
    del now
    known = library.patterns if library else {}
    if isinstance(command, LearnPattern):
        return _learned(command.pattern, known)
    entry = known.get(command.id)
    if entry is None:
        raise unknown(command.id)
    if isinstance(command, RetirePattern):
        _refuse_length("reason", command.reason, REASON_MAX)
        return [] if entry.state == "retired" else [PatternRetired(command.id, command.reason)]
    if entry.state == "retired":
        raise Conflict(
            "pattern.retired",
            f"Pattern {command.id} was retired: {entry.reason.rstrip('.')}.",
            hint="`mission pattern learn --apply` stores it again if history still teaches it.",
        )
    use = (command.repository, command.files, command.places, command.passed)
    return [PatternUsed(command.id, entry.version, *use)]


def _learned(new: Learned, known: dict[str, LibraryPattern]) -> list[PatternEvent]:
    for name, text, most in (
        ("title", new.title, LINE_MAX),
        ("statement", new.statement, STATEMENT_MAX),
        ("repository", new.repository, PATH_MAX),
    ):
        _refuse_length(name, text, most)
    entry = known.get(new.id)
    if entry is None and len(known) >= PATTERNS_MAX:
        raise Rejected(
            "pattern.too_many",
            f"The library holds {PATTERNS_MAX:,} patterns already.",
            hint="Begin a home of its own for these repositories with --home.",
        )
    if entry is not None and entry.state == "active" and entry.pattern.digest == new.digest:
        return []
    version = entry.version + 1 if entry else 1
    fields = msgspec.structs.asdict(new)
    return [PatternLearned(pattern=fields.pop("id"), version=version, **fields)]


def _refuse_length(name: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most:
        raise Rejected(
            "pattern.bad_input", f"`{name}` has {len(text):,} characters; 1 to {most:,}."
        )


def evolve(library: Library | None, event: PatternEvent, at: float) -> Library:
    """Apply `event`."""
    state = library or Library({})
    before = state.patterns.get(event.pattern)
    match event:
        case PatternLearned():
            fields = msgspec.structs.asdict(event)
            version = fields.pop("version")
            learned = Learned(id=fields.pop("pattern"), **fields)
            used, passed = (before.used, before.passed) if before else (0, 0)
            state.patterns[event.pattern] = LibraryPattern(
                learned, version, "active", at, used, passed
            )
        case PatternRetired() if before is not None:
            state.patterns[event.pattern] = msgspec.structs.replace(
                before, state="retired", reason=event.reason
            )
        case PatternUsed() if before is not None:
            state.patterns[event.pattern] = msgspec.structs.replace(
                before, used=before.used + 1, passed=before.passed + event.passed
            )
        case _:
            raise AssertionError("an event about a pattern that was never learned")
    return state


def unknown(name: str) -> NotFound:
    """Say that there is no such pattern."""
    return NotFound(
        "pattern.unknown",
        f"There is no pattern {name[:80]!r} in this library.",
        hint="`mission pattern list` names all of them.",
    )
