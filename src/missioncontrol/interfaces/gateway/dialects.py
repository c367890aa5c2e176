"""The supported APIs: where each is found, and how each expresses requests and errors."""

from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.interfaces.gateway.call_request import Asked
from missioncontrol.interfaces.gateway.chat_reader import ChatReader
from missioncontrol.interfaces.gateway.messages_reader import MessagesReader
from missioncontrol.interfaces.gateway.model_answer import Reader, ReceivedAnswer, SilentReader
from missioncontrol.interfaces.gateway.refusal import (
    Api,
    Refusal,
    chat_event,
    messages_event,
    responses_event,
)
from missioncontrol.interfaces.gateway.responses_reader import ResponsesReader


class Dialect(msgspec.Struct, frozen=True):
    """One endpoint that answers calls."""

    name: str
    api: Api
    path: str  # after the base address of an upstream, as its official library takes it
    limits: tuple[str, ...]  # fields that hold the limit of output tokens
    reader: Callable[[ReceivedAnswer], Reader]
    is_free: bool = False  # it uses no tokens that are paid for


RESPONSES = Dialect("responses", "openai", "/responses", ("max_output_tokens",), ResponsesReader)
CHAT = Dialect(
    "chat", "openai", "/chat/completions", ("max_completion_tokens", "max_tokens"), ChatReader
)
MESSAGES = Dialect("messages", "anthropic", "/v1/messages", ("max_tokens",), MessagesReader)
COUNT = Dialect("count", "anthropic", "/v1/messages/count_tokens", (), SilentReader, is_free=True)

BY_PATH = {
    "/responses": RESPONSES,
    "/chat/completions": CHAT,
    "/messages": MESSAGES,
    "/messages/count_tokens": COUNT,
}


def limit_changes(
    dialect: Dialect, asked: Asked, output_tokens: int, *, chat_field: str
) -> dict[str, Any]:
    """Return what makes a request keep to `output_tokens`; nothing where it does so by itself."""
    set_here = [name for name in dialect.limits if asked.fields.get(name) is not None]
    if not set_here:
        name = chat_field if dialect is CHAT else dialect.limits[0]
        return {name: output_tokens}
    return {name: output_tokens for name in set_here if asked.fields[name] > output_tokens}


def usage_changes(dialect: Dialect, asked: Asked) -> dict[str, Any]:
    """Return what makes a stream tell its usage; nothing where it does so by itself."""
    if dialect is not CHAT or not asked.is_stream or wants_usage(asked):
        return {}
    options = asked.fields.get("stream_options")
    return {
        "stream_options": {
            **(options if isinstance(options, dict) else {}),
            "include_usage": True,
        }
    }


def wants_usage(asked: Asked) -> bool:
    """Whether the caller itself asked for the usage of a chat stream."""
    options = asked.fields.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def error_event(dialect: Dialect, refusal: Refusal, reader: Reader | None) -> bytes:
    """Return the event that ends a stream in the middle."""
    if dialect.api == "anthropic":
        return messages_event(refusal)
    if isinstance(reader, ResponsesReader):
        return responses_event(refusal, first=reader.first, number=reader.number)
    return chat_event(refusal)
