"""Reads the answers of OpenAI's Chat Completions."""

from typing import Any

import msgspec

from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway.model_answer import (
    NO_DETAILS,
    Details,
    ReceivedAnswer,
    Wire,
    sound,
)


class _ChatUsage(Wire):
    prompt_tokens: int
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None


class _Function(Wire):
    name: str | None = None
    arguments: str | None = None


class _ChatTool(Wire):
    index: int = 0
    function: _Function | None = None


class _ChatWords(Wire):
    content: Any = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_ChatTool] | None = None


class _ChatChoice(Wire):
    index: int = 0
    delta: _ChatWords | None = None
    message: _ChatWords | None = None


class _Chat(Wire):
    model: str | None = None
    usage: _ChatUsage | None = None
    choices: list[_ChatChoice] | None = None


_CHAT = msgspec.json.Decoder(_Chat)


class ChatReader:
    """Reads OpenAI's Chat Completions."""

    def __init__(self, received: ReceivedAnswer) -> None:
        """Nothing is read yet."""
        self.heard = received
        self.is_usage_only = False  # the last event was there for its usage alone

    def event(self, data: bytes) -> None:
        """See `Reader.event`."""
        self.is_usage_only = False
        if data == b"[DONE]":
            self.heard.is_done = True
            return
        try:
            chunk = _CHAT.decode(data)
        except (msgspec.DecodeError, RecursionError):
            self.heard.said += len(data)
            return
        self.is_usage_only = chunk.usage is not None and not chunk.choices
        self._take(chunk)

    def body(self, content: bytes) -> None:
        """See `Reader.body`."""
        try:
            self._take(_CHAT.decode(content))
        except (msgspec.DecodeError, RecursionError):
            self.heard.said += len(content)

    def _take(self, chunk: _Chat) -> None:
        received = self.heard
        received.model = chunk.model or received.model
        if chunk.usage is not None:
            received.tell(_chat_usage(chunk.usage))
        for choice in chunk.choices or ():
            words = choice.delta or choice.message
            if words is not None:
                self._receive(choice.index, words, is_whole=choice.message is not None)

    def _receive(self, choice: int, words: _ChatWords, *, is_whole: bool) -> None:
        if isinstance(words.content, str):
            self.heard.say(words.content, choice)
        elif words.content:
            self.heard.say(msgspec.json.encode(words.content).decode(), choice)
        self.heard.say(words.refusal, choice)
        self.heard.think(words.reasoning_content or words.reasoning)
        for number, tool in enumerate(words.tool_calls or ()):
            function = tool.function or _Function()
            place = (choice, number if is_whole else tool.index)
            self.heard.call(place, function.name, function.arguments)


def _chat_usage(reported: _ChatUsage) -> Usage | None:
    """Return the usage; some endpoints leave reasoning out of the output but not of the sum."""
    read = reported.prompt_tokens_details or NO_DETAILS
    written = reported.completion_tokens_details or NO_DETAILS
    return sound(
        reported.prompt_tokens,
        max(reported.completion_tokens, reported.total_tokens - reported.prompt_tokens),
        cached=read.cached_tokens,
        cache_write=read.cache_write_tokens,
        reasoning=written.reasoning_tokens,
    )
