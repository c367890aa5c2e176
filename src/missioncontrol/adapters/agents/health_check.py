"""The line of a proof: an agent shows that it works, with no engine behind it."""

import hashlib
from collections import deque

from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Usage
from missioncontrol.ports.agent import Action, Assignment, LogLevel, ProcessHandle, Verdict

LINES_MAX = 50


class HealthCheckLine:
    """Keeps the last lines and the usage; allows nothing that would have to be asked for."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.lines: deque[str] = deque(maxlen=LINES_MAX)
        self.used = NO_USAGE

    def log(self, level: LogLevel, message: str) -> None:
        self.lines.append(message)

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Line.progress`."""

    def usage(self, usage: Usage, *, model: str = "") -> None:
        self.used += usage

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """See `Line.admit`; who asked for the proof has agreed to what it takes."""

    async def permit(self, action: Action) -> Verdict:
        return Verdict(is_allowed=False, reason="This is only a test of the agent.")

    async def started(self, process: ProcessHandle) -> None:
        """See `Line.started`; a proof ends what it starts, and no run has to find it again."""

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """See `Line.keep`; the file is thrown away."""
        digest = hashlib.sha256(content).hexdigest()
        return ArtifactRef(name, digest, len(content), media_type, title, obtained)


def health_check_assignment(agent: str, inputs: dict[str, object] | None = None) -> Assignment:
    """Return an assignment that belongs to no run."""
    return Assignment("proof", "proof", agent, 1, 1, f"proof-{agent}", agent, inputs or {})
