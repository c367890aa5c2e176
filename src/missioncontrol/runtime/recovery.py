"""What happens first when an engine opens a home: the past is brought to rest."""

from collections.abc import Awaitable, Callable, Iterable

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.agent import ProcessHandle

REASON = "The engine that ran it ended before it did."


async def recover(
    unsettled: Iterable[str],
    journal: Journal,
    execution: Execution,
    end_orphans: Callable[[ProcessHandle], Awaitable[bool]],
) -> list[str]:
    """End what the last engine left at work, and return the runs that can be resumed.

    Processes are found by number and start time as they were recorded before they began, so
    none of ours is left and no stranger is hit, as far as start time, group and session can
    tell. A run that was being cancelled is cancelled now. The ledger is open afterwards, and so is
    every approval that a run waits for.
    """
    resumable: list[str] = []
    governance = execution.governance
    await governance.budgets.open()
    for name in unsettled:
        run = await journal.load_run(name)
        await _end_processes(run, end_orphans)
        execution.interrupt(name, REASON)
        if run.is_settled:
            continue
        await governance.approvals.open(held.approval for held in run.held.values())
        resumable.append(name)
    return resumable


async def _end_processes(run: Run, end_orphans: Callable[[ProcessHandle], Awaitable[bool]]) -> None:
    for working in run.working.values():
        for process in working.processes:
            await end_orphans(ProcessHandle(process.pid, process.started, process.group))
