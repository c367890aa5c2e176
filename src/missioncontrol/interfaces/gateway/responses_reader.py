"""Reads the answers of OpenAI's Responses."""

from typing import Any

import msgspec

from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway.model_answer import (
    NO_DETAILS,
    Details,
    ReceivedAnswer,
    Wire,
    sound,
    text_of,
)


class _ResponsesUsage(Wire):
    input_tokens: int
    output_tokens: int
    input_tokens_details: Details | None = None
    output_tokens_details: Details | None = None


class _ResponsesPart(Wire):
    text: str | None = None
    refusal: str | None = None


class _ResponsesItem(Wire):
    type: str = ""
    id: str | None = None
    name: str | None = None
    arguments: Any = None
    input: Any = None
    content: list[_ResponsesPart] | None = None


class _Response(Wire):
    model: str | None = None
    usage: _ResponsesUsage | None = None
    output: list[_ResponsesItem] | None = None


class _ResponsesHead(Wire):
    model: str | None = None
    usage: _ResponsesUsage | None = None


class _ResponsesEvent(Wire):
    type: str = ""
    sequence_number: int | None = None
    delta: Any = None
    item_id: str | None = None
    item: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()


_EVENT = msgspec.json.Decoder(_ResponsesEvent)
_ITEM = msgspec.json.Decoder(_ResponsesItem)
_RESPONSE = msgspec.json.Decoder(_Response)
_RESPONSE_HEAD = msgspec.json.Decoder(_ResponsesHead)
_ENDS = ("response.completed", "response.incomplete", "response.failed")
FIRST_STORED_MAX = 256 * 1024


class ResponsesReader:
    """Reads OpenAI's Responses."""

    def __init__(self, received: ReceivedAnswer) -> None:
        """Nothing is read yet."""
        self.heard = received
        self.number = -1  # of the last event
        self.first = b""  # the response as it began, so that a failure of it can be reported

    def event(self, data: bytes) -> None:
        """See `Reader.event`."""
        if data == b"[DONE]":
            return
        try:
            event = _EVENT.decode(data)
            self._take(event)
        except (msgspec.DecodeError, RecursionError):
            self.heard.said += len(data)

    def _take(self, event: _ResponsesEvent) -> None:
        if event.sequence_number is not None:
            self.number = event.sequence_number
        match event.type:
            case "response.output_text.delta" | "response.refusal.delta":
                self.heard.say(text_of(event.delta))
            case (
                "response.function_call_arguments.delta"
                | "response.custom_tool_call_input.delta"
                | "response.mcp_call_arguments.delta"
            ):
                self.heard.call(event.item_id, None, text_of(event.delta))
            case "response.output_item.added":
                item = _ITEM.decode(event.item)
                if item.name:
                    self.heard.call(item.id, item.name, None)
            case "response.created" | "response.in_progress" | "response.queued":
                self._begin(bytes(event.response))
            case end if end in _ENDS:
                self._end(bytes(event.response))
            case _:
                self.heard.think(text_of(event.delta))

    def _begin(self, response: bytes) -> None:
        self.first = response if len(response) <= FIRST_STORED_MAX else b""
        self.heard.model = _RESPONSE_HEAD.decode(response).model or self.heard.model

    def _end(self, response: bytes) -> None:
        head = _RESPONSE_HEAD.decode(response)
        self.heard.is_done = True
        self.heard.model = head.model or self.heard.model
        if head.usage is not None:
            self.heard.tell(_responses_usage(head.usage))

    def body(self, content: bytes) -> None:
        """See `Reader.body`."""
        try:
            response = _RESPONSE.decode(content)
        except (msgspec.DecodeError, RecursionError):
            self.heard.said += len(content)
            return
        self.heard.model = response.model or ""
        if response.usage is not None:
            self.heard.tell(_responses_usage(response.usage))
        for place, item in enumerate(response.output or ()):
            for part in item.content or ():
                self.heard.say(part.text or part.refusal)
            if item.name:
                self.heard.call(place, item.name, text_of(item.arguments or item.input))


def _responses_usage(reported: _ResponsesUsage) -> Usage | None:
    read = reported.input_tokens_details or NO_DETAILS
    written = reported.output_tokens_details or NO_DETAILS
    return sound(
        reported.input_tokens,
        reported.output_tokens,
        cached=read.cached_tokens,
        cache_write=read.cache_write_tokens,
        reasoning=written.reasoning_tokens,
    )
