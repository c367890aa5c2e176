"""What a model says, shown line by line while it is said."""

from collections.abc import AsyncIterable
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)

from missioncontrol.adapters.agents.declared import Notes
from missioncontrol.ports.agent import Line

LINE_LENGTH_MAX = 4_000
"""A longer line is shown in parts, each of which ends at a space."""

BEAT_EVENTS = 50
"""Between two signs of life while the model says what nobody reads, such as arguments."""


class Telling:
    """Gathers text until a line is full."""

    def __init__(self, line: Line) -> None:
        """Nothing was said yet."""
        self._line = line
        self._notes = Notes(line)
        self._begun = ""
        self._events = 0

    async def hear(self, context: RunContext[Any], events: AsyncIterable[Any]) -> None:
        """Take the events of one answer, or of the tools that were called."""
        async for event in events:
            self._events += 1
            if self._events % BEAT_EVENTS == 0:
                self._line.progress(self._events, 0, "parts of an answer")
            match event:
                case PartStartEvent(part=TextPart(content=text)):
                    self._add(text)
                case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
                    self._add(text)
                case FunctionToolCallEvent(part=call):
                    self.end()
                    self._notes.say("info", f"→ {call.tool_name}")
        self.end()

    def _add(self, text: str) -> None:
        *full, self._begun = (self._begun + text).split("\n")
        for line in full:
            self._notes.say("info", line)
        if len(self._begun) > LINE_LENGTH_MAX:
            said, space, rest = self._begun.rpartition(" ")
            if space:
                self._notes.say("info", said)
                self._begun = rest

    def end(self) -> None:
        """Show what was begun."""
        if self._begun:
            self._notes.say("info", self._begun)
        self._begun = ""
