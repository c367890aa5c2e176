"""A board of many items, written into the log as engines and people would have over days."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home
from missioncontrol.domain import mission as m
from missioncontrol.domain import question as q
from missioncontrol.domain.approval import events as a
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.estimates import Estimate, Measure
from missioncontrol.domain.lifecycle import events as life
from missioncontrol.domain.plan import Phase, Plan, Requirement, Task
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.repository import events as p
from missioncontrol.domain.repository.process import Process
from missioncontrol.domain.run import events as r
from missioncontrol.domain.step import ApprovalRule, Step
from missioncontrol.domain.work import TestsRan as Tests
from missioncontrol.domain.work import Usage, Work
from missioncontrol.domain.work_item import events as w
from missioncontrol.ports.event_store import Append, NewEvent

HOUR, DAY = 3_600.0, 86_400.0
REPOSITORY = "repository-0123456789abcd"
ACTOR = "user:ada"
WORDS = ("done", "building", "review", "held", "failed", "ready", "planned", "person", "stuck")
MISSIONS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Pay by invoice",
        "/srv/billing-api",
        (
            ("done", "Ledger entry for an invoice"),
            ("done", "Idempotency key on delivery"),
            ("building", "Create the invoice when an order is confirmed"),
            ("building", "Invoice as a payment option"),
            ("review", "Invoice number series"),
            ("held", "Publish webhook client 2.4.0"),
            ("ready", "Invoice PDF in the order's language"),
            ("planned", "Reminder for late payment"),
            ("planned", "Refund in the currency of the order"),
            ("person", "Name the status values of an invoice"),
        ),
    ),
    (
        "Faster checkout on phones",
        "/srv/storefront",
        (
            ("done", "Payment timeout of 10 s"),
            ("done", "New cart layout"),
            ("stuck", "Load the payment form when needed"),
            ("stuck", "Keep the cart button in reach"),
            ("ready", "Address form on one screen"),
            ("ready", "Show the delivery date before payment"),
            ("planned", "Remember the last used address"),
        ),
    ),
    (
        "Reliable webhooks",
        "/srv/billing-api",
        (
            ("done", "Webhook guide"),
            ("building", "Retry webhooks with backoff"),
            ("failed", "Contract test with the payment sandbox"),
            ("ready", "Example requests for retries"),
            ("planned", "Exchange rates once a day"),
        ),
    ),
)
TASKS = ("Empty cart page", "Migrate saved carts", "Remove cart cookie v1", "Log in with a code")


class Writer:
    """Collects events, each at a moment."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.events: list[tuple[float, str, Any]] = []

    def at(self, ago: float, stream: str, *events: Any) -> None:
        self.events += [(self.now - ago, stream, event) for event in events]


def write_board(home: Home, *, now: float) -> None:
    """Write missions, tasks of a repository, a question and agents into the log of a home."""
    writer = Writer(now)
    _agents(writer)
    for number, (title, path, tasks) in enumerate(MISSIONS, start=1):
        _mission(writer, number, title, path, tasks)
    _repository(writer)
    _question(writer)
    write(home, writer.events)


def write_many(home: Home, count: int, *, tasks: int = 50, now: float) -> None:
    """Write so many items, in missions of `tasks` each."""
    writer = Writer(now)
    for number in range(1, count // tasks + 1):
        kinds = [(WORDS[n % (len(WORDS) - 1)], f"Task {n} of {number}") for n in range(tasks)]
        _mission(writer, number, f"Mission {number}", "/srv/shop", tuple(kinds))
    write(home, writer.events)


def write_tasks(home: Home, count: int, *, now: float) -> None:
    """Write so many tasks of one repository, each of which a person may begin."""
    writer, who = Writer(now), p.Who(ACTOR)
    adopted = p.RepositoryAdopted(REPOSITORY, "/srv/storefront", Process({}))
    writer.at(DAY, REPOSITORY, adopted)
    for number in range(1, count + 1):
        added = p.RepositoryTaskAdded(REPOSITORY, number, f"task-{number}", f"Page {number}", who)
        writer.at(DAY - number, REPOSITORY, added)
    write(home, writer.events)


def write(home: Home, events: list[tuple[float, str, Any]]) -> None:
    """Append events in the order of their time."""
    with ThreadPoolExecutor(1) as beside:  # A browser's test has a loop of its own here.
        beside.submit(lambda: asyncio.run(_append(home, events))).result()


async def _append(home: Home, events: list[tuple[float, str, Any]]) -> None:
    store = SqliteEventStore(home.log, writable=True)
    versions: dict[str, int] = {}
    for part in _parts(sorted(events, key=lambda each: each[0])):
        appends = []
        for at, stream, event in part:
            name, schema = NAMES[type(event)]
            body = msgspec.json.encode(event)
            new = NewEvent(name, schema, body, round(at * 1_000_000), ACTOR, "", 0, stream)
            appends.append(Append(stream, versions.get(stream, 0), [new]))
            versions[stream] = versions.get(stream, 0) + 1
        for each in appends:
            await store.append([each])
    store.close()


def _parts(events: list[Any]) -> Iterable[list[Any]]:
    for begin in range(0, len(events), 500):
        yield events[begin : begin + 500]


def _agents(writer: Writer) -> None:
    for name in ("builder-1", "builder-2", "reviewer"):
        declared = Declaration(name, "acp", {"argv": ["true"]})
        added = life.AgentAdded(declared, "command", is_ready=True)
        writer.at(9 * DAY, f"agent-{name}", added)
    writer.at(4 * HOUR, "agent-reviewer", life.AgentStopped("Jonas is on holiday"))


def _mission(
    writer: Writer, number: int, title: str, path: str, kinds: tuple[tuple[str, str], ...]
) -> None:
    mission, run = f"mission-{number:014}", f"run-{number:014}"
    tasks = [_task(place, kind, name, kinds) for place, (kind, name) in enumerate(kinds)]
    estimates = tuple(each for place, task in enumerate(tasks) for each in _estimates(task, place))
    plan = Plan(
        title,
        title,
        "",
        ("feature",),
        (),
        (Phase("work", "Work", "All of it", tuple(tasks)),),
        (Requirement("R1", title),),
        estimates=estimates,
    )
    steps = tuple(
        Step(each.key, each.agent or each.role, needs=("plan", *each.needs), title=each.title)
        for each in tasks
        if not each.is_handover
    )
    begun = (5 + number) * DAY
    first = (Step("plan", "planner"),)
    writer.at(begun, mission, m.MissionCreated(mission, title, f"{title}.", path))
    writer.at(begun, run, r.RunCreated(run, "mission", first, 8, mission=mission, author=ACTOR))
    writer.at(begun, mission, m.MissionStarted(run))
    writer.at(begun - 60, run, r.RunStarted(), r.StepStarted("plan", 1, 1, "planner"))
    writer.at(begun - 300, run, r.StepsAdded("plan", steps))
    writer.at(begun - 300, mission, m.PlanAccepted(run, plan))
    writer.at(begun - 300, run, r.StepSucceeded("plan", 1))
    for place, (task, (kind, _)) in enumerate(zip(tasks, kinds, strict=True)):
        _stand(writer, mission, run, task, kind, 10 + 10 * place + number, begun - HOUR)


def _estimates(task: Task, place: int) -> Iterable[Estimate]:
    spans: dict[Measure, tuple[float, float, float]] = {
        "seconds": (600.0, 1_800.0 + 600 * place, 9_000.0),
        "cost": (200_000.0, 400_000.0 + 150_000 * place, 3_000_000.0),
    }
    return [Estimate(task.key, measure, *span) for measure, span in spans.items()]


def _task(place: int, kind: str, title: str, kinds: tuple[tuple[str, str], ...]) -> Task:
    agent = "reviewer" if kind in ("review", "stuck") else f"builder-{place % 2 + 1}"
    if kind == "planned":
        waited = next((n for n, (k, _) in enumerate(kinds) if k in ("building", "ready")), 0)
        needs: tuple[str, ...] = (f"task-{waited}",)
    else:
        needs = ()
    return Task(
        f"task-{place}",
        title,
        f"{title}.",
        "builder",
        needs=needs,
        agent="" if kind == "person" else agent,
        acceptance=("It is there.",),
        requirements=("R1",),
    )


def _stand(
    writer: Writer, mission: str, run: str, task: Task, kind: str, fence: int, most: float
) -> None:
    """Bring a task to where its kind says."""
    key, begun = task.key, HOUR * (1 + fence % 7)
    usage = r.UsageReported(
        key, fence, Usage(100_000, 0, 9_000, 0, 180_000 + 70_000 * fence % 900_000)
    )
    started = r.StepStarted(key, 1, fence, task.agent or "builder-1")
    match kind:
        case "done":
            tests = Work(evidence=(Tests("", 400 + fence, 0, 0, 0),))
            writer.at(min(20 * begun, most), run, started, usage)
            writer.at(min(19 * begun, most - HOUR), run, r.StepSucceeded(key, fence, tests))
        case "building":
            writer.at(begun, run, started, usage)
        case "review":
            writer.at(begun, run, r.StepStarted(key, 1, fence, "reviewer"), usage)
        case "failed":
            writer.at(2 * begun, run, started, usage)
            failure = r.Failure("tester.red", "2 of 8 tests fail in test_sandbox.py")
            writer.at(begun, run, r.StepFailed(key, fence, failure))
        case "held":
            approval = f"approval-{mission[-6:]}{fence}"
            rule = ApprovalRule(("maya",))
            asked = a.ApprovalRequested(
                approval, run, key, {"title": "the release"}, "ab" * 32, rule, ACTOR, 4e9
            )
            writer.at(14 * 60, approval, asked)
            writer.at(14 * 60, run, r.StepHeld(key, approval, "ab" * 32))
        case "person":
            item = f"{mission}/{key}"
            writer.at(DAY, "work-items", w.WorkItemAssigned(item, "user:maya", ACTOR))
            edited = w.WorkItemEdited(item, ACTOR, "high", ("wording",), hours=0.5)
            writer.at(DAY, "work-items", edited)
        case _:
            pass


def _repository(writer: Writer) -> None:
    who = p.Who(ACTOR)
    writer.at(9 * DAY, REPOSITORY, p.RepositoryAdopted(REPOSITORY, "/srv/storefront", Process({})))
    for number, title in enumerate(TASKS, start=1):
        added = p.RepositoryTaskAdded(REPOSITORY, number, f"task-{number}", title, who)
        writer.at((9 - number) * DAY, REPOSITORY, added)
    writer.at(5 * DAY, REPOSITORY, p.RepositoryTaskStarted(REPOSITORY, 2, {}, p.Who("user:tomas")))
    writer.at(2 * DAY, REPOSITORY, p.RepositoryTaskDone(REPOSITORY, 2, {}, who))
    writer.at(2 * HOUR, REPOSITORY, p.RepositoryTaskStarted(REPOSITORY, 3, {}, p.Who("user:jonas")))


def _question(writer: Writer) -> None:
    run = "run-00000000000099"
    step = Step("sign", "maya", title="Sign the release")
    writer.at(2 * DAY, run, r.RunCreated(run, "release", (step,), 1, author=ACTOR))
    writer.at(2 * DAY, run, r.RunStarted(), r.StepStarted("sign", 1, 1, "maya"))
    form = {"type": "object", "properties": {"yes": {"type": "boolean"}}}
    asked = q.QuestionAsked(
        "question-99", run, "sign", "Tax rules for 4 countries", {}, form, ("maya",)
    )
    writer.at(HOUR, "question-99", asked)
