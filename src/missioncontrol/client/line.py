"""How `Client` asks: each script is played to its end, and the caller waits."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import httpx

from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.client.calls import Call, Item, More, Open, Pause, Script, persisted
from missioncontrol.client.play import Play
from missioncontrol.domain.errors import MissionControlError

T = TypeVar("T")


class Line:
    """Asks one server; see `Client` for what it raises."""

    def __init__(self, server: ServerLine, *, wait: Callable[[float], None] = time.sleep) -> None:
        """The opener of `server` closes it."""
        self.server = server
        self.wait = wait

    def ask(self, call: Call[T]) -> T:
        """Ask, and again where a connection was lost; return the answer."""
        return self.carry_out(persisted(call))

    def carry_out(self, script: Script[T]) -> T:
        """Do all that a script says, and return what comes of it."""
        play = Play(script)
        for _ in self.stream(play):
            pass  # Nothing listens.
        return play.result

    def stream(self, play: Play[Any]) -> Iterator[Any]:
        """Do what a script says, and yield what it tells."""
        with _Stage(self) as stage:
            while (step := play.step()) is not None:
                if isinstance(step, Item):
                    yield step.value
                    continue
                try:
                    play.take(stage.done(step))
                except MissionControlError as refusal:
                    play.refuse(refusal)


class _Stage(ExitStack):
    """Where a script is played: it has at most one connection open to be read."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self._coming: Iterator[bytes] = iter(())

    def done(self, step: Any) -> Any:
        """Do one step, and return what came of it."""
        match step:
            case Call():
                return self._line.server.called(step)
            case Pause():
                return self._line.wait(step.seconds)
            case Open():
                self.close()
                opened = self._line.server.streamed(
                    step.path,
                    query=step.query,
                    headers=step.headers,
                    seconds_max=step.seconds_max,
                )
                self._coming = self.enter_context(opened).iter_bytes()
                return None
            case More():
                return self._more()
        raise AssertionError(step)

    def _more(self) -> bytes:
        try:
            return next(self._coming, b"")
        except httpx.HTTPError as error:
            raise self._line.server.silent(error) from None
