"""Support for kinds of agents: strict settings, checks of answers and health, bounded output."""

import hashlib
import logging
import re
from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from missioncontrol.adapters.agents.command_inputs import Scrub
from missioncontrol.domain.agent import ANYTHING, Shape, misfit
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Usage
from missioncontrol.extras import require_extra
from missioncontrol.ports.agent import (
    Action,
    Assignment,
    AttemptFailed,
    Line,
    LogLevel,
    ProcessHandle,
    Verdict,
)
from missioncontrol.ports.agent_kind import Workshop

HEALTH_LINES_MAX = 50
T = TypeVar("T", bound=msgspec.Struct)
CLIENT_INFO = ("missioncontrol", str(import_module("missioncontrol").__version__))
"""Name and version of this product, as protocols ask for them."""
ONE_LINE_MAX = 300
LINES_MAX = 5_000
LINE_MAX = 65_536
_NAMED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class HealthCheckLine:
    """Collects the last lines and the usage; refuses every action that needs permission."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=HEALTH_LINES_MAX)
        self.used = NO_USAGE

    def log(self, level: LogLevel, message: str) -> None:
        self.lines.append(message)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Ignore progress: a health check takes seconds."""

    def usage(self, usage: Usage, *, model: str = "") -> None:
        self.used += usage

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """Admit every call: the user who starts a health check accepts its cost."""

    async def permit(self, action: Action) -> Verdict:
        return Verdict(is_allowed=False, reason="This is only a test of the agent.")

    async def started(self, process: ProcessHandle) -> None:
        """Record nothing: the health check itself ends what it starts."""

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """Return a reference to a file that is not stored."""
        digest = hashlib.sha256(content).hexdigest()
        return ArtifactRef(name, digest, len(content), media_type, title, obtained)


def settings_of(declared: Declaration, form: type[T]) -> T:
    """Return the settings of an agent as a struct of its kind.

    Raises:
        Rejected: `agent.bad_settings`, naming the agent and the setting.
    """
    try:
        return msgspec.convert(declared.settings, form)
    except msgspec.ValidationError as error:
        known = ", ".join(field.name for field in msgspec.structs.fields(form))
        raise bad_settings(declared, f"{error}.", hint=f"It takes {known}.") from None


def bad_settings(declared: Declaration, fault: str, *, hint: str = "") -> Rejected:
    """Return an error about a setting."""
    reason = f"The settings of agent {declared.name!r} do not fit: {fault}"
    return Rejected("agent.bad_settings", reason, hint=hint)


def relative_path(paths: Iterable[str]) -> str:
    """Return the first of `paths` that is not absolute; '' where all are."""
    return next((path for path in paths if not Path(path).is_absolute()), "")


def output_shape(declared: Declaration) -> Shape:
    """Return the shape of a step's output: the agent's, or that of its only capability."""
    if declared.output == ANYTHING and len(declared.capabilities) == 1:
        return declared.capabilities[0].output
    return declared.output


def refuse_misfit(output: Any, shape: Shape, *, code: str, who: str, scrub: Scrub) -> None:
    """Raise unless an answer has the declared shape.

    Raises:
        AttemptFailed: `code`.
    """
    if misfit(output, shape):
        raise AttemptFailed(
            code,
            f"{who} gave no answer of the declared shape: {describe_misfit(output, shape, scrub)}.",
            hint="Change the declared output of the agent, or the side that answers.",
            detail={"answer": one_line(output, scrub)},
        )


def describe_misfit(output: Any, shape: Shape, scrub: Scrub) -> str:
    """Return what does not fit, in words without secrets."""
    # Remove secrets first: the message cuts values, and half a secret would not be recognised.
    try:
        clean = msgspec.json.decode(scrub(msgspec.json.encode(output).decode()))
    except msgspec.DecodeError:
        return "it holds a secret"
    return misfit(clean, shape) or "it holds a secret"


def program_environment(workshop: Workshop) -> Mapping[str, str]:
    """Return the environment of an agent's programs, with its secrets as they are now.

    Raises:
        AttemptFailed: with the code of the store, such as `secret.unknown`.
    """
    try:
        return workshop.environment()
    except MissionControlError as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint, retryable=False) from None


def fill_template(template: str, environment: Mapping[str, str], *, code: str, place: str) -> str:
    """Return `template` with each `{VARIABLE}` in it replaced by the value of that variable.

    Raises:
        AttemptFailed: `code`, if a variable is missing.
    """
    for name in _NAMED.findall(template):
        if name not in environment:
            raise AttemptFailed(
                code,
                f"{place} needs the variable {name!r}, which the agent does not see.",
                hint=f"Name {name} in the `environment` or the `secrets` of the agent.",
                retryable=False,
            )
    return _NAMED.sub(lambda match: environment[match[1]], template)


def one_line(value: Any, scrub: Scrub, length_max: int = ONE_LINE_MAX) -> str:
    """Return a value in one line for a person, without secrets."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    line = " ".join(scrub(text).split())
    return line if len(line) <= length_max else f"{line[: length_max - 1]}…"


def require_package(name: str, code: str, purpose: str) -> None:
    """Refuse `purpose` where an optional package of the extra `agents` is missing.

    Raises:
        AttemptFailed: `code`.
    """
    refuse = partial(AttemptFailed, retryable=False)
    require_extra("agents", purpose, name, code=code, refuse=refuse)


def silence_loggers(*libraries: str) -> None:
    """Keep libraries from logging malformed messages of peers to standard error.

    Handlers that an application has set up receive them as before.
    """
    for name in libraries:
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def root_cause(error: BaseException) -> BaseException:
    """Return the cause in a group of exceptions: an `AttemptFailed`, else the first one."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [root_cause(each) for each in error.exceptions]
    return next((each for each in leaves if isinstance(each, AttemptFailed)), leaves[0])


async def admit_call(declared: Declaration, line: Line) -> None:
    """Reserve the usage of one call if the agent declares limits for each call.

    Raises:
        AttemptFailed: as `Line.admit`.
    """
    most = declared.limits
    if most.by_call:
        await line.admit(
            declared.model, input_tokens=most.input_tokens, output_tokens=most.output_tokens
        )


class BoundedLog:
    """Writes lines to the output of an attempt, at most `LINES_MAX` of them."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._count = 0
        self.last_line = ""
        """The beginning of the last line that is not blank."""

    def log(self, level: LogLevel, text: str) -> None:
        """Write a line while there is room; report later lines as progress only."""
        self._count += 1
        self.last_line = text[:LINE_MAX] if text.strip() else self.last_line
        if self._count <= LINES_MAX:
            # Cut at a space: half a secret at the end would not be recognised and removed.
            is_long = len(text) > LINE_MAX
            self._line.log(
                level, f"{text[:LINE_MAX].rpartition(' ')[0]} [cut]" if is_long else text
            )
        elif self._count == LINES_MAX + 1:
            self._line.log("warning", "The output limit is reached; later lines are not stored.")
        elif self._count % 100 == 0:
            self._line.progress(self._count, 0, "lines of output")


def health_check_assignment(agent: str, inputs: dict[str, object] | None = None) -> Assignment:
    """Return an assignment that belongs to no run."""
    return Assignment("proof", "proof", agent, 1, 1, f"proof-{agent}", agent, inputs or {})
