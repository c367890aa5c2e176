"""What a person who watches a run wants to know, folded from what happens."""

from collections.abc import Sequence

import msgspec

from missioncontrol.application.journal import Entry
from missioncontrol.domain import mission as m
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.run import events as r
from missioncontrol.domain.work import NO_USAGE
from missioncontrol.ports.output_store import OutputLine


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

    mark: str  # ok, bad, held, past
    who: str
    text: str


class Story:
    """One run as it goes on."""

    def __init__(self, title: str) -> None:
        """Nothing has happened yet."""
        self.title = title
        self.plan: Plan | None = None
        self.status = "queued"
        self.position = 0
        self.usage = NO_USAGE
        self.working: dict[str, Activity] = {}
        self.states: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._held_back: dict[str, Milestone] = {}

    def take(self, entry: Entry) -> list[Milestone]:
        """Fold one event in; return the lines it is worth."""
        self.position = entry.position
        event = entry.event
        match event:
            case r.RunCreated() | r.StepsAdded():
                self._titles.update((step.key, step.title or step.key) for step in event.steps)
            case r.RunStarted() | r.RunResumed():
                self.status = "running"
            case r.StepStarted():
                title = self._titles.get(event.step, event.step)
                at = entry.time / 1_000_000
                self.working[event.step] = Activity(event.step, title, event.agent, at)
                self.states[event.step] = "running"
            case r.UsageReported():
                self.usage += event.usage
            case m.PlanAccepted():
                self.plan = event.plan
            case _:
                return self._take_end(event)
        return []

    def _take_end(self, event: object) -> list[Milestone]:
        match event:
            case r.StepSucceeded():
                return self._ended(event.step, "succeeded", "ok", event.work.summary)
            case r.StepFailed():
                return self._ended(event.step, "failed", "bad", event.failure.reason)
            case r.AttemptFailed():
                return self._ended(
                    event.step, "waiting", "held", f"tried again: {event.failure.reason}"
                )
            case r.AttemptInterrupted():
                return self._ended(event.step, "waiting", "held", event.reason)
            case r.StepCancelled():
                return self._ended(event.step, "cancelled", "past", "stopped")
            case r.StepsBlocked():
                self.states.update(dict.fromkeys(event.steps, "blocked"))
                names = ", ".join(event.steps)
                text = f"{names}: blocked, because {event.by} failed"
                return [Milestone("held", "engine", text)]
            case r.StepsCancelled():
                self.states.update(dict.fromkeys(event.steps, "cancelled"))
            case r.CancelRequested():
                self.status = "cancelling"
                return [Milestone("past", "engine", event.reason)]
            case r.RunSettled():
                self.status = event.outcome
            case _:
                pass
        return []

    def _ended(self, step: str, state: str, mark: str, text: str) -> list[Milestone]:
        activity = self.working.pop(step, None)
        self.states[step] = state
        who = activity.agent if activity else "engine"
        end = Milestone(mark, who, text or self._titles.get(step, step))
        last = self._held_back.pop(step, None)
        # Agents tend to end with the sentence that they then hand in as their summary.
        return [end] if last is None or last.text == end.text else [last, end]

    def said(self, line: OutputLine) -> list[Milestone]:
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
        who = activity.agent if activity else line.step
        self._held_back[line.step] = Milestone(mark, who, line.message)
        return [last] if last is not None else []

    def moved(self, step: str, done: int, total: int, note: str) -> None:
        """Fold progress in."""
        activity = self.working.get(step)
        if activity is not None:
            activity.done, activity.total = done, total
            activity.note = note or activity.note

    def counts(self) -> tuple[int, int]:
        """Return how many local tasks are done, and how many there are."""
        if self.plan is None:
            return 0, 0
        local = [task.key for task in self.plan.tasks() if not task.is_handover]
        return sum(self.states.get(key) == "succeeded" for key in local), len(local)

    def phases(self) -> Sequence[tuple[str, str]]:
        """Return each phase's title and state: done, running, failed, waiting or handed over."""
        first = self.states.get(PLAN_STEP, "waiting")
        stages = [("Plan", "done" if self.plan is not None else first)]
        if self.plan is not None:
            stages.extend((phase.title, self._phase_state(phase.key)) for phase in self.plan.phases)
        return stages

    def _phase_state(self, key: str) -> str:
        assert self.plan is not None
        phase = next(phase for phase in self.plan.phases if phase.key == key)
        local = [task.key for task in phase.tasks if not task.is_handover]
        if not local:
            return "handed over"
        states = {self.states.get(task, "waiting") for task in local}
        if states == {"succeeded"}:
            return "done"
        if states & {"failed", "blocked", "cancelled"}:
            return "failed"
        return "running" if states & {"running", "succeeded"} else "waiting"
