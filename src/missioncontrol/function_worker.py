"""The program that calls a declared function: `python -m missioncontrol.function_worker TARGET`.

With directories after the target, modules are looked for there first. An end of input before an
order is no fault: the function was found, and that is all that was asked.
"""

import asyncio
import inspect
import os
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from missioncontrol.adapters.agents.step_functions import StepContext
from missioncontrol.domain.work import ArtifactRef, Usage, Work
from missioncontrol.ports import wire
from missioncontrol.ports.agent import Action, AttemptFailed, LogLevel, ProcessHandle, Verdict
from missioncontrol.specialists.host import PipeDesk, private_stdout, receive_answers

GROUP = "missioncontrol.functions"
UNLIMITED = 7 * 86_400.0


class PipeLine:
    """The line of an attempt whose function is in this process, and its engine in another."""

    def __init__(self, desk: PipeDesk) -> None:
        """`desk` writes the messages."""
        self._reporter = desk
        self._asking = asyncio.Lock()

    def log(self, level: LogLevel, message: str) -> None:
        """See `Line.log`."""
        self._reporter.log(level, message)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Line.progress`."""
        self._reporter.progress(done, total, note)

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """See `Line.usage`."""
        self._reporter.usage(usage, model=model)

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """See `Line.admit`."""
        async with self._asking:  # Answers come in the order of the questions.
            await asyncio.to_thread(
                self._reporter.admit, model, input_tokens=input_tokens, output_tokens=output_tokens
            )

    async def permit(self, action: Action) -> Verdict:
        """See `Line.permit`; a function has no person to ask.

        Raises:
            AttemptFailed: `function.cannot_ask`.
        """
        raise AttemptFailed(
            "function.cannot_ask",
            f"The function asked for leave: {action.title}",
            hint="Ask a person in a separate step.",
            retryable=False,
        )

    async def started(self, process: ProcessHandle) -> None:
        """See `Line.started`; what this process starts is in its group, which is on record."""

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """See `Line.keep`."""
        return self._reporter.keep(
            name, content, media_type=media_type, title=title, obtained=obtained
        )


def found(target: str) -> Callable[[StepContext], Any]:
    """Return the function `package.module:name`, or the entry point of that name.

    Raises:
        AttemptFailed: `function.unknown`.
    """
    try:
        function: Any = _named(target) if ":" in target else _entry_point(target)
    except (Exception, SystemExit) as error:
        reason = f"The function {target!r} cannot be found: {type(error).__name__}: {error}."
        hint = "Check its name, and `directory` in the settings of the agent."
        raise AttemptFailed("function.unknown", reason, hint=hint, retryable=False) from error
    if not callable(function):
        reason = f"{target!r} is {type(function).__name__} and cannot be called."
        raise AttemptFailed("function.unknown", reason, retryable=False)
    called: Callable[[StepContext], Any] = function
    return called


def _named(target: str) -> Any:
    module, _, path = target.partition(":")
    value: Any = import_module(module)
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _entry_point(name: str) -> Any:
    for point in entry_points(group=GROUP, name=name):
        return point.load()
    raise LookupError(f"no installed package has an entry point {name!r} in the group {GROUP!r}")


def main() -> int:
    """Do one order; the exit code is 0 where a result or a refusal was written."""
    if len(sys.argv) < 2:
        sys.stderr.write("Name a function: package.module:name, or an entry point.\n")
        return 2
    out = private_stdout()
    sys.path[:0] = sys.argv[2:]
    first = sys.stdin.buffer.readline()
    if not first:
        return _looked_up(sys.argv[1])
    order = msgspec.json.decode(first, type=wire.Order)
    desk = PipeDesk(out, Path(order.scratch), order.assignment.seconds_max or UNLIMITED)
    hearing = desk.answers, _private_stdin()
    threading.Thread(target=receive_answers, args=hearing, daemon=True).start()
    desk.send(_outcome(sys.argv[1], order, desk))
    _leave()


def _private_stdin() -> int:
    """Keep the pipe from the engine for answers: a function that reads finds an empty file."""
    private, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return private


def _leave() -> NoReturn:
    """End, despite any threads the function has left: its result is written, nothing waits."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def _looked_up(target: str) -> int:
    try:
        found(target)
    except AttemptFailed as error:
        sys.stderr.write(f"{error.reason}\n")
        return 1
    return 0


def _outcome(target: str, order: wire.Order, desk: PipeDesk) -> wire.Message:
    try:
        result = asyncio.run(_called(found(target), StepContext(order.assignment, PipeLine(desk))))
        done = wire.Done(result if type(result) is Work else Work(output=result))
        msgspec.json.encode(done)
    except AttemptFailed as error:
        return wire.Refused(error.code, error.reason, error.hint, error.retryable, error.detail)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the edge: reported, not lost
        for line in traceback.format_exc().splitlines():
            desk.log("error", line)
        return wire.Refused("function.raised", f"{target} raised {type(error).__name__}: {error}.")
    return done


async def _called(function: Callable[[StepContext], Any], context: StepContext) -> Any:
    """Call a function, be it plain or async."""
    result = function(context)
    return await result if inspect.isawaitable(result) else result


if __name__ == "__main__":
    raise SystemExit(main())
