"""What a person who watches a run wants to know, folded from what happens."""

from collections.abc import Iterable, Sequence

import msgspec

from missioncontrol.application.journal import Entry
from missioncontrol.domain import mission as m
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.plan import Phase, Plan
from missioncontrol.domain.run import events as r
from missioncontrol.domain.run.states import Failed, Run
from missioncontrol.domain.step import CONTINUE, Step
from missioncontrol.domain.work import NO_BILL
from missioncontrol.ports.output_store import OutputLine

NAMED_MAX = 8
"""Steps that one line names; a longer line would push others off the screen."""

STAGES_MAX = 8
"""More steps than these are a number, and no row of marks."""

ROOM_MIN, ROOM_MAX = 10, 24
"""How wide the first column is."""

GONE = "gone on from"
"""The state of a failed step whose workflow goes on."""

STAGE_OF = {
    GONE: GONE,
    "succeeded": "done",
    "running": "running",
    "working": "running",
    "expanded": "running",
    "resting": "running",
    "held": "held",
    "skipped": "skipped",
    **dict.fromkeys(("failed", "blocked", "cancelled"), "failed"),
}


class Activity(msgspec.Struct):
    """A step that works just now."""

    step: str
    title: str
    agent: str
    since: float
    note: str = ""
    done: int = 0
    total: int = 0


class Milestone(msgspec.Struct, frozen=True):
    """A line worth keeping on the screen."""

    mark: str  # ok, bad, gone, held, past, skip, live
    who: str  # an agent, or in a run of a workflow the step
    text: str


class ProgressLog:
    """One run as it goes on."""

    def __init__(self, title: str) -> None:
        """Nothing has happened yet."""
        self.title = title
        self.plan: Plan | None = None
        self.is_mission = False  # before it is known what is watched
        self.status = "queued"
        self.position = 0
        self.tokens = 0
        self.bill = NO_BILL
        self.working: dict[str, Activity] = {}
        self.states: dict[str, str] = {}
        self._steps: dict[str, Step] = {}  # in the order of the workflow
        self._place: dict[str, int] = {}
        self._held_back: dict[str, Milestone] = {}

    def know(self, run: Run) -> None:
        """Begin with an existing run, of which only new events will be reported."""
        self.is_mission = bool(run.mission)
        self._learn(run.steps.values())
        for key, state in run.states.items():
            is_gone = isinstance(state, Failed) and self._is_gone_on_from(key, state.failure.code)
            self.states[key] = GONE if is_gone else type(state).__name__.lower()
        self.tokens, self.bill = run.usage.tokens, run.bill
        self.status = run.status

    def _learn(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._place.setdefault(step.key, len(self._place))
            self._steps[step.key] = step

    @property
    def room(self) -> int:
        """How wide the names of those who did something may be."""
        if self.is_mission:
            return ROOM_MIN
        return min(max(ROOM_MIN, *map(len, self._steps)), ROOM_MAX) if self._steps else ROOM_MIN

    def take(self, entry: Entry) -> list[Milestone]:
        """Fold one event in; return the lines it is worth."""
        self.position = entry.position
        event = entry.event
        match event:
            case r.RunCreated():
                self.is_mission = bool(event.mission)
                self._learn(event.steps)
                self.states.update(dict.fromkeys(event.kept, "succeeded"))
            case r.StepsAdded():
                self._learn(event.steps)
            case r.StepExpanded():
                self._learn(event.steps)
                self.states[event.step] = "running"
            case r.RunStarted() | r.RunResumed():
                self.status = "running"
            case r.StepStarted():
                self._begin(event, entry.time / 1_000_000)
            case r.UsageReported():
                self.tokens += event.usage.tokens
                self.bill = self.bill.plus(event.usage, estimated=event.estimated)
            case m.PlanAccepted():
                self.plan = event.plan
            case _:
                return self._take_end(event)
        return []

    def _begin(self, event: r.StepStarted, at: float) -> None:
        step = self._steps.get(event.step)
        title = step.title if step else ""
        named = title or (event.step if self.is_mission else "")
        self.working[event.step] = Activity(event.step, named, event.agent, at)
        self.states[event.step] = "running"

    def _take_end(self, event: object) -> list[Milestone]:
        match event:
            case r.StepSucceeded():
                return self._ended(event.step, "succeeded", "ok", event.work.summary)
            case r.StepFailed():
                return self._failed(event)
            case r.AttemptFailed():
                return self._ended(
                    event.step, "waiting", "held", f"tried again: {event.failure.reason}"
                )
            case r.AttemptInterrupted():
                return self._ended(event.step, "waiting", "held", event.reason)
            case r.StepCancelled():
                return self._ended(event.step, "cancelled", "past", "stopped")
            case r.StepRepeated():
                text = f"round {event.round} done, and once more: {event.work.summary}"
                return self._ended(event.step, "waiting", "live", text)
            case r.StepSkipped():
                return self._ended(event.step, "skipped", "skip", f"skipped: {event.reason}")
            case r.StepHeld():
                text = f"waits for a person: mission approvals show {event.approval}"
                return self._ended(event.step, "held", "held", text)
        return self._take_end_of_many(event)

    def _take_end_of_many(self, event: object) -> list[Milestone]:
        match event:
            case r.StepsBlocked():
                return self._blocked(event)
            case r.StepsCancelled():
                self.states.update(dict.fromkeys(event.steps, "cancelled"))
            case r.CancelRequested():
                self.status = "cancelling"
                return [Milestone("past", "engine", event.reason)]
            case r.RunHalted():
                self.status = "halted"
                return [Milestone("held", "engine", f"halted: {event.reason}")]
            case r.RunSettled():
                self.status = event.outcome
        return []

    def _failed(self, event: r.StepFailed) -> list[Milestone]:
        reason = event.failure.reason
        if not self._is_gone_on_from(event.step, event.failure.code):
            return self._ended(event.step, "failed", "bad", reason)
        return self._ended(event.step, GONE, "gone", f"{reason} (the run goes on)")

    def _is_gone_on_from(self, key: str, code: str) -> bool:
        """Whether the workflow goes on from this failure, or from that of the step it is part of.

        A person's no is never gone on from.
        """
        if code.startswith("approval."):
            return False
        while key:
            step = self._steps.get(key)
            if step is None:
                return False
            if step.on_failure == CONTINUE:
                return True
            key = step.parent
        return False

    def _blocked(self, event: r.StepsBlocked) -> list[Milestone]:
        self.states.update(dict.fromkeys(event.steps, "blocked"))
        steps = sorted(event.steps, key=lambda key: self._place.get(key, len(self._place)))
        names = ", ".join(steps[:NAMED_MAX])
        names += f" and {len(steps) - NAMED_MAX:,} more" if len(steps) > NAMED_MAX else ""
        text = f"{names}: blocked, because {event.by} failed"
        return [Milestone("held", "engine", text)]

    def _ended(self, key: str, state: str, mark: str, text: str) -> list[Milestone]:
        activity = self.working.pop(key, None)
        self.states[key] = state
        agent = activity.agent if activity else ""
        if self.is_mission:
            step = self._steps.get(key)
            text = text or (step.title if step else "") or key
            end = Milestone(mark, agent or "engine", text)
        else:
            end = Milestone(mark, key, " · ".join(filter(None, (agent, text))))
        last = self._held_back.pop(key, None)
        # Agents tend to end with the sentence that they then hand in as their summary.
        return [end] if last is None or last.text == end.text else [last, end]

    def on_output(self, line: OutputLine) -> list[Milestone]:
        """Fold a line of output in; while the plan forms, every line of it is worth showing."""
        activity = self.working.get(line.step)
        if activity is not None:
            activity.note = line.message
        if line.step == PLAN_STEP and line.level == "info":
            return [Milestone("live", "planner", line.message)]
        if line.level not in ("warning", "error"):
            return []
        mark = "bad" if line.level == "error" else "held"
        last = self._held_back.get(line.step)
        who = activity.agent if activity and self.is_mission else line.step
        self._held_back[line.step] = Milestone(mark, who, line.message)
        return [last] if last is not None else []

    def moved(self, step: str, done: int, total: int, note: str) -> None:
        """Fold progress in."""
        activity = self.working.get(step)
        if activity is not None:
            activity.done, activity.total = done, total
            activity.note = note or activity.note

    def counts(self) -> tuple[int, int]:
        """Return how many local tasks, or steps of the workflow itself, are done, and of how many.

        A step that is left out, or failed and is gone on from, counts as neither.
        """
        if self.plan is not None:
            own = [task.key for task in self.plan.tasks() if not task.is_handover]
        else:
            own = [] if self.is_mission else self._own()
        return sum(self.states.get(key) == "succeeded" for key in own), len(own)

    def _own(self) -> list[str]:
        """Return the steps of the workflow itself, without those that they became."""
        return [key for key, step in self._steps.items() if not step.parent]

    def phases(self) -> Sequence[tuple[str, str]]:
        """Return each phase's title and state: done, running, failed, waiting or handed over."""
        if not self.is_mission:
            own = self._own()
            return [(key, self._step_state(key)) for key in own] if len(own) <= STAGES_MAX else []
        first = self.states.get(PLAN_STEP, "waiting")
        stages = [("Plan", "done" if self.plan is not None else first)]
        if self.plan is not None:
            stages.extend((stage.title, self._phase_state(stage)) for stage in self.plan.stages())
        return stages

    def _step_state(self, key: str) -> str:
        state = self.states.get(key, "waiting")
        return STAGE_OF.get(state, "waiting")

    def _phase_state(self, phase: Phase) -> str:
        local = [task.key for task in phase.tasks if not task.is_handover]
        if not local:
            return "handed over"
        states = {self.states.get(task, "waiting") for task in local}
        if states == {"succeeded"}:
            return "done"
        if states & {"failed", "blocked", "cancelled"}:
            return "failed"
        return "running" if states & {"running", "succeeded"} else "waiting"
