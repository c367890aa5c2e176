"""The one thing to do next with a mission, and the sentence that says how far it is.

Both are computed from how the mission stands, once, so that every surface says the same.
"""

from typing import Literal

import msgspec

from missioncontrol.domain.status import MISSION_OPEN, Ask, Status

VERDICT_WORDS_MAX = 20
"""Words of the verdict: it is read at a glance."""

REASON_WORDS_MAX = 9
"""Words of a cause that the verdict repeats; the page has all of it below."""

ActionKind = Literal[
    "approve",
    "answer",
    "raise_cap",
    "resume",
    "unblock",
    "retry",
    "answer_plan",
    "approve_plan",
    "build",
    "scaffold",
    "add_builder",
    "review",
    "read",
    "watch",
]


class MissionProgress(msgspec.Struct, frozen=True):
    """How many tasks of the plan stand where; a task is in one of these."""

    tasks: int = 0
    done: int = 0
    working: int = 0
    waiting: int = 0  # for a person
    stuck: int = 0  # failed, or blocked by what failed

    @property
    def left(self) -> int:
        """Tasks that have not begun."""
        return max(self.tasks - self.done - self.working - self.waiting - self.stuck, 0)


class MissionStand(msgspec.Struct, frozen=True):
    """What decides about the next action."""

    status: Status
    progress: MissionProgress = MissionProgress()
    asks: tuple[Ask, ...] = ()  # open approvals and questions of its run
    open_questions: int = 0  # of the plan, without an answer
    needs_cap: bool = False  # it is halted by a cap
    has_repository: bool = True
    is_product: bool = False
    builders: tuple[str, ...] = ()  # agents that take steps and can change code
    has_change: bool = False  # there is a patch to look at


class NextAction(msgspec.Struct, frozen=True):
    """What to do next."""

    kind: ActionKind
    title: str  # a verb and its object, as a button says it
    detail: str  # one sentence: why this, and what follows
    subject: str = ""  # the approval, question or agent that it is about


def next_action(stand: MissionStand) -> NextAction:
    """Return what to do next: what a person is asked first, then what is in the way."""
    word = stand.status.word
    if stand.asks and word in (*MISSION_OPEN, "waiting"):
        return _asked(min(stand.asks, key=lambda ask: ask.since))
    match word:
        case "halted":
            return _halted(stand)
        case "stuck":
            subject = next(iter(stand.status.on), "")
            title = f"Open {subject}" if subject else "See the cause"
            return NextAction("unblock", title, stand.status.reason, subject)
        case "failed" | "cancelled":
            detail = "A new run repeats what did not succeed; results there are stay."
            return NextAction("retry", "Retry from failed step", detail)
        case "planned":
            return _planned(stand)
        case "ready_to_build":
            return _ready(stand)
        case "done":
            return _done(stand)
    return NextAction("watch", "Watch progress", "No person is needed now.")


def _asked(ask: Ask) -> NextAction:
    what = " ".join((ask.title or ask.step).split())
    if ask.kind == "approval":
        return NextAction("approve", "Review approval", what, ask.id)
    return NextAction("answer", "Answer question", what, ask.id)


def _halted(stand: MissionStand) -> NextAction:
    if stand.needs_cap:
        return NextAction("raise_cap", "Raise the cap", stand.status.reason)
    return NextAction("resume", "Resume", stand.status.reason or "The run goes on where it was.")


def _planned(stand: MissionStand) -> NextAction:
    if stand.open_questions:
        return _questions(stand.open_questions)
    detail = "Local tools carry out their tasks; code changes only where a builder is named."
    return NextAction("approve_plan", "Approve plan", detail)


def _ready(stand: MissionStand) -> NextAction:
    if stand.open_questions and stand.is_product:
        return _questions(stand.open_questions)
    if not stand.has_repository:
        detail = "Create it with this schema, these interfaces and tests that pass."
        return NextAction("scaffold", "Create the repository", detail)
    if stand.builders:
        name = stand.builders[0]
        detail = f"{name} builds the open tasks one after another, and the tests run after it."
        return NextAction("build", f"Build with {name}", detail, name)
    detail = "No agent here changes code: add one, or give the execution pack to your own."
    return NextAction("add_builder", "Add a builder", detail)


def _questions(count: int) -> NextAction:
    many = "1 question" if count == 1 else f"{count} questions"
    detail = (
        f"The plan assumes an answer to {many}; yours make another plan, shown beside this one."
    )
    return NextAction("answer_plan", f"Answer {many}", detail)


def _done(stand: MissionStand) -> NextAction:
    if stand.has_change:
        return NextAction("review", "Review the change", "The tests ran on exactly this change.")
    return NextAction("read", "Read the summary", "Results, evidence and what they cost.")


def verdict(stand: MissionStand) -> tuple[str, str]:
    """Return how far a mission is: the key part, and what else matters; together 20 words."""
    key = _key(stand)
    left = VERDICT_WORDS_MAX - len(key.split())
    rest = _rest(stand)
    return key, rest if len(rest.split()) <= left else ""


def _key(stand: MissionStand) -> str:
    count = stand.progress
    match stand.status.word:
        case "planning":
            return "The planner reads the goal and plans."
        case "planned":
            return f"The plan has {_tasks(count.tasks)}; none is carried out yet."
        case "done" if not count.tasks or count.done == count.tasks:
            return f"All {_tasks(count.tasks)} are done." if count.tasks > 1 else "It is done."
        case "failed" if not count.tasks:
            return "Planning failed: there is no accepted plan."
    if not count.tasks:
        return "There is no plan yet."
    return f"{count.done} of {_tasks(count.tasks)} {'is' if count.done == 1 else 'are'} done."


def _rest(stand: MissionStand) -> str:
    count, status = stand.progress, stand.status
    match status.word:
        case "waiting":
            asks = len(stand.asks) or 1
            is_one = asks == 1
            return f"{asks} {'item waits' if is_one else 'items wait'} for a person."
        case "stuck" | "halted" | "failed" if status.reason:
            return _short(status.reason)
        case "failed":
            return f"{count.stuck} {'needs' if count.stuck == 1 else 'need'} a retry."
        case "ready_to_build" | "planned" if stand.open_questions:
            is_one = stand.open_questions == 1
            return f"{stand.open_questions} {'question is' if is_one else 'questions are'} open."
        case "ready_to_build":
            return f"{_tasks(count.left)} {'is' if count.left == 1 else 'are'} ready to build."
        case "building" | "in_review" if count.working:
            return f"{count.working} {'is' if count.working == 1 else 'are'} in progress."
    return ""


def _short(reason: str) -> str:
    """Return the first sentence of a cause, cut at a word."""
    words = reason.split(". ")[0].rstrip(".").split()
    cut = " ".join(words[:REASON_WORDS_MAX])
    return f"{cut}…" if len(words) > REASON_WORDS_MAX else f"{cut}."


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
