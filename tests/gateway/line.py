"""A line to an engine that admits one call at a time, as the real one does."""

import asyncio
from typing import Any

from missioncontrol.domain.work import ArtifactRef, Usage
from missioncontrol.ports.agent import Action, AttemptFailed, LogLevel, ProcessHandle, Verdict


class Line:
    """Holds at most `tokens` at once; each admission takes the place of the one before it."""

    def __init__(self, tokens: int = 10**9) -> None:
        self.tokens = tokens
        self.held = 0
        self.admitted: list[tuple[str, int, int]] = []
        self.refused = 0
        self.used: list[tuple[Usage, str]] = []

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        self.held = 0
        if input_tokens + output_tokens > self.tokens:
            self.refused += 1
            raise AttemptFailed("budget.exceeded", "It does not fit.", retryable=False)
        self.held = input_tokens + output_tokens
        self.admitted.append((model, input_tokens, output_tokens))
        await asyncio.sleep(0)

    def usage(self, usage: Usage, *, model: str = "") -> None:
        self.used.append((usage, model))

    def log(self, level: LogLevel, message: str) -> None:
        raise NotImplementedError

    def progress(self, done: int, total: int, note: str = "") -> None:
        raise NotImplementedError

    async def permit(self, action: Action) -> Verdict:
        raise NotImplementedError

    async def started(self, process: ProcessHandle) -> None:
        raise NotImplementedError

    def keep(self, name: str, content: bytes, **more: Any) -> ArtifactRef:
        raise NotImplementedError
