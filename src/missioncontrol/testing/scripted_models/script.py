"""A script: what a model says to each request, which tools it calls, and what it counts."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec


class ToolCall(msgspec.Struct, frozen=True):
    """A call of one of the tools that the request offered."""

    name: str
    arguments: dict[str, Any] | str  # a text is the input of a free-form tool
    id: str = ""  # chosen by the server where it is empty
    namespace: str = ""  # of the tool, where Responses offers it in one

    def numbered(self, number: str) -> "ToolCall":
        """Return this call with an id."""
        return self if self.id else msgspec.structs.replace(self, id=f"call_{number}")

    @property
    def as_json(self) -> str:
        """The arguments as the text in which they are sent."""
        if isinstance(self.arguments, str):
            return self.arguments
        return msgspec.json.encode(self.arguments).decode()


class Reply(msgspec.Struct, frozen=True):
    """One answer of the script: a text, calls of tools, or an error."""

    text: str = ""  # with another status than 200, the message of the error
    status: int = 200
    calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    code: str = ""  # of an error, as the API writes it; empty: what goes with its status
    headers: Mapping[str, str] = {}
    seconds: float = 0.0  # how long the server waits before it answers
    pieces: int = 2  # in so many parts a text or the arguments of a call are streamed
    piece_seconds: float = 0.0  # between two of them
    cut_after: int = 0  # the connection breaks after so many events of a stream; 0: never
    breaks_with: str = ""  # a stream ends with this error in place of its proper end
    input_tokens: int = 100  # cached ones, read and written, included, whatever the API calls input
    cached_tokens: int = 40
    cache_write_tokens: int = 0
    output_tokens: int = 20  # reasoning ones included
    reasoning_tokens: int = 5
    model: str = ""  # empty: the one that was asked for


class Request(msgspec.Struct, frozen=True):
    """What a tool asked."""

    path: str  # with its query
    headers: Mapping[str, str]  # names in small letters
    body: dict[str, Any]

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model", ""))

    @property
    def is_stream(self) -> bool:
        """Whether the answer is to be streamed."""
        return self.body.get("stream") is True

    @property
    def tools(self) -> list[str]:
        """The names of the tools that the model may call."""
        offered = [tool.get("function", tool) for tool in self.body.get("tools", ())]
        return [str(tool.get("name", tool.get("type", ""))) for tool in offered]


Answering = Reply | Callable[[Request], Reply]
"""A line of a script: an answer, or what makes one of the request."""
