"""What running work asks of people: approvals, questions, and wider modes of agents."""

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.approvals import APPROVAL
from missioncontrol.application.inbox.items import About, Waiting
from missioncontrol.application.queries.approvals import queue
from missioncontrol.application.queries.elevations import wishes
from missioncontrol.application.queries.questions import QuestionView, questions
from missioncontrol.application.read_model import Present
from missioncontrol.domain.approval.commands import SecondLook
from missioncontrol.domain.approval.states import ROLE
from missioncontrol.domain.elevation import ANSWER_SECONDS_MAX, ElevationRequest
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.lifecycle.commands import ApproveElevation
from missioncontrol.domain.lifecycle.elevation_rules import approved
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.person import known_as, person
from missioncontrol.domain.visible import one_line
from missioncontrol.ports.read_tables import RunRow
from missioncontrol.projections.approvals import ApprovalRow

ITEMS_MAX = 1_000
TWINS_MAX = 50
"""Approvals of one name whose inputs are compared."""

DISTINCT_MAX = 90
"""Letters of what tells an approval from its twins."""

_known_apart: "WeakKeyDictionary[Present, dict[tuple[str, ...], dict[str, str]]]" = (
    WeakKeyDictionary()
)

Look = Callable[[str], SecondLook]
"""Returns whether a person is alone here, and may approve what they wrote."""


async def approvals(present: Present, now: float, look: Look) -> list[Waiting]:
    """Return the approvals that wait; those that were put off come back by themselves."""
    rows = [row for row in queue(present, now) if row.state == "waiting"][:ITEMS_MAX]
    distinct = await distinct_inputs(present, rows)
    return [_approval(present, row, distinct.get(row.id, ""), now, look) for row in rows]


def _approval(present: Present, row: ApprovalRow, distinct: str, now: float, look: Look) -> Waiting:
    title = row.title or row.step
    tier = row.risk or "unknown tier"
    parts = [f"Approval, {tier}", distinct or row.workflow or "mission"]
    run = present.board.run(row.run)

    def objection(actor: str) -> str:
        return _objection(row, actor, now, look)

    return Waiting(
        id=f"approval:{row.id}",
        kind="approval",
        title=title,
        detail=" · ".join(parts),
        about=About(
            mission=run.mission if run else "",
            run=row.run,
            step=row.step,
            workflow=row.workflow,
            id=row.id,
        ),
        href=f"/approvals/{row.id}",
        since=row.requested,
        group="now",
        tone="ask",
        ends=row.expires,
        is_irreversible=row.risk == "irreversible",
        digest=row.digest,
        frees=frees(present, run),
        who=_approvers(row),
        objection=objection,
    )


def _approvers(row: ApprovalRow) -> str:
    if ROLE in row.approvers:
        return "any approver except its author"
    return ", ".join(map(_name, row.approvers))


def _objection(row: ApprovalRow, actor: str, now: float, look: Look) -> str:
    """Return why a person can't approve, by what the row says; the decision itself looks closer."""
    own = known_as((actor,)).is_also(known_as((row.author,)))
    second = look(actor)
    if own and not second.is_alone:
        return "You requested this; another person decides it."
    if own and not second.seconds:
        return "You requested this, and are the only approver: another person has to be added."
    if own and now < row.requested + second.seconds:
        return "You requested this: you can approve it after the pause of a second look."
    if ROLE not in row.approvers and person(actor) not in {person(e) for e in row.approvers}:
        return f"{_approvers(row)} decides this."
    if row.given and person(row.by) == person(actor) and row.given < row.needed:
        return f"You approved it; {row.needed - row.given} more of {row.needed} people have to."
    return ""


async def distinct_inputs(present: Present, rows: Iterable[ApprovalRow]) -> dict[str, str]:
    """Return what tells approvals of one name apart, by id: the inputs that differ."""
    twins: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        twins[row.workflow, row.title or row.step].append(row.id)
    wanted = {tuple(same[:TWINS_MAX]) for same in twins.values() if len(same) > 1}
    known = _known_apart.get(present, {})
    # What an approval is bound to never changes, so what tells the same ones apart does not.
    now = {same: known.get(same) or await _apart(present, same) for same in wanted}
    _known_apart[present] = now
    return {id_: text for texts in now.values() for id_, text in texts.items()}


async def _apart(present: Present, ids: tuple[str, ...]) -> dict[str, str]:
    inputs = {each: (await present.load(APPROVAL, each)).subject.get("inputs") for each in ids}
    plain = {each: value if isinstance(value, dict) else {} for each, value in inputs.items()}
    names = sorted({name for value in plain.values() for name in value})
    differ = [
        name
        for name in names
        if len({msgspec.json.encode(value.get(name)) for value in plain.values()}) > 1
    ]
    commands = _different_words([value.get("argv") for value in plain.values()])
    found: dict[str, str] = {}
    for (each, value), words in zip(plain.items(), commands, strict=True):
        texts = [
            words if name == "argv" and words else _input(name, value[name])
            for name in differ
            if name in value
        ]
        found[each] = _short(", ".join(texts))
    return found


def _different_words(commands: list[Any]) -> list[str]:
    """Return the words in which commands of one length differ; "" where they can't be compared."""
    are_commands = all(
        isinstance(argv, list) and all(isinstance(word, str) for word in argv) for argv in commands
    )
    if not are_commands or len({len(argv) for argv in commands}) != 1:
        return [""] * len(commands)
    places = [at for at, words in enumerate(zip(*commands, strict=True)) if len(set(words)) > 1]
    return [one_line(shlex.join(argv[at] for at in places)) for argv in commands]


def _input(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"{name} {one_line(text)}"


def _short(text: str) -> str:
    return text if len(text) <= DISTINCT_MAX else f"{text[: DISTINCT_MAX - 1]}…"


def frees(present: Present, row: RunRow | None) -> str:
    """Return what goes on once a run does."""
    if row is None:
        return ""
    ended = row.succeeded + row.failed + row.skipped + row.blocked + row.cancelled
    left = max(row.steps - ended, 0)
    title = present.board.title_of(row) or row.workflow or row.id
    return f"{left} of {row.steps} steps of {title}" if left else title


def open_questions(present: Present) -> list[Waiting]:
    """Return what steps ask people."""
    return [_question(present, each) for each in questions(present)[:ITEMS_MAX]]


def _question(present: Present, asked: QuestionView) -> Waiting:
    names = {person(each) for each in asked.to}
    who = ", ".join(map(_name, asked.to)) or "any approver"
    run = present.board.run(asked.run)

    def objection(actor: str) -> str:
        return "" if not names or person(actor) in names else f"{who} is asked."

    return Waiting(
        id=f"question:{asked.question}",
        kind="question",
        title=asked.title[:200],
        detail=f"Question of {asked.step}" + (f" · {run.workflow}" if run and run.workflow else ""),
        about=About(
            mission=run.mission if run else "",
            run=asked.run,
            step=asked.step,
            workflow=run.workflow if run else "",
            id=asked.question,
        ),
        href=f"/questions/{asked.question}",
        since=asked.since,
        group="now",
        tone="ask",
        frees=frees(present, run),
        who=who,
        objection=objection,
    )


def elevations(present: Present, now: float) -> list[Waiting]:
    """Return the wider modes that were asked for agents."""
    return [_elevation(life, wish, now) for life, wish in wishes(present, now)]


def _elevation(life: AgentLife, wish: ElevationRequest, now: float) -> Waiting:
    modes = " and ".join(wish.modes)

    def objection(actor: str) -> str:
        try:
            approved(ApproveElevation(wish.id, actor), life, now)
        except MissionControlError as refusal:
            return refusal.reason
        return ""

    return Waiting(
        id=f"elevation:{life.name}:{wish.id}",
        kind="elevation",
        title=f"Grant {life.name} {modes}",
        detail=f"Elevation · asked by {_name(wish.by)}",
        about=About(agent=life.name, id=wish.id),
        href=f"/agents/{life.name}/elevation",
        since=wish.lapses - ANSWER_SECONDS_MAX,
        group="now",
        tone="ask",
        ends=wish.lapses,
        frees=f"attempts of {life.name} that need {modes}",
        who="any approver except who asked",
        objection=objection,
    )


def _name(actor: str) -> str:
    return actor.removeprefix("user:")
