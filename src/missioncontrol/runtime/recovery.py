"""What happens first when an engine opens a home: the past is brought to rest."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.domain.run.states import Run, Working
from missioncontrol.ports.agent import ProcessHandle

REASON = "The engine that ran it ended before it did."

Returns = Callable[[Run, str, Working], Awaitable[bool]]
"""Whether the attempt at a step (named second) may still be at work elsewhere; where it may, it is
expected from now on, and resumed with its run."""


async def _nothing_returns(_: Run, __: str, ___: Working) -> bool:
    return False


async def recover(
    unsettled: Iterable[str],
    journal: Journal,
    execution: Execution,
    end_orphans: Callable[[ProcessHandle], Awaitable[bool]],
    returns: Returns = _nothing_returns,
) -> list[str]:
    """End what the last engine left at work, and return the runs that can be resumed.

    Processes are found by number and start time as they were recorded before they began, so
    none of ours is left and no stranger is hit, as far as start time, group and session can
    tell. A run that was being cancelled is cancelled now. What is at work on another machine is
    left alone while it may return. The ledger is open afterwards, and so is every approval that a
    run waits for.
    """
    resumable: list[str] = []
    governance = execution.governance
    await governance.budgets.open()
    for name in unsettled:
        run = await journal.load_run(name)
        gone = [key for key, held in run.working.items() if not await returns(run, key, held)]
        await _end_processes([run.working[key] for key in gone], end_orphans)
        for key in run.working.keys() - set(gone):
            execution.charge_lost(name, key, only_here=True)
        if gone:
            execution.lose(name, REASON, tuple(gone))
        elif not run.working:
            execution.interrupt(name, REASON)
        if run.is_settled:
            continue
        await execution.forgetting.open(run)
        await governance.approvals.open(held.approval for held in run.held.values())
        resumable.append(name)
    return resumable


def only_waits(run: Run) -> bool:
    """Whether `run` goes on by itself once a person has spoken or its time has come, as it stands.

    It needs no recovery, so nothing is to be recorded of that.
    """
    return run.is_started and not (run.working or run.ready or run.due)


async def _end_processes(
    working: Iterable[Working], end_orphans: Callable[[ProcessHandle], Awaitable[bool]]
) -> None:
    left = (process for each in working for process in each.processes)
    handles = (ProcessHandle(each.pid, each.started, each.group) for each in left)
    await asyncio.gather(*(end_orphans(handle) for handle in handles))
