"""A worker: registers at a server, takes leases, and reports all leases with each poll.

Both sides compare complete states, so a lost answer does no harm.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from missioncontrol.adapters import orphans, worktrees
from missioncontrol.adapters.processes import end_orphans
from missioncontrol.adapters.workers.agents import LocalAgents
from missioncontrol.adapters.workers.lease_runner import LEFT, Backoff, LeaseRunner
from missioncontrol.adapters.workers.server_client import ServerClient
from missioncontrol.adapters.workers.spool import Spool
from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.ports.wire import Refused
from missioncontrol.ports.workers import (
    HELD_MAX,
    POLL_SECONDS_MAX,
    Given,
    Introduction,
    Orders,
    Poll,
)

DRAIN_SECONDS = 600.0
FAREWELL_SECONDS_MAX = 10.0
"""Time to report to an unreachable server after all work has ended."""

RESTARTED = Refused("worker.restarted", "The worker restarted in the middle of the attempt.")
FATAL = ("worker.exists", "worker.forbidden", "worker.bad_offer", "worker.malformed")
"""Codes of errors that a retry does not resolve."""

Report = Callable[[str], None]
"""Receives messages about events for the operator of the worker."""


class StateDirectory:
    """The directory with the leases of one worker, locked by its process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.leases = root / "leases"
        self._handle: int | None = None

    def lock(self) -> str:
        """Lock the directory for this process; return its instance id.

        Raises:
            Unavailable: `worker.held` or `worker.bad_state`.
        """
        try:
            self.leases.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.root / "worker.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unavailable(
                "worker.bad_state",
                f"The directory {str(self.root)!r} can't be used: {error.strerror}.",
                hint="Name another one with --state.",
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise Unavailable(
                "worker.held",
                f"A worker is running in {str(self.root)!r} already.",
                hint="Stop it first, or give this one its own token and directory.",
            ) from None
        self._handle = handle
        return self._instance()

    def _instance(self) -> str:
        file = self.root / "instance"
        if not file.exists():
            draft = file.with_suffix(".draft")
            draft.write_text(secrets.token_hex(16), "ascii")
            draft.replace(file)
        return file.read_text("ascii").strip()

    def release(self) -> None:
        """Unlock the directory."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Worker:
    """Runs leases of one server until it is drained."""

    def __init__(
        self,
        who: Introduction,
        link: ServerClient,
        agents: LocalAgents,
        scrubber: Scrubber,
        state: StateDirectory,
        *,
        report: Report,
    ) -> None:
        """`who` has everything but the offers and the instance, which is that of `state`."""
        self.link = link
        self.agents = agents
        self.scrubber = scrubber
        self.instance = ""
        self._who = who
        self._state = state
        self._report = report
        self._runners: dict[str, LeaseRunner] = {}
        self._changed = asyncio.Event()
        self._is_known = False
        self._poll_seconds = POLL_SECONDS_MAX
        self._is_draining = False
        self._is_reached: bool | None = None
        self._silent_since = 0.0  # time of the server's last message, while it is silent

    # For leases; see `LeaseHost`.

    def changed(self) -> None:
        self._changed.set()

    def register_again(self) -> None:
        self._is_known = False
        self._changed.set()

    def forget(self, runner: LeaseRunner) -> None:
        self._runners.pop(runner.spool.folder.name, None)
        runner.spool.remove()
        self._changed.set()

    # Start and end.

    async def work(self) -> None:
        """Run until drained, and all work has ended.

        Raises:
            Unavailable: `worker.held`.
            Conflict, Rejected: permanent refusals of the server.
        """
        self.instance = self._state.lock()
        try:
            await self._clean_up()
            await self.agents.check(self._report)
            await self._poll_until_drained()
        finally:
            await self._close()
            self._state.release()

    def drain(self, seconds_max: float = DRAIN_SECONDS) -> None:
        """Start nothing new, end current work within `seconds_max`, and leave."""
        if self._is_draining:
            self._stop_all()
            return
        self._is_draining = True
        self._report("Draining: current work continues, nothing new starts.")
        asyncio.get_running_loop().call_later(seconds_max, self._stop_all)
        self._changed.set()

    def _stop_all(self) -> None:
        for runner in self._runners.values():
            runner.stop(LEFT)

    async def _clean_up(self) -> None:
        """End the processes of an earlier worker process, and report its results."""
        await orphans.sweep(self._state.root)
        for folder in sorted(self._state.leases.iterdir()):
            spool = Spool.load(folder)
            if spool is None:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            for process in spool.processes():
                await end_orphans(process)
            if spool.ending is None:
                spool.add(RESTARTED)
            self._begin(spool)
        shutil.rmtree(self._state.root / "scratch", ignore_errors=True)
        await worktrees.sweep(self._state.root / "worktrees", self.scrubber.text)

    def _begin(self, spool: Spool) -> None:
        runner = LeaseRunner(spool, self)
        self._runners[spool.folder.name] = runner
        runner.begin()

    async def _close(self) -> None:
        """End all work; unreported messages stay on disk."""
        for runner in list(self._runners.values()):
            await runner.close()
        self._runners.clear()
        await self.link.close()

    # The server.

    async def _poll_until_drained(self) -> None:
        backoff = Backoff()
        self._silent_since = asyncio.get_running_loop().time()
        while not self._may_leave():
            try:
                await self._poll_once()
                backoff.reset()
            except MissionControlError as error:
                self._handle_refusal(error)
                await backoff.wait()
        if self._runners:
            self._report(
                f"Unreported messages stay in {str(self._state.leases)!r}; the next worker with "
                "that directory reports them."
            )
        await self._send_farewell()

    def _may_leave(self) -> bool:
        """Whether all work has ended and is reported, or the server is unreachable."""
        if not self._is_draining or any(not each.has_ended for each in self._runners.values()):
            return False
        silent = asyncio.get_running_loop().time() - self._silent_since
        return not self._runners or (self._is_reached is not True and silent > FAREWELL_SECONDS_MAX)

    async def _poll_once(self) -> None:
        if not self._is_known:
            offers = self.agents.offers(self._who.scale)
            who = replace(self._who, instance=self.instance, offers=offers)
            welcome = await self.link.register(who)
            self._poll_seconds = welcome.poll_seconds_max
            self._is_known = True
            self._note_reached()
        orders = await self._poll_server()
        if orders is not None:
            self._follow(orders)

    async def _poll_server(self) -> Orders | None:
        """Report the state and wait for orders; return None if the state changes meanwhile."""
        self._changed.clear()
        asking = asyncio.ensure_future(self.link.poll(self._poll_request()))
        changing = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({asking, changing}, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        finally:
            for task in (asking, changing):
                task.cancel()
            await asyncio.gather(asking, changing, return_exceptions=True)

    def _poll_request(self) -> Poll:
        at_work = sum(each.is_at_work for each in self._runners.values())
        room = 0 if self._is_draining else max(0, self._who.scale - at_work)
        return Poll(
            self.instance,
            min(room, HELD_MAX - len(self._runners)),
            tuple(each.state for each in self._runners.values()),
            self._is_draining,
            seconds_max=min(self._poll_seconds, 1.0) if self._is_draining else self._poll_seconds,
        )

    def _handle_refusal(self, error: MissionControlError) -> None:
        if error.code == "worker.unknown":
            self._is_known = False
        elif error.code in FATAL:
            raise error
        elif self._is_reached is not False:
            self._is_reached = False
            self._silent_since = asyncio.get_running_loop().time()
            self._report(f"{error.reason} Current work continues.")

    def _note_reached(self) -> None:
        if self._is_reached is not True:
            self._is_reached = True
            self._report("Connected to the server.")

    async def _send_farewell(self) -> None:
        farewell = Poll(self.instance, is_draining=True, has_left=True)
        with contextlib.suppress(MissionControlError, TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS_MAX):
                await self.link.poll(farewell)

    # Orders.

    def _follow(self, orders: Orders) -> None:
        self._note_reached()
        for given in orders.give:
            self._start(given)
        for answered in orders.answers:
            held = self._runners.get(_folder(answered.lease.run, answered.lease.fence))
            if held is not None:
                held.answer(answered)
        for lease in (*orders.cancel, *orders.lost):
            held = self._runners.get(_folder(lease.run, lease.fence))
            if held is not None:
                held.stop()
        if orders.drain and not self._is_draining:
            self.drain()

    def _start(self, given: Given) -> None:
        name = _folder(given.lease.run, given.lease.fence)
        if name in self._runners or self._is_draining or len(self._runners) >= HELD_MAX:
            return
        shutil.rmtree(self._state.leases / name, ignore_errors=True)
        self._begin(Spool.begin(self._state.leases / name, given))
        lease = given.lease
        self._report(f"Step {lease.step!r} of {lease.run} starts: {given.agent}.")


def _folder(run: str, fence: int) -> str:
    """Return the folder name of a lease; users choose the names of runs, so they are escaped."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', run)[:200]}-{fence}"
