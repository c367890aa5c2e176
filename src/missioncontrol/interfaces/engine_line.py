"""The line from another process to the engine of a home, for frequent callers."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.principal import Asking
from missioncontrol.interfaces.control import Ask, ask_engine, refusal


class Holder(Protocol):
    """The process that holds a home."""

    @property
    def socket(self) -> str:
        """The path at which it listens; empty while it does not."""
        ...

    @property
    def token(self) -> str:
        """What it answers to."""
        ...


class EngineLine:
    """Sends commands to the engine that holds the home at the time of the call."""

    def __init__(self, holder: Callable[[], Holder | None], start: str = "mission up") -> None:
        """`holder` says who holds the home now. Nothing is opened before the first question.

        `start` is the command that starts an engine.
        """
        self._holder = holder
        self.start = start

    @property
    def is_open(self) -> bool:
        """Whether an engine holds the home now, and listens."""
        holder = self._holder()
        return holder is not None and bool(holder.socket)

    def bearer(self) -> str:
        """Return the token that the caller signed in with; the console needs to show none."""
        return ""

    async def ask(
        self, verb: str, arguments: dict[str, Any], actor: str, asking: Asking | None
    ) -> Any:
        """Send `verb` to the office; return its answer, as plain values, once it is durable.

        `asking` is None where the operating system alone vouches for `actor`.

        Raises:
            Unavailable: `console.no_engine`, where no engine holds the home; `control.silent`.
            MissionControlError: as the office.
        """
        holder = self._holder()
        if holder is None or not holder.socket:
            raise Unavailable(
                "console.no_engine",
                "No engine is at work in this home, so nothing can be changed.",
                hint=f"`{self.start}` starts one.",
            )
        question = Ask(holder.token, verb, arguments, actor, asking, self.bearer())
        answer = await asyncio.to_thread(ask_engine, holder.socket, question)
        if answer.code:
            raise refusal(answer)
        return answer.data
