"""Reads the answers of Anthropic's Messages."""

from typing import Any

import msgspec

from missioncontrol.interfaces.gateway.model_answer import ReceivedAnswer, Wire, sound, text_of


class _Written(Wire):
    """Tokens written to a cache, by how long they are cached."""

    ephemeral_1h_input_tokens: int | None = None


class _MessagesUsage(Wire):
    """A later usage tells only what has changed."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _Written | None = None


class _MessagesBlock(Wire):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    name: str | None = None
    input: Any = None


class _Message(Wire):
    model: str | None = None
    usage: _MessagesUsage | None = None
    content: list[_MessagesBlock] | None = None


class _MessagesDelta(Wire):
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None


class _MessagesEvent(Wire):
    type: str = ""
    index: int = 0
    message: _Message | None = None
    usage: _MessagesUsage | None = None
    delta: _MessagesDelta | None = None
    content_block: _MessagesBlock | None = None


_MESSAGES_EVENT = msgspec.json.Decoder(_MessagesEvent)
_MESSAGE = msgspec.json.Decoder(_Message)


class MessagesReader:
    """Reads Anthropic's Messages."""

    def __init__(self, received: ReceivedAnswer) -> None:
        """Nothing is read yet."""
        self.heard = received
        self._usage = _MessagesUsage()
        self._is_final = False  # the first usage counts no output yet

    def event(self, data: bytes) -> None:
        """See `Reader.event`."""
        try:
            event = _MESSAGES_EVENT.decode(data)
        except (msgspec.DecodeError, RecursionError):
            self.heard.said += len(data)
            return
        match event.type:
            case "message_start":
                self._begin(event.message or _Message())
            case "message_delta":
                self._is_final = self._is_final or event.usage is not None
                self._count(event.usage)
            case "message_stop":
                self.heard.is_done = True
            case "content_block_start" if event.content_block is not None:
                self._block(event.index, event.content_block, is_whole=False)
            case _ if event.delta is not None:
                self.heard.say(event.delta.text)
                self.heard.think(event.delta.thinking)
                if event.delta.partial_json:
                    self.heard.call(event.index, None, event.delta.partial_json)

    def body(self, content: bytes) -> None:
        """See `Reader.body`."""
        try:
            message = _MESSAGE.decode(content)
        except (msgspec.DecodeError, RecursionError):
            self.heard.said += len(content)
            return
        self._is_final = message.usage is not None
        self._begin(message)
        for place, block in enumerate(message.content or ()):
            self._block(place, block, is_whole=True)

    def _begin(self, message: _Message) -> None:
        self.heard.model = message.model or self.heard.model
        self._count(message.usage)

    def _block(self, place: int, block: _MessagesBlock, *, is_whole: bool) -> None:
        self.heard.say(block.text)
        self.heard.think(block.thinking)
        if block.name:
            given = text_of(block.input) if is_whole else ""
            self.heard.call(place, block.name, given)

    def _count(self, usage: _MessagesUsage | None) -> None:
        """Take in a usage; each of its numbers stands for the whole message so far."""
        if usage is None:
            return
        for name in usage.__struct_fields__:
            if (value := getattr(usage, name)) is not None:
                setattr(self._usage, name, value)
        total_in = _input(self._usage)
        written = self._usage.cache_creation
        self.heard.cached_long = max((written and written.ephemeral_1h_input_tokens) or 0, 0)
        self.heard.read(total_in)
        if self._is_final:
            used = sound(
                total_in,
                self._usage.output_tokens or 0,
                cached=self._usage.cache_read_input_tokens,
                cache_write=self._usage.cache_creation_input_tokens,
            )
            self.heard.tell(used)


def _input(reported: _MessagesUsage) -> int:
    """Return all input tokens: what Anthropic calls so leaves out what is cached."""
    return (
        (reported.input_tokens or 0)
        + (reported.cache_creation_input_tokens or 0)
        + (reported.cache_read_input_tokens or 0)
    )
