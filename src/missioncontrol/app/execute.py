"""Executes operations: who may, once under its key, handled, durable, answered.

What no operation declares yet goes on to the office, which has the same rules for it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol import operations
from missioncontrol.application.authority import refuse_agent, refuse_missing, refuse_unproven
from missioncontrol.application.callers import refuse_bad_actor
from missioncontrol.application.office import Office
from missioncontrol.declarations import Operation
from missioncontrol.domain.principal import Asking

ON_BEHALF = "on_behalf"
"""The argument in which an agent names the person it acts for."""


class Executor:
    """Executes the operations of one data directory, by name."""

    def __init__(self, office: Office) -> None:
        """`command_bus` has the services, and the requests that were made before."""
        self._command_bus = office

    async def perform(
        self, name: str, arguments: Mapping[str, Any], actor: str, asking: Asking | None = None
    ) -> Any:
        """Do what another process asks, with plain values, and return the answer once durable.

        `asking` says who signed in where. It is None where the operating system alone vouches for
        the actor; its way is `os` where that vouches for a request with a key.

        Raises:
            Rejected: `actor.bad_name`, `control.unknown_verb`, `control.malformed`, and as
                `Operation.build` and `execute`.
            MissionControlError: as the service.
        """
        operation = operations.find(name)
        if operation is None:
            return await self._command_bus.perform(name, arguments, actor, asking)
        given = dict(arguments)
        on_behalf = given.pop(ON_BEHALF, "")
        refuse_bad_actor(actor, on_behalf, asking, os_user=self._command_bus.approvals.os_user)
        command = operation.understood(given)
        return await self.execute(operation, command, actor, asking, on_behalf=on_behalf)

    async def execute(
        self,
        operation: Operation[Any, Any],
        command: Any,
        actor: str,
        asking: Asking | None = None,
        *,
        on_behalf: str = "",
    ) -> Any:
        """Do what a command says, and return the answer as plain values once it is durable.

        Raises:
            Rejected: `actor.by_agent`, `approval.sign_in`; see `application.requests`.
            NotPermitted: `permission.missing`.
            MissionControlError: as the service.
        """
        office, is_signed_in = self._command_bus, asking is not None and asking.way != "os"
        refuse_agent(actor, by_agents=operation.by_agents)
        if is_signed_in:
            assert asking is not None
            # Permissions are those of the log now: the console may hold those of the sign-in.
            asking = await office.as_known(actor, asking)
            refuse_missing(operation.permission, actor, asking)
        else:
            refuse_unproven(operation.permission, is_confined=office.is_confined)
            command = _for(command, on_behalf)

        async def work() -> Any:
            return msgspec.to_builtins(await operation.handle(office, command, actor))

        if asking is None:
            answer = await work()
            await office.journal.durable()
            return answer
        return await office.requests.do(
            operation.name, asking, actor, work, operation.shown_once, operation.former
        )


def _for(command: Any, on_behalf: str) -> Any:
    """Return a command with the person for whom an agent gives it, where it keeps that."""
    if on_behalf and ON_BEHALF in command.__struct_fields__:
        return msgspec.structs.replace(command, on_behalf=on_behalf)
    return command
