"""The lines that the engine and a program working for it exchange: one JSON object a line.

The engine writes one `Order` to the program's standard input and keeps it open; its end means that
the engine is gone; answers to `Wants` and `Consults` come there too. The program writes messages
to its standard output and ends with `Done` or `Refused`. Standard error is output for people.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, LogLevel

VERSION = 1


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be done, and where."""

    version: int
    assignment: Assignment
    scratch: str  # an empty directory of this attempt alone
    files: Mapping[str, str]  # digest of an earlier artifact → a file with its bytes


class LogMessage(msgspec.Struct, frozen=True, tag="log"):
    """A line of output."""

    level: LogLevel
    message: str


class Moved(msgspec.Struct, frozen=True, tag="progress"):
    """How far the work is."""

    done: int
    total: int
    note: str = ""


class Used(msgspec.Struct, frozen=True, tag="usage"):
    """Tokens and money used since the last such message."""

    usage: Usage
    model: str = ""


class Wants(msgspec.Struct, frozen=True, tag="admit"):
    """A model call is about to be made; the program waits for the answer with this number."""

    number: int
    model: str
    input_tokens: int  # the most that it can take
    output_tokens: int


class Consults(msgspec.Struct, frozen=True, tag="consult", omit_defaults=True):
    """An agent is asked to read the repository of the step and to answer; the program waits.

    The agent may write nothing. What it uses is metered where it calls its models.
    """

    number: int
    agent: str
    prompt: str  # the next message of one conversation
    seconds: float  # that the answer may take
    schema: Mapping[str, Any] = {}  # of the answer, which is JSON; with the first message
    plan: str = ""  # as JSON, which tools of the agent show; with the first message
    tried: str = ""  # what that plan showed when it was tried, as JSON; with the first message


class ArtifactMessage(msgspec.Struct, frozen=True, tag="artifact"):
    """A file to keep; it lies under the scratch directory."""

    name: str
    path: str
    digest: str
    size: int
    media_type: str
    title: str = ""
    obtained: str = ""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The work, handed in."""

    work: Work


class Refused(msgspec.Struct, frozen=True, tag="failed"):
    """The work could not be done."""

    code: str
    reason: str
    hint: str = ""
    retryable: bool = True
    detail: Any = None


Message = LogMessage | Moved | Used | Wants | Consults | ArtifactMessage | Done | Refused


class Granted(msgspec.Struct, frozen=True, tag="granted"):
    """The engine's answer: what the call can use is set aside."""

    number: int


class Denied(msgspec.Struct, frozen=True, tag="denied"):
    """The engine's answer: the call must not be made."""

    number: int
    code: str
    reason: str
    hint: str = ""


class Consulted(msgspec.Struct, frozen=True, tag="consulted"):
    """The engine's answer: an agent's last output."""

    number: int
    text: str


Answer = Granted | Denied | Consulted


def encode(value: Any) -> bytes:
    """Return one line with its end."""
    return msgspec.json.encode(value) + b"\n"
