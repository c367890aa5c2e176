"""Who may widen what an agent does, for how long, and what ends it."""

from missioncontrol.domain.elevation import (
    ANSWER_SECONDS_MAX,
    MODES,
    PATHS_MAX,
    REASON_MAX,
    SECONDS_MAX,
    Elevation,
    ElevationRequest,
)
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.lifecycle.commands import (
    ApproveElevation,
    AskElevation,
    EndElevation,
    LapseElevation,
)
from missioncontrol.domain.lifecycle.events import (
    ElevationAsked,
    ElevationEnded,
    ElevationGranted,
    Ending,
    LifeEvent,
)
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.person import known_as, person
from missioncontrol.domain.visible import BLANKS, suspicious


def request_elevation(command: AskElevation, agent: AgentLife, now: float) -> list[LifeEvent]:
    """Ask for an elevation.

    Raises:
        Rejected: `elevation.built_in`, `.not_a_person`, `.bad_mode`, `.bad_path`, `.bad_reason`,
            `.bad_time`, `.asked` or `.in_force`.
    """
    if agent.source == "built_in":
        raise Rejected(
            "elevation.built_in",
            f"{agent.name!r} is a part of the program, and has no wider mode.",
        )
    _refuse_program(command.by)
    _refuse_bad_modes(command)
    _refuse_bad_reason(command.reason)
    if not 0 < command.seconds <= SECONDS_MAX:
        raise Rejected(
            "elevation.bad_time",
            f"An elevation of agent {agent.name!r} cannot last {command.seconds:g} s.",
            hint="Give more than nothing and at most 24 hours, such as --for 2h.",
        )
    over = _over(agent, now)
    if agent.wish is not None and not over:
        raise Rejected(
            "elevation.asked",
            f"{agent.wish.id} of agent {agent.name!r} waits for an answer already: "
            f"{', '.join(agent.wish.modes)}, asked for by {agent.wish.by!r}.",
            hint=f"`mission agent elevate {agent.name} --end` takes it back.",
        )
    if agent.elevation is not None and agent.elevation.is_in_force(now):
        raise Rejected(
            "elevation.in_force",
            f"Agent {agent.name!r} has {agent.elevation.id} now: "
            f"{', '.join(agent.elevation.modes)}.",
            hint=f"`mission agent elevate {agent.name} --end` ends it; then ask again.",
        )
    name = f"elevation-{agent.elevations + 1}"
    modes = tuple(mode for mode in MODES if mode in command.modes)
    lapses = now + ANSWER_SECONDS_MAX
    reason = command.reason.strip()
    wish = ElevationAsked(
        name, modes, reason, command.seconds, command.by, lapses, command.paths, command.os_user
    )
    return [*over, wish]


def approved(command: ApproveElevation, agent: AgentLife, now: float) -> list[LifeEvent]:
    """Approve an elevation.

    Raises:
        Rejected: `elevation.not_a_person`, `.by_asker`, `.lapsed` or `.bad_reason`.
        NotFound: `elevation.unknown`.
    """
    _refuse_program(command.by)
    wish = agent.wish
    if wish is None or wish.id != command.elevation:
        if agent.elevation is not None and agent.elevation.id == command.elevation:
            return []  # Yes twice is yes once.
        raise _unknown(agent, command.elevation)
    speaks = known_as((command.by,), command.os_user)
    if speaks.is_also(known_as((wish.by,), wish.os_user)):
        raise Rejected(
            "elevation.by_asker",
            f"{wish.by!r} asked for {wish.id}, and {command.by!r} is the same person or a name "
            "that the other one gave.",
            hint="Another person has to agree. People who share a terminal each give a name: "
            "MISSION_ACTOR.",
        )
    if now >= wish.lapses:
        raise Rejected(
            "elevation.lapsed",
            f"{wish.id} was not answered in time.",
            hint="Ask again: what it was needed for may be another thing now.",
        )
    if len(command.note) > REASON_MAX:
        raise _too_long(command.note)
    until = now + wish.seconds
    given = ElevationGranted(
        wish.id,
        wish.modes,
        wish.reason,
        until,
        wish.by,
        command.by,
        wish.paths,
        command.os_user,
        command.note.strip(),
    )
    # An expired one may not have been reported yet.
    return [*_expired(agent.elevation), given]


def ended(command: EndElevation, agent: AgentLife) -> list[LifeEvent]:
    """End what is in force, or refuse what is asked; any user may do that.

    Raises:
        Rejected: `elevation.bad_reason`.
        NotFound: `elevation.unknown`.
    """
    if len(command.reason) > REASON_MAX:
        raise _too_long(command.reason)
    found: list[LifeEvent] = []
    for each in (agent.wish, agent.elevation):
        if each is not None and command.elevation in ("", each.id):
            how: Ending = "refused" if isinstance(each, ElevationRequest) else "ended"
            found.append(ElevationEnded(each.id, how, command.reason.strip(), command.by))
    if not found:
        raise _unknown(agent, command.elevation)
    return found


def lapsed(command: LapseElevation, agent: AgentLife) -> list[LifeEvent]:
    """Say that the time of one is over; a timer that is doubled changes nothing."""
    if agent.wish is not None and agent.wish.id == command.elevation:
        return [ElevationEnded(agent.wish.id, "lapsed", "It was not answered in time.")]
    if agent.elevation is not None and agent.elevation.id == command.elevation:
        return _expired(agent.elevation)
    return []


def undeclared(agent: AgentLife, reason: str) -> list[LifeEvent]:
    """End whatever there is: it was agreed to for an agent that was declared otherwise."""
    return [
        ElevationEnded(each.id, "declared", reason)
        for each in (agent.wish, agent.elevation)
        if each is not None
    ]


def _over(agent: AgentLife, now: float) -> list[LifeEvent]:
    """Return the end of a request without an answer, where no engine recorded it."""
    if agent.wish is None or now < agent.wish.lapses:
        return []
    return [ElevationEnded(agent.wish.id, "lapsed", "It was not answered in time.")]


def _expired(elevation: Elevation | None) -> list[LifeEvent]:
    if elevation is None:
        return []
    return [ElevationEnded(elevation.id, "expired", "Its time is over.")]


def _unknown(agent: AgentLife, elevation: str) -> NotFound:
    known = [each.id for each in (agent.wish, agent.elevation) if each is not None]
    hint = f"There is {' and '.join(known)}." if known else "Nothing is asked for and none given."
    which = f"such elevation as {elevation[:80]!r}" if elevation else "elevation"
    return NotFound("elevation.unknown", f"Agent {agent.name!r} has no {which} now.", hint=hint)


def _refuse_program(actor: str) -> None:
    if not person(actor):
        raise Rejected(
            "elevation.not_a_person",
            f"{actor!r} is a program, and only people ask for an elevation and agree to it.",
            hint="A person does that.",
        )


def _refuse_bad_modes(command: AskElevation) -> None:
    modes = set(command.modes)
    if not modes or not modes <= set(MODES):
        raise Rejected(
            "elevation.bad_mode",
            f"{', '.join(command.modes) or 'Nothing'} is no mode.",
            hint=f"Choose among {', '.join(MODES)}.",
        )
    if "full" in modes and len(modes) > 1:
        raise Rejected(
            "elevation.bad_mode",
            "`full` holds the other modes.",
            hint="Ask for `full` alone, or better for less.",
        )
    if bool(command.paths) != ("outside" in modes):
        raise Rejected(
            "elevation.bad_path",
            "`outside` and directories belong together.",
            hint="Name each directory that may be written in: --to outside --path DIR.",
        )
    if len(command.paths) > PATHS_MAX:
        raise Rejected("elevation.bad_path", f"At most {PATHS_MAX} directories can be named.")
    for path in command.paths:
        _refuse_bad_path(path)


def _refuse_bad_path(path: str) -> None:
    parts = path.split("/")
    is_plain = path.startswith("/") and not {".", ".."} & set(parts) and path.isprintable()
    if not is_plain or suspicious(path):
        raise Rejected(
            "elevation.bad_path",
            f"{ascii(path)[:200]} is no directory that can be opened.",
            hint="Give a whole path without `..` and with nothing hidden in it.",
        )
    if not any(parts):
        raise Rejected(
            "elevation.bad_path", "`/` is everything.", hint="Name less, or ask for `full`."
        )


def _refuse_bad_reason(reason: str) -> None:
    if not any(character.isalnum() and character not in BLANKS for character in reason):
        raise Rejected(
            "elevation.bad_reason", "The reason is empty.", hint="Say why, in words: --reason TEXT."
        )
    if any("\ud800" <= character <= "\udfff" for character in reason):
        raise Rejected("elevation.bad_reason", "The reason is not valid Unicode.")
    if len(reason) > REASON_MAX:
        raise _too_long(reason)


def _too_long(reason: str) -> Rejected:
    return Rejected(
        "elevation.bad_reason",
        f"The reason has {len(reason):,} characters; at most {REASON_MAX:,} fit.",
        hint="Shorten it.",
    )
