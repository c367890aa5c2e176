"""What every handler of the console works with: the record, the line to the engine, the feed."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from missioncontrol.application.log_verification import Verifying
from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader, Remembered
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.engine_line import EngineLine
from missioncontrol.interfaces.request import asking_of, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from litestar import Request

    from missioncontrol.application.analytics.container import AnalyticsContainer
    from missioncontrol.application.archive import Archive
    from missioncontrol.application.deliveries import Deliveries
    from missioncontrol.application.inbox.notifier import Notifier
    from missioncontrol.application.live import Live
    from missioncontrol.application.queries.instruments import Instruments
    from missioncontrol.application.queries.shelf import Shelf
    from missioncontrol.declarations import Operation
    from missioncontrol.interfaces.sign_in.people import People
    from missioncontrol.ports.access_store import Use
    from missioncontrol.ports.agent_sessions import ActivityStore
    from missioncontrol.ports.calendar import Calendar
    from missioncontrol.ports.workspaces import WorkspaceList

    AnyRequest = Request[Principal, Any, Any]

R = TypeVar("R")


class Console:
    """One home, as its console shows it and allows people to change it."""

    def __init__(
        self,
        home: Path,
        present: Present,
        live: "Live",
        line: EngineLine,
        people: "People",
        shelf: "Shelf",
        instruments: "Instruments",
        archive: "Archive",
        deliveries: "Deliveries",
        analytics: "AnalyticsContainer",
        notifier: "Notifier",
        activities: "ActivityStore",
        workspaces: "WorkspaceList | None" = None,
    ) -> None:
        """All parts are open; the creator of the parts closes them. `home` is its directory.

        `workspaces` are those of its root, where it has one.
        """
        self.home = home
        self.present = present
        self.live = live
        self.line = line
        self.people = people
        self.shelf = shelf
        self.instruments = instruments
        self.archive = archive
        self.verifying = Verifying(archive, instruments.clock)
        live.signal("verification", lambda: self.verifying.progress)
        self.deliveries = deliveries
        self.analytics = analytics
        self.notifier = notifier
        self.activities = activities
        self.workspaces = workspaces
        live.signal("agent_sessions", activities.newest)

    def reader(self, who: Principal) -> Reader:
        """Return what queries read, for a caller."""
        return Reader(self, who)

    @property
    def owner(self) -> str:
        """The user of the operating system whose data directory it is."""
        return self.people.owner

    @property
    def uses(self) -> "Callable[[], Mapping[str, Use]]":
        """Returns when each token was used last."""
        return self.people.store.uses

    @property
    def remembered(self) -> Remembered:
        """Answers questions about the memory."""
        return self.archive.remembered

    @property
    def calendar(self) -> "Calendar":
        """Computes when a schedule fires."""
        return self.instruments.calendar

    @property
    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self.instruments.now

    async def ask(self, request: "AnyRequest", ask: Any) -> Any:
        """Send a command of the signed-in user to the engine, and wait for its result.

        Returns what the office says, as plain values. The rows follow within the same call.

        Raises:
            Unavailable: `console.no_engine`.
            MissionControlError: as `Office.perform`.
        """
        return await self.perform(request, type(ask).__name__, msgspec.to_builtins(ask))

    async def run(
        self, request: "AnyRequest", operation: "Operation[Any, R]", target: str = "", **given: Any
    ) -> R:
        """Have the engine execute an operation for the signed-in caller; return its result.

        `target` is the id of what is changed, "" where nothing is; `given` are fields of its
        command. The rows follow within the same call.

        Raises:
            Unavailable: `console.no_engine`.
            MissionControlError: as `Executor.perform`.
        """
        arguments = operation.arguments(target, given)
        answer = await self.perform(request, operation.name, arguments, operation.former)
        if operation.finish is not None:
            key = key_of(request)
            once = f"{request.user.actor}\n{key}" if key else ""
            return await operation.finish(self, operation.understood(arguments), answer, once)
        return operation.answered(answer)

    async def perform(
        self, request: "AnyRequest", verb: str, arguments: dict[str, Any], former: str = ""
    ) -> Any:
        """Do what `ask` does, for a verb and its arguments as plain values.

        `former` is what earlier releases called the verb.
        """
        asking = await asking_of(request, verb, former)
        answer = await self.line.ask(verb, arguments, request.user.actor, asking)
        await self.present.catch_up()
        return answer

    async def run_afresh(
        self, request: "AnyRequest", operation: "Operation[Any, Any]", target: str, **given: Any
    ) -> None:
        """Do what `run` does, for one of several operations that one request asks for."""
        asking = await asking_of(request, operation.name)
        asking = msgspec.structs.replace(asking, request=secrets.token_hex(16), digest="")
        arguments = operation.arguments(target, given)
        await self.line.ask(operation.name, arguments, request.user.actor, asking)
        await self.present.catch_up()

    async def ask_afresh(self, request: "AnyRequest", ask: Any) -> Any:
        """Do what `ask` does, whatever key the request has.

        For a part of what is done in several steps, each of which is a request of its own to the
        office, and for commands with text of which nothing may be stored, not even a digest.
        """
        verb = type(ask).__name__
        asking = await asking_of(request, verb)
        asking = msgspec.structs.replace(asking, request=secrets.token_hex(16), digest="")
        command = (verb, msgspec.to_builtins(ask), request.user.actor, asking)
        answer = await self.line.ask(*command)
        await self.present.catch_up()
        return answer
