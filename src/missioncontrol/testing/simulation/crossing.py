"""Reports that cross a cancel on their way: the agent failed before it received it."""

from missioncontrol.application.journal import Journal
from missioncontrol.domain.run.commands import ReportFailure
from missioncontrol.domain.run.decide import decide
from missioncontrol.domain.run.events import AttemptFailed, Failure
from missioncontrol.testing.simulation.rules.violation import hold


def hold_no_retry(books: Journal, run: str) -> None:
    """Ask what a failure of each attempt would become now, without recording it.

    An attempt that was asked to stop reports itself as cancelled, so agents in memory never
    send such a report; a worker on another machine does.

    Raises:
        Violation: a step would be tried again in a run that is being cancelled.
    """
    state = books.runs.get(run)
    if state is None or state.cancel_reason is None:
        return
    for step, working in state.working.items():
        report = ReportFailure(step, working.fence, Failure("scripted", "It crossed a cancel."))
        events = decide(report, state, books.clock.now())
        is_tried_again = any(isinstance(event, AttemptFailed) for event in events)
        hold(not is_tried_again, f"{step} is not tried again in a run that is being cancelled")
