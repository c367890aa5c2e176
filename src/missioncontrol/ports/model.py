"""The promise of a language model: messages and a schema in, text and what it used out."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from missioncontrol.domain.work import NO_USAGE, Usage


class Message(msgspec.Struct, frozen=True):
    """One turn of the conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


class Completion(msgspec.Struct, frozen=True):
    """What the model answered."""

    text: str
    usage: Usage = NO_USAGE
    model: str = ""  # as the endpoint names it


class Model(Protocol):
    """Answers one conversation with one text."""

    @property
    def name(self) -> str:
        """The model as prices name it."""
        ...

    @property
    def output_tokens_max(self) -> int:
        """The most that one answer can take."""
        ...

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], seconds: float
    ) -> Completion:
        """Answer with JSON that should fit `schema`, within `seconds`; the caller checks it.

        Raises:
            Unavailable: the endpoint is down, refuses, or took too long.
            Rejected: the endpoint cannot be used as it is configured.
        """
        ...
