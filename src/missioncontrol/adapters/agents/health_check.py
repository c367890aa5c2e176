"""A line for health checks: an agent shows that it works while no engine listens."""

import hashlib
from collections import deque

from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Usage
from missioncontrol.ports.agent import Action, Assignment, LogLevel, ProcessHandle, Verdict

LINES_MAX = 50


class HealthCheckLine:
    """Collects the last lines and the usage; refuses every action that needs permission."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=LINES_MAX)
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


def health_check_assignment(agent: str, inputs: dict[str, object] | None = None) -> Assignment:
    """Return an assignment that belongs to no run."""
    return Assignment("proof", "proof", agent, 1, 1, f"proof-{agent}", agent, inputs or {})
