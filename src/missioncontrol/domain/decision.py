"""The log of decisions: recorded, accepted or rejected, deprecated, superseded, linked to work.

All decisions share one stream, so that a decision can never supersede itself by a detour. Those of
plans come in with the first action of a person on them, word for word as they stood.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, assert_never

import msgspec

from missioncontrol.domain.decision_text import DecisionText, canonical_text, refuse_bad_text
from missioncontrol.domain.errors import Corrupt, NotFound, Rejected

Status = Literal["proposed", "accepted", "rejected", "deprecated", "superseded"]

DECISIONS_MAX = 5_000
LINKS_MAX = 200
LINK_MAX = 1_000
REASON_MAX = 2_000
ID_MAX = 200

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_MAX)]
Link = Annotated[str, msgspec.Meta(min_length=1, max_length=LINK_MAX)]
Reason = Annotated[
    str, msgspec.Meta(max_length=REASON_MAX, description="Why; stored in the log permanently.")
]
Tasks = Annotated[
    tuple[Link, ...],
    msgspec.Meta(max_length=LINKS_MAX, description="A task it has to do with."),
]
Files = Annotated[
    tuple[Link, ...],
    msgspec.Meta(
        max_length=LINKS_MAX, description="A file it is about, relative to the repository."
    ),
]
"""The bounds of what callers may say. `decide` checks them again for what an import says."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class DecisionRecorded(Event, frozen=True):
    """A decision is in the log from now on."""

    id: str  # D7, or <mission>/D1 where it is one of a plan
    number: int  # in this log, from 1; files are named after it
    text: DecisionText
    status: Status
    date: str  # YYYY-MM-DD
    mission: str = ""  # whose plan brought it
    run: str = ""  # that made the plan
    repository: str = ""  # absolute path of where it was read
    source: str = ""  # the file there
    tasks: tuple[str, ...] = ()  # <mission>/<key>
    files: tuple[str, ...] = ()  # relative to the repository


class DecisionRevised(Event, frozen=True):
    """The file that it was read from says something else now."""

    id: str
    text: DecisionText
    status: Status
    date: str


class DecisionAccepted(Event, frozen=True):
    """It holds."""

    id: str
    reason: str = ""


class DecisionRejected(Event, frozen=True):
    """It was proposed, and does not hold."""

    id: str
    reason: str = ""


class DecisionDeprecated(Event, frozen=True):
    """It holds no more, and nothing took its place."""

    id: str
    reason: str = ""


class DecisionSuperseded(Event, frozen=True):
    """Another one took its place."""

    id: str
    by: str
    reason: str = ""
    date: str = ""  # of the change, where a file states it


class DecisionLinked(Event, frozen=True):
    """It has to do with these tasks and files."""

    id: str
    tasks: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class DecisionUnlinked(Event, frozen=True):
    """It has nothing to do with these any more."""

    id: str
    tasks: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


DecisionEvent = (
    DecisionRecorded
    | DecisionRevised
    | DecisionAccepted
    | DecisionRejected
    | DecisionDeprecated
    | DecisionSuperseded
    | DecisionLinked
    | DecisionUnlinked
)

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    DecisionRecorded: ("decision_recorded", 1),
    DecisionRevised: ("decision_revised", 1),
    DecisionAccepted: ("decision_accepted", 1),
    DecisionRejected: ("decision_rejected", 1),
    DecisionDeprecated: ("decision_deprecated", 1),
    DecisionSuperseded: ("decision_superseded", 1),
    DecisionLinked: ("decision_linked", 1),
    DecisionUnlinked: ("decision_unlinked", 1),
}
"""The lasting name and version of every event."""


class RecordDecision(msgspec.Struct, frozen=True):
    """Put a decision into the log."""

    text: DecisionText
    status: Status = "proposed"
    date: str = ""  # today where it is empty
    id: str = ""  # the next of this log where it is empty
    number: int = 0  # likewise; one in use already is not used either
    supersedes: Annotated[
        tuple[Id, ...],
        msgspec.Meta(max_length=LINKS_MAX, description="A decision whose place it takes."),
    ] = ()
    mission: str = ""
    run: str = ""
    repository: str = ""
    source: str = ""
    tasks: Tasks = ()
    files: Files = ()


class ReviseDecision(msgspec.Struct, frozen=True):
    """Update it to what its file states now."""

    id: str
    text: DecisionText
    status: Status
    date: str


class ChangeStatus(msgspec.Struct, frozen=True):
    """Accept, reject or deprecate it."""

    id: str
    status: Literal["accepted", "rejected", "deprecated"]
    reason: Reason = ""


class Supersede(msgspec.Struct, frozen=True):
    """Put another decision in its place."""

    id: str
    by: Annotated[
        str,
        msgspec.Meta(
            min_length=1, max_length=ID_MAX, description="The decision that takes its place."
        ),
    ]
    reason: Reason = ""
    date: str = ""


class LinkDecision(msgspec.Struct, frozen=True):
    """Say which tasks and files it has to do with, or no more."""

    id: str
    tasks: Tasks = ()
    files: Files = ()
    remove: Annotated[bool, msgspec.Meta(description="Take these links back.")] = False


DecisionCommand = RecordDecision | ReviseDecision | ChangeStatus | Supersede | LinkDecision


class LoggedDecision(msgspec.Struct, frozen=True):
    """What is true of a decision now."""

    id: str
    number: int
    text: DecisionText
    status: Status
    date: str  # of its last change, YYYY-MM-DD
    recorded: float  # seconds since the epoch
    updated: float
    superseded_by: str = ""
    supersedes: tuple[str, ...] = ()
    mission: str = ""
    run: str = ""
    repository: str = ""
    source: str = ""
    tasks: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class DecisionLog(msgspec.Struct):
    """All decisions by id, in the order in which they came in."""

    decisions: dict[str, LoggedDecision]
    number: int = 0  # the highest that was given out

    @property
    def numbers(self) -> set[int]:
        """The numbers in use."""
        return {each.number for each in self.decisions.values()}


def decide(command: DecisionCommand, log: DecisionLog | None, now: float) -> list[DecisionEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `decision.bad_input` (naming the field), `.exists`, `.too_many`, `.not_proposed`,
            `.not_accepted`, `.ended`, `.by_rejected`, `.has_replaced`
            or `.cycle`.
        NotFound: `decision.unknown`.
    """
    known = log.decisions if log else {}
    match command:
        case RecordDecision():
            return _recorded(command, log or DecisionLog({}), now)
        case ReviseDecision():
            return _revised(command, _known(known, command.id))
        case ChangeStatus():
            return _changed(command, _known(known, command.id))
        case Supersede():
            _refuse_long("reason", command.reason, REASON_MAX)
            return _superseded(command, known)
        case LinkDecision():
            return _linked(command, _known(known, command.id))
        case _:
            assert_never(command)


def evolve(log: DecisionLog | None, event: DecisionEvent, at: float) -> DecisionLog:
    """Apply `event`, which became true at `at` (seconds since the epoch), and return the log."""
    log = log or DecisionLog({})
    if isinstance(event, DecisionRecorded):
        log.decisions[event.id] = _new(event, at)
        log.number = max(log.number, event.number)
        return log
    before = log.decisions.get(event.id)
    if before is None:
        raise Corrupt("decision.no_beginning", f"Decision {event.id!r} was never recorded.")
    log.decisions[event.id] = msgspec.structs.replace(before, **_changes(before, event, at))
    if isinstance(event, DecisionSuperseded):
        newer = log.decisions.get(event.by)
        if newer is not None:
            log.decisions[event.by] = msgspec.structs.replace(
                newer, supersedes=tuple(sorted({*newer.supersedes, event.id}))
            )
    return log


def unknown(id_: str) -> NotFound:
    """Say that there is no such decision."""
    return NotFound(
        "decision.unknown",
        f"There is no decision {id_[:ID_MAX]!r} here.",
        hint="`mission decision list` names them.",
    )


def day_of(at: float) -> str:
    """Return the day of a moment in UTC, YYYY-MM-DD."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _new(event: DecisionRecorded, at: float) -> LoggedDecision:
    return LoggedDecision(
        event.id,
        event.number,
        event.text,
        event.status,
        event.date,
        at,
        at,
        mission=event.mission,
        run=event.run,
        repository=event.repository,
        source=event.source,
        tasks=event.tasks,
        files=event.files,
    )


def _changes(before: LoggedDecision, event: DecisionEvent, at: float) -> dict[str, object]:
    """Return the fields that `event` changes."""
    match event:
        case DecisionRevised():
            return {
                "text": event.text,
                "status": event.status,
                "date": event.date,
                "updated": at,
            }
        case DecisionAccepted():
            return {"status": "accepted", "date": day_of(at), "updated": at}
        case DecisionRejected():
            return {"status": "rejected", "date": day_of(at), "updated": at}
        case DecisionDeprecated():
            return {"status": "deprecated", "date": day_of(at), "updated": at}
        case DecisionSuperseded():
            date = event.date or day_of(at)
            return {
                "status": "superseded",
                "superseded_by": event.by,
                "date": date,
                "updated": at,
            }
        case DecisionLinked():
            return {
                "tasks": tuple(dict.fromkeys((*before.tasks, *event.tasks))),
                "files": tuple(dict.fromkeys((*before.files, *event.files))),
                "updated": at,
            }
        case DecisionUnlinked():
            return {
                "tasks": tuple(each for each in before.tasks if each not in event.tasks),
                "files": tuple(each for each in before.files if each not in event.files),
                "updated": at,
            }
        case DecisionRecorded():
            raise AssertionError("a decision is recorded once")
        case _:
            assert_never(event)


def _recorded(command: RecordDecision, log: DecisionLog, now: float) -> list[DecisionEvent]:
    text = canonical_text(command.text)
    refuse_bad_text(text)
    _refuse_links(command.tasks, command.files)
    _refuse_date(command.date)
    if len(log.decisions) >= DECISIONS_MAX:
        raise Rejected(
            "decision.too_many", f"The log has {DECISIONS_MAX:,} decisions; no more fit."
        )
    used = log.numbers
    number = command.number if command.number > 0 and command.number not in used else 0
    number = number or max(used, default=0) + 1
    id_ = command.id or f"D{number}"
    if len(id_) > ID_MAX or not id_.isprintable():
        raise _bad("id", f"is {id_[:80]!r}, which names nothing")
    if id_ in log.decisions:
        raise Rejected("decision.exists", f"There is a decision {id_[:ID_MAX]!r} already.")
    event = DecisionRecorded(
        id_,
        number,
        text,
        command.status,
        command.date or day_of(now),
        command.mission,
        command.run,
        command.repository,
        command.source,
        tuple(dict.fromkeys(command.tasks)),
        tuple(dict.fromkeys(command.files)),
    )
    newer = {**log.decisions, id_: _new(event, now)}
    events: list[DecisionEvent] = [event]
    for older in dict.fromkeys(command.supersedes):
        events += _superseded(Supersede(older, id_), newer)
    return events


def _revised(command: ReviseDecision, before: LoggedDecision) -> list[DecisionEvent]:
    text = canonical_text(command.text)
    refuse_bad_text(text)
    _refuse_date(command.date)
    # What took its place stands in the log, whatever its file says.
    status = before.status if before.superseded_by else command.status
    date = command.date or before.date
    if status == "rejected":
        _refuse_replacing(before)
    if (text, status, date) == (before.text, before.status, before.date):
        return []
    return [DecisionRevised(command.id, text, status, date)]


def _changed(command: ChangeStatus, before: LoggedDecision) -> list[DecisionEvent]:
    _refuse_long("reason", command.reason, REASON_MAX)
    if before.status == command.status:
        return []
    if command.status == "deprecated":
        if before.status != "accepted":
            raise Rejected(
                "decision.not_accepted",
                f"Decision {before.id!r} is {before.status}; only one that was accepted holds no "
                "more.",
                hint="`mission decision reject` says no to a proposed one.",
            )
        return [DecisionDeprecated(command.id, command.reason)]
    if before.status != "proposed":
        raise Rejected(
            "decision.not_proposed",
            f"Decision {before.id!r} is {before.status}, and not open any more.",
            hint="Record a new one that supersedes it.",
        )
    if command.status == "accepted":
        return [DecisionAccepted(command.id, command.reason)]
    _refuse_replacing(before)
    return [DecisionRejected(command.id, command.reason)]


def _refuse_replacing(decision: LoggedDecision) -> None:
    if decision.supersedes:
        raise Rejected(
            "decision.has_replaced",
            f"Decision {decision.id!r} has replaced {', '.join(decision.supersedes)}.",
            hint="Record a decision that supersedes it.",
        )


def _superseded(command: Supersede, known: Mapping[str, LoggedDecision]) -> list[DecisionEvent]:
    older, newer = _known(known, command.id), _known(known, command.by)
    _refuse_date(command.date)
    if older.superseded_by == newer.id:
        return []
    if newer.status == "rejected":
        raise Rejected(
            "decision.by_rejected",
            f"Decision {newer.id!r} was rejected; it takes nothing's place.",
            hint="Record another one.",
        )
    chain = _chain(known, newer.id)
    if older.id in chain:
        way = " → ".join(chain[: chain.index(older.id) + 1])
        raise Rejected(
            "decision.cycle",
            f"Decision {newer.id!r} can't supersede {older.id!r}: it is superseded by it ({way}).",
            hint="A new decision supersedes both.",
        )
    if older.superseded_by or older.status == "rejected":
        by = f" by {older.superseded_by}" if older.superseded_by else ""
        raise Rejected(
            "decision.ended",
            f"Decision {older.id!r} is {older.status}{by} already.",
            hint=f"Supersede {older.superseded_by} instead." if by else "",
        )
    return [DecisionSuperseded(command.id, command.by, command.reason, command.date)]


def _chain(known: Mapping[str, LoggedDecision], begin: str) -> list[str]:
    """Return `begin`, what superseded it, and so on; there is no way back in it."""
    chain = [begin]
    while (after := known[chain[-1]].superseded_by) and after in known:
        chain.append(after)
    return chain


def _linked(command: LinkDecision, before: LoggedDecision) -> list[DecisionEvent]:
    if command.remove:
        gone = tuple(each for each in command.tasks if each in before.tasks)
        left = tuple(each for each in command.files if each in before.files)
        return [DecisionUnlinked(command.id, gone, left)] if gone or left else []
    tasks = tuple(each for each in command.tasks if each not in before.tasks)
    files = tuple(each for each in command.files if each not in before.files)
    _refuse_links((*before.tasks, *tasks), (*before.files, *files))
    return [DecisionLinked(command.id, tasks, files)] if tasks or files else []


def _known(known: Mapping[str, LoggedDecision], id_: str) -> LoggedDecision:
    found = known.get(id_)
    if found is None:
        raise unknown(id_)
    return found


def _refuse_links(tasks: tuple[str, ...], files: tuple[str, ...]) -> None:
    for name, links in (("tasks", tasks), ("files", files)):
        if len(links) > LINKS_MAX:
            raise _bad(name, f"are {len(links)}; at most {LINKS_MAX} fit")
        for link in links:
            if not link.strip() or link != link.strip() or not link.isprintable():
                raise _bad(name, f"hold {link[:80]!r}, which names nothing")
            _refuse_long(name, link, LINK_MAX)
    for link in files:
        if link.startswith("/") or ".." in link.split("/"):
            raise _bad("files", f"hold {link[:80]!r}; they are relative to the repository")
    for link in tasks:
        if not all(link.partition("/")[::2]):
            raise _bad("tasks", f"hold {link[:80]!r}; a task is MISSION/KEY")


def _refuse_date(date: str) -> None:
    if not date:
        return
    try:
        good = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat() == date
    except ValueError:
        good = False
    if not good:
        raise _bad("date", f"is {date[:40]!r}, and no day such as 2026-11-23")


def _refuse_long(field: str, text: str, most: int) -> None:
    if len(text) > most:
        raise _bad(field, f"has {len(text):,} characters; at most {most:,} fit")


def _bad(field: str, wrong: str) -> Rejected:
    return Rejected("decision.bad_input", f"The {field} {wrong}.")
