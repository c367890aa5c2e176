"""Whatever is asked of a run, in whatever order: it never makes an illegal step."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.commands import CreateRun, RunCommand, StartSteps
from missioncontrol.domain.run.decide import decide
from missioncontrol.domain.run.events import (
    ReportRefused,
    RunEvent,
    StepExpanded,
    StepStarted,
    UsageReported,
)
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Run
from tests.domain.run_questions import question, some_steps
from tests.domain.run_truths import (
    check_bookkeeping,
    check_startable,
    check_step_taken,
    check_story,
    check_usage,
    everything,
    kinds,
)

SEEDS = st.integers(0, 2**32 - 1)
LATE = (UsageReported, ReportRefused)
"""What may still become true of a run that has ended."""


@given(SEEDS, st.lists(SEEDS, min_size=20, max_size=90))
@settings(max_examples=120, deadline=None, derandomize=True)
@example(1, [])
def test_no_sequence_of_commands_leads_to_an_illegal_step(seed: int, moves: list[int]) -> None:
    create = CreateRun("run-1", "w", some_steps(seed), 1 + seed % 5)
    run: Run | None = None
    story: list[tuple[RunEvent, float]] = []
    for event in decide(create, None, 0.0):
        run = evolve(run, event, 0.0)
        story.append((event, 0.0))
    assert run is not None
    for moment, move in enumerate(moves, 1):
        run = moved(run, question(run, move), float(moment), story)
        check_bookkeeping(run)
        check_startable(run, float(moment))
    events = [event for event, _ in story]
    check_usage(run, events)
    check_story(events)
    check_fold(run, story)


def moved(run: Run, command: RunCommand, now: float, story: list[tuple[RunEvent, float]]) -> Run:
    """Ask something of the run, and check every event that follows from it."""
    try:
        events = decide(command, run, now)
    except MissionControlError:
        return run
    assert not run.is_settled or all(isinstance(event, LATE) for event in events)
    for event in events:
        check_lease(run, event, command)
        before = kinds(run)
        run = evolve(run, event, now)
        check_step_taken(before, event, kinds(run))
        story.append((event, now))
    return run


def check_lease(run: Run, event: RunEvent, command: RunCommand) -> None:
    """Check that nothing starts that had to be approved and was not, as it is."""
    if isinstance(event, StepStarted) and run.steps[event.step].approval is not None:
        assert isinstance(command, StartSteps)
        assert run.released[event.step] == command.digests[event.step]
    if isinstance(event, StepExpanded):
        step = run.steps[event.step]
        assert step.approval is None or step.for_each is not None or event.step in run.released


def check_fold(run: Run, story: list[tuple[RunEvent, float]]) -> None:
    """Check that the log alone says all that is known of the run."""
    folded: Run | None = None
    for event, at in story:
        folded = evolve(folded, event, at)
    assert folded is not None
    assert everything(folded) == everything(run)
