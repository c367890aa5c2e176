"""Where a plan and what became of it do not hang together: from what was asked to the evidence.

Each gap has a name that stays, and a digest of what it is about: who waives it waives just that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from missioncontrol.domain.canonical import digest
from missioncontrol.domain.passages import request_passages
from missioncontrol.domain.plan import Plan, Requirement, Risk, Task
from missioncontrol.domain.requirement_extraction import (
    Demand,
    demand_in,
    mends,
    points_back,
    takes_up,
)

GapCode = Literal[
    "constraint.unmet",
    "sentence.unmet",
    "demand.unmet",
    "ask.lost",
    "requirement.lost",
    "requirement.changed",
    "requirement.unasked",
    "requirement.uncovered",
    "reference.dangling",
    "task.orphan",
    "task.unsuccessful",
    "task.unchecked",
    "risk.unmitigated",
    "risk.unowned",
]
SHOWN_MAX = 160
"""Characters of a person's words that a gap repeats."""

GAPS_MAX = 2_000
"""More are not reported: the rest shows after these are mended."""

GROUNDWORK = frozenset({"surveyor", "historian", "architect", "writer", "reviewer"})
"""Roles that read and write about the work; none of what they do meets a requirement."""

DEMANDS: Mapping[Demand, str] = {
    "prohibition": "forbids something",
    "expectation": "says what is expected",
    "order": "says what has to be",
    "fault": "tells a fault",
}
"""How a gap speaks of a demand."""

ENDED_BADLY = {"failed": "failed", "blocked": "is blocked", "cancelled": "was cancelled"}


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person asked for, in their words."""

    goal: str
    constraints: tuple[str, ...] = ()
    context: str = ""

    def passages(self) -> Iterator[tuple[str, str]]:
        """Yield where each passage stands, and its words."""
        named = [("goal", self.goal)]
        named += [(f"constraint {n}", text) for n, text in enumerate(self.constraints, 1)]
        named += [("context", self.context)]
        for where, text in named:
            for words in request_passages(text):
                yield where, words


class SetAside(msgspec.Struct, frozen=True, omit_defaults=True):
    """A passage that nothing follows from."""

    where: str  # goal, constraint 2, context
    words: str


class End(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a task."""

    task: str
    state: str  # as reports say it: succeeded, failed, handed_over, waiting …
    is_checked: bool = False  # it succeeded with evidence that the engine checked, and all held
    run: str = ""  # that its result is of


class Gap(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is missing, and what closes it."""

    code: GapCode
    subject: str  # id of a requirement or risk, key of a task, or a place
    what: str  # a sentence
    remedy: str
    digest: str  # of what it is about

    @property
    def id(self) -> str:
        """Its name; no two gaps of one check share it."""
        return f"{self.code}:{self.subject}"


class Waiver(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's word that a gap may stand."""

    gap: str  # its id
    digest: str
    what: str  # as the gap was described when it was waived
    reason: str
    by: str
    at: float  # seconds since the epoch

    def covers(self, gap: Gap) -> bool:
        """Whether it was given for this gap, as it is."""
        return (self.gap, self.digest) == (gap.id, gap.digest)


class RiskOwner(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who was named to see to a risk."""

    risk: str  # its id
    digest: str  # of the risk: in another plan its id may be another one's
    owner: str
    by: str
    at: float  # seconds since the epoch


def gaps(
    plan: Plan, asked: Asked, ends: Sequence[End] = (), owners: Iterable[RiskOwner] = ()
) -> tuple[Gap, ...]:
    """Return every gap from what was asked, through the plan, to what became of its tasks."""
    found = [
        *_unmet(plan, asked),
        *_requirements(plan),
        *_dangling(plan),
        *_orphans(plan),
        *_badly_ended(plan, ends),
        *_risks(plan, owners),
    ]
    return tuple({gap.id: gap for gap in found}.values())[:GAPS_MAX]


def set_aside(plan: Plan, asked: Asked) -> tuple[SetAside, ...]:
    """Return the passages that the plan takes for background and that demand nothing in form."""
    known = frozenset(plan.background)
    return tuple(
        SetAside(*found.passage)
        for found in _passages(plan, asked)
        if found.words in known and not (found.asks or found.demand)
    )


def changes(plan: Plan, before: Plan) -> tuple[Gap, ...]:
    """Return the requirements of the plan `before` that `plan` has lost, or says otherwise."""
    now = {each.id: each for each in plan.requirements}
    return tuple(gap for each in before.requirements for gap in _lost(each, now.get(each.id)))


def unevidenced(plan: Plan, ends: Sequence[End]) -> tuple[str, ...]:
    """Return the keys of the tasks without checked evidence that they are done, in plan order."""
    done = {end.task for end in ends if end.is_checked}
    return tuple(task.key for task in plan.tasks() if task.key not in done)


def owner_of(risk: Risk, owners: Iterable[RiskOwner]) -> str:
    """Return who sees to a risk: the last person assigned, else the plan's owner, or `""`."""
    named = [each.owner for each in owners if (each.risk, each.digest) == identity(risk)]
    return named[-1] if named else risk.owner.strip()


def identity(risk: Risk) -> tuple[str, str]:
    """Return the id of a risk, and the digest that tells it from another risk of that id."""
    return risk.id, digest({"risk": risk.id, "title": risk.title})


def standing(gap: Gap, waivers: Iterable[Waiver]) -> Waiver | None:
    """Return the waiver that a gap stands on, if there is one."""
    return next((waiver for waiver in waivers if waiver.covers(gap)), None)


def _gap(code: GapCode, subject: str, what: str, remedy: str, **about: Any) -> Gap:
    return Gap(code, subject, what, remedy, digest({"code": code, "subject": subject, **about}))


# From what was asked to requirements.


class _TracedPassage(msgspec.Struct, frozen=True):
    """A passage, the requirements derived from it, and what it demands beside them."""

    passage: tuple[str, str]  # where it stands, its words
    number: int
    asks: tuple[tuple[int, int], ...]  # which of how many things it asks for are covered
    demand: Demand | None

    @property
    def words(self) -> str:
        return self.passage[1]


def _unmet(plan: Plan, asked: Asked) -> Iterator[Gap]:
    """Yield the passages of goal, constraints and context that the plan passes over.

    A plan from before origins were stored contains too little to find them.
    """
    has_origins = any(each.origins for each in plan.requirements)
    if plan.requirements and not has_origins and not plan.background:
        return
    background = frozenset(plan.background)
    for found in _passages(plan, asked):
        where, words = found.passage
        if found.asks:
            yield from _lost_parts(where, words, found.number, found.asks)
        elif words not in background:
            yield _passed_over(where, words, found.number)
        elif found.demand:
            yield _demanded(found.demand, where, words, found.number)


def _passages(plan: Plan, asked: Asked) -> Iterator[_TracedPassage]:
    covered: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for each in plan.requirements:
        for origin in each.origins:
            covered.setdefault((origin.where, origin.words), []).append((origin.number, origin.of))
    is_met = False  # whether the passage before this one is
    for number, passage in enumerate(asked.passages(), 1):
        asks = covered.get(passage, [])
        demand = None if asks else _demand(plan, *passage, is_continued=is_met)
        is_met = bool(asks) or (is_met and demand is None)
        yield _TracedPassage(passage, number, tuple(asks), demand)


def _demand(plan: Plan, where: str, words: str, *, is_continued: bool) -> Demand | None:
    """Return what a passage demands that no requirement states; faults count only in the goal.

    A fault in what was just asked for gives the reason: “Fix the links. They are broken.” So
    does one that names nothing where a repair is asked for: “It crashes. Fix the links.”
    """
    demand = demand_in(words, faults=where == "goal")
    is_reason = demand == "fault" and points_back(words)
    is_stated = is_reason and (is_continued or mends(plan.requirements))
    if demand is None or is_stated or takes_up(plan.requirements, demand, words):
        return None
    return demand


def _demanded(demand: Demand, where: str, words: str, number: int) -> Gap:
    what = f"The plan sets aside {quoted(words)}, which {DEMANDS[demand]}; no requirement says it."
    remedy = "Ask for it in a sentence of its own and plan again, or waive it with a reason."
    return _gap("demand.unmet", f"{where.replace(' ', '-')}-{number}", what, remedy, words=words)


def _passed_over(where: str, words: str, number: int) -> Gap:
    if where.startswith("constraint"):
        what = f"{where.capitalize()} has no requirement: {quoted(words)}."
        remedy = "Plan again; no constraint may be left out."
        return _gap(
            "constraint.unmet", f"{where.replace(' ', '-')}-{number}", what, remedy, w=words
        )
    what = f"A sentence of the {where} is neither a requirement nor background: {quoted(words)}."
    remedy = "Plan again, or name it as background in the plan."
    return _gap("sentence.unmet", f"{where}-{number}", what, remedy, words=words)


def _lost_parts(
    where: str, words: str, number: int, asks: Sequence[tuple[int, int]]
) -> Iterator[Gap]:
    """Yield what a passage asks for besides, from which no requirement was derived."""
    most = min(max(of for _, of in asks), 1_000)
    missing = sorted(set(range(1, most + 1)) - {each for each, _ in asks})
    for each in missing:
        what = f"{quoted(words)} asks for {most} things; no requirement covers number {each}."
        yield _gap(
            "ask.lost",
            f"{where.replace(' ', '-')}-{number}.{each}",
            what,
            "Take the requirement up again, or plan again.",
            words=words,
            number=each,
            of=most,
        )


def _lost(before: Requirement, now: Requirement | None) -> Iterator[Gap]:
    subject = f"{before.id} of the accepted plan"
    if now is None:
        what = f"{subject} is missing: {quoted(before.text)}."
        remedy = f"Take {before.id} up again."
        yield _gap("requirement.lost", before.id, what, remedy, text=before.text)
    elif now.text != before.text:
        what = f"{subject} was {quoted(before.text)}; now it is {quoted(now.text)}."
        remedy = f"Give {before.id} its words back, or accept a new plan."
        yield _gap("requirement.changed", before.id, what, remedy, text=before.text, now=now.text)


# Inside the plan.


def uncovered(plan: Plan) -> tuple[str, ...]:
    """Return the requirements that no task serves, or, where code is to change, only groundwork.

    Agents that survey, specify and review look at all requirements and meet none of them.
    """
    tasks = [task for task in plan.tasks() if task.role not in GROUNDWORK]
    if not any(task.is_change for task in tasks):
        tasks = list(plan.tasks())
    covered = {name for task in tasks for name in task.requirements}
    return tuple(each.id for each in plan.requirements if each.id not in covered)


def _requirements(plan: Plan) -> Iterator[Gap]:
    missing = uncovered(plan)
    served = {name for task in plan.tasks() for name in task.requirements}
    for each in plan.requirements:
        about = {"text": each.text, "source": each.source}
        if each.id in missing:
            who = "Only groundwork" if each.id in served else "No task"
            what = f"{who} serves {each.id}: {quoted(each.text)}."
            yield _gap(
                "requirement.uncovered", each.id, what, "Add a task that serves it.", **about
            )
        if not (each.origins or each.source.strip()):
            what = f"{each.id} does not name its source: {quoted(each.text)}."
            remedy = "Say which words of the goal or of a constraint ask for it, or take it out."
            yield _gap("requirement.unasked", each.id, what, remedy, **about)


def _dangling(plan: Plan) -> Iterator[Gap]:
    for place, kind, name in _references(plan):
        what = f"{place} refers to {kind} {name!r}, which the plan does not have."
        remedy = f"Take the reference out, or put {kind} {name!r} back."
        subject = f"{place.replace(' ', '-')}/{name}"[:300]
        yield _gap("reference.dangling", subject, what, remedy, kind=kind)


def _references(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield where a name stands that nothing has, what it should name, and the name."""
    known = _known(plan)
    for place, kind, names in _named(plan):
        for name in names:
            if name not in known[kind]:
                yield place, kind, name[:100]


def _known(plan: Plan) -> Mapping[str, frozenset[str]]:
    requirements = frozenset(each.id for each in plan.requirements)
    tasks = frozenset(task.key for task in plan.tasks())
    risks = frozenset(each.id for each in plan.risks)
    decisions = frozenset(each.id for each in plan.decisions)
    return {
        "requirement": requirements,
        "task": tasks,
        "risk": risks,
        "decision": decisions,
        "component": frozenset(each.id for each in plan.architecture.components),
        "part": requirements | tasks | risks | decisions,
    }


def _named(plan: Plan) -> Iterator[tuple[str, str, Sequence[str]]]:
    for task in plan.tasks():
        place = f"task {task.key}"
        yield place, "task", task.needs
        yield place, "requirement", task.requirements
        yield place, "risk", task.risks
        yield place, "decision", task.decisions
    for place, likely in ((f"the ranking for {one.requirement}", one) for one in plan.likely):
        yield place, "requirement", (likely.requirement,)
    for estimate in plan.estimates:
        if estimate.task:
            yield f"the estimate of {estimate.measure}", "task", (estimate.task,)
    for item in plan.remembered:
        yield f"memory {item.item}", "part", item.used_for
    for relation in plan.architecture.relations:
        yield "the architecture", "component", (relation.source, relation.target)


def _orphans(plan: Plan) -> Iterator[Gap]:
    for task in plan.tasks():
        if not (task.requirements or task.decisions or task.risks):
            what = f"Task {task.key} names no requirement, decision or risk behind it."
            remedy = "Say what it serves, or take it out."
            yield _gap("task.orphan", task.key, what, remedy, title=task.title)


def _risks(plan: Plan, owners: Iterable[RiskOwner]) -> Iterator[Gap]:
    known = tuple(owners)
    for risk in plan.risks:
        about = {"title": risk.title, "likelihood": risk.likelihood, "impact": risk.impact}
        if not risk.mitigation.strip():
            what = f"Nothing is planned against {risk.id}: {quoted(risk.title)}."
            remedy = "Say what is done about it, or waive it."
            yield _gap("risk.unmitigated", risk.id, what, remedy, **about)
        if not owner_of(risk, known):
            what = f"{risk.id} has no owner: {quoted(risk.title)}."
            remedy = f"`mission runs trace assign RUN {risk.id} OWNER`."
            yield _gap("risk.unowned", risk.id, what, remedy, **about)


# From tasks to evidence.


def _badly_ended(plan: Plan, ends: Sequence[End]) -> Iterator[Gap]:
    by_key = {end.task: end for end in ends}
    for task in plan.tasks():
        end = by_key.get(task.key)
        if end is not None and end.state in ENDED_BADLY:
            yield _unsuccessful(task, end)
        elif end is not None and end.state == "succeeded" and not end.is_checked:
            what = f"Task {task.key} counts as done, and nothing that was checked shows it."
            about = {"title": task.title, "run": end.run}
            yield _gap("task.unchecked", task.key, what, _again(task, end), **about)


def _unsuccessful(task: Task, end: End) -> Gap:
    serves = ", ".join([*task.requirements, *task.decisions, *task.risks][:8])
    for_what = f"; it is there for {serves}" if serves else ""
    what = f"Task {task.key} {ENDED_BADLY[end.state]}{for_what}."
    about = {"title": task.title, "state": end.state, "run": end.run}
    return _gap("task.unsuccessful", task.key, what, _again(task, end), **about)


def _again(task: Task, end: End) -> str:
    return f"`mission runs retry {end.run or 'RUN'} {task.key}` does it again."


def quoted(words: str) -> str:
    """Return a person's words in quotes, cut where they are long."""
    line = " ".join(words.split())
    cut = line if len(line) <= SHOWN_MAX else line[: SHOWN_MAX - 1].rstrip() + "…"
    return f"“{cut}”"
