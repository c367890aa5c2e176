"""A worker: lets a server know who it is, takes leases, and keeps the server told of all it holds.

What the server says is compared with what is here, so nothing depends on an answer that arrives.
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

from missioncontrol.adapters import leftovers, worktrees
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
"""After its work has ended, a worker tries so long to tell the server."""

RESTARTED = Refused(
    "worker.restarted", "The worker ended in the middle of the attempt, and began anew."
)
FATAL = ("worker.exists", "worker.forbidden", "worker.bad_offer", "worker.malformed")
"""What no second try mends."""

Told = Callable[[str], None]
"""Takes a sentence about what happened, for whoever looks after the worker."""


class StateDirectory:
    """Where one worker keeps what it holds; no two may use it at once."""

    def __init__(self, root: Path) -> None:
        """Nothing is written before `hold`."""
        self.root = root
        self.leases = root / "leases"
        self._handle: int | None = None

    def hold(self) -> str:
        """Take it for this process; return what tells it from every other.

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
                f"A worker is at work in {str(self.root)!r} already.",
                hint="End it first, or give this one a token and a directory of its own.",
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
        """Let it go."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Worker:
    """Carries out leases of one server until it is drained."""

    def __init__(
        self,
        who: Introduction,
        link: ServerClient,
        crew: LocalAgents,
        scrubber: Scrubber,
        state: StateDirectory,
        *,
        told: Told,
    ) -> None:
        """`who` says everything but the instance, which is that of `state`, and the offers."""
        self.link = link
        self.crew = crew
        self.scrubber = scrubber
        self.instance = ""
        self._who = who
        self._state = state
        self._told = told
        self._holdings: dict[str, LeaseRunner] = {}
        self._changed = asyncio.Event()
        self._is_known = False
        self._poll_seconds = POLL_SECONDS_MAX
        self._is_draining = False
        self._is_reached: bool | None = None
        self._silent_since = 0.0  # when the server was last heard, while it is not

    # What leases need; see `holding.Place`.

    def changed(self) -> None:
        self._changed.set()

    def register_again(self) -> None:
        self._is_known = False
        self._changed.set()

    def forget(self, holding: LeaseRunner) -> None:
        self._holdings.pop(holding.spool.folder.name, None)
        holding.spool.remove()
        self._changed.set()

    # Its life.

    async def work(self) -> None:
        """Work until drained and done.

        Raises:
            Unavailable: `worker.held`.
            Conflict, Rejected: what the server refuses for good.
        """
        self.instance = self._state.hold()
        try:
            await self._clean_up()
            await self.crew.prove(self._told)
            await self._poll_until_drained()
        finally:
            await self._let_go()
            self._state.release()

    def drain(self, seconds_max: float = DRAIN_SECONDS) -> None:
        """Begin nothing more, end what is held within `seconds_max`, and leave."""
        if self._is_draining:
            self._stop_all()
            return
        self._is_draining = True
        self._told("Ending what is at work; nothing new begins.")
        asyncio.get_running_loop().call_later(seconds_max, self._stop_all)
        self._changed.set()

    def _stop_all(self) -> None:
        for holding in self._holdings.values():
            holding.stop(LEFT)

    async def _clean_up(self) -> None:
        """Take up what a worker before this one left: its processes end, its results are told."""
        await leftovers.sweep(self._state.root)
        for folder in sorted(self._state.leases.iterdir()):
            spool = Spool.found(folder)
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
        holding = LeaseRunner(spool, self)
        self._holdings[spool.folder.name] = holding
        holding.begin()

    async def _let_go(self) -> None:
        """End everything that goes on here; what was not told stays on disk."""
        for holding in list(self._holdings.values()):
            await holding.close()
        self._holdings.clear()
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
                self._take_refusal(error)
                await backoff.rest()
        if self._holdings:
            self._told(
                f"What the server was not told stays in {str(self._state.leases)!r}; a worker that "
                "begins there tells it."
            )
        await self._say_farewell()

    def _may_leave(self) -> bool:
        """Whether all work has ended, and the server was told or is not to be reached."""
        if not self._is_draining or any(not each.has_ended for each in self._holdings.values()):
            return False
        silent = asyncio.get_running_loop().time() - self._silent_since
        return not self._holdings or (
            self._is_reached is not True and silent > FAREWELL_SECONDS_MAX
        )

    async def _poll_once(self) -> None:
        if not self._is_known:
            offers = self.crew.offers(self._who.scale)
            who = replace(self._who, instance=self.instance, offers=offers)
            welcome = await self.link.register(who)
            self._poll_seconds = welcome.poll_seconds_max
            self._is_known = True
            self._say_reached()
        orders = await self._asked()
        if orders is not None:
            self._follow(orders)

    async def _asked(self) -> Orders | None:
        """Say how things stand here, and wait for orders; None where things changed meanwhile."""
        self._changed.clear()
        asking = asyncio.ensure_future(self.link.poll(self._standing()))
        changing = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({asking, changing}, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        finally:
            for task in (asking, changing):
                task.cancel()
            await asyncio.gather(asking, changing, return_exceptions=True)

    def _standing(self) -> Poll:
        at_work = sum(each.is_at_work for each in self._holdings.values())
        room = 0 if self._is_draining else max(0, self._who.scale - at_work)
        return Poll(
            self.instance,
            min(room, HELD_MAX - len(self._holdings)),
            tuple(each.state for each in self._holdings.values()),
            self._is_draining,
            seconds_max=min(self._poll_seconds, 1.0) if self._is_draining else self._poll_seconds,
        )

    def _take_refusal(self, error: MissionControlError) -> None:
        if error.code == "worker.unknown":
            self._is_known = False
        elif error.code in FATAL:
            raise error
        elif self._is_reached is not False:
            self._is_reached = False
            self._silent_since = asyncio.get_running_loop().time()
            self._told(f"{error.reason} What is at work goes on.")

    def _say_reached(self) -> None:
        if self._is_reached is not True:
            self._is_reached = True
            self._told("The server is reached.")

    async def _say_farewell(self) -> None:
        farewell = Poll(self.instance, is_draining=True, has_left=True)
        with contextlib.suppress(MissionControlError, TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS_MAX):
                await self.link.poll(farewell)

    # Orders.

    def _follow(self, orders: Orders) -> None:
        self._say_reached()
        for given in orders.give:
            self._take(given)
        for answered in orders.answers:
            held = self._holdings.get(_folder(answered.lease.run, answered.lease.fence))
            if held is not None:
                held.answer(answered)
        for lease in (*orders.cancel, *orders.lost):
            held = self._holdings.get(_folder(lease.run, lease.fence))
            if held is not None:
                held.stop()
        if orders.drain and not self._is_draining:
            self.drain()

    def _take(self, given: Given) -> None:
        name = _folder(given.lease.run, given.lease.fence)
        if name in self._holdings or self._is_draining or len(self._holdings) >= HELD_MAX:
            return
        shutil.rmtree(self._state.leases / name, ignore_errors=True)
        self._begin(Spool.begin(self._state.leases / name, given))
        lease = given.lease
        self._told(f"Step {lease.step!r} of {lease.run} begins: {given.agent}.")


def _folder(run: str, fence: int) -> str:
    """Return the name of the folder of a lease; names of runs are other people's words."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', run)[:200]}-{fence}"
