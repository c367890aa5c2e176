"""A line that remembers its messages, and a workshop in a temporary directory."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Usage
from missioncontrol.ports.agent import Action, Assignment, AttemptFailed, ProcessHandle, Verdict
from missioncontrol.ports.agent_kind import Workshop
from missioncontrol.ports.gateway import Gateway
from tests.sandboxes import OpenBelow

T = TypeVar("T")
SECRET = "correct-horse-battery-staple"


def run(work: Coroutine[Any, Any, T], seconds: float = 60.0) -> T:
    """Run `work` on an event loop of its own, within bounds."""

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await work

    return asyncio.run(bounded())


class HeardLine:
    """Keeps the promise of `Line` for one attempt that no engine knows."""

    def __init__(self, permit: Callable[[Action], Verdict] | None = None) -> None:
        """`permit` answers what is asked; without it nothing is allowed."""
        self.said: list[tuple[str, str]] = []
        self.moved: list[tuple[int, int, str]] = []
        self.used = NO_USAGE
        self.usages: list[tuple[str, Usage]] = []
        self.admitted: list[tuple[str, int, int]] = []
        self.asked: list[Action] = []
        self.processes: list[ProcessHandle] = []
        self.kept: dict[str, bytes] = {}
        self.tokens_max = 10**9
        self._permit = permit
        self.spoke = asyncio.Event()
        self.moving = asyncio.Event()

    @property
    def text(self) -> str:
        return "\n".join(message for _, message in self.said)

    def log(self, level: str, message: str) -> None:
        self.said.append((level, message))
        self.spoke.set()

    def progress(self, done: int, total: int, note: str = "") -> None:
        self.moved.append((done, total, note))
        self.moving.set()
        self.spoke.set()

    def usage(self, usage: Usage, *, model: str = "") -> None:
        self.usages.append((model, usage))
        self.used += usage

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        self.admitted.append((model, input_tokens, output_tokens))
        if input_tokens + output_tokens > self.tokens_max:
            raise AttemptFailed("budget.exceeded", "The cap is reached.", retryable=False)

    async def permit(self, action: Action) -> Verdict:
        self.asked.append(action)
        self.spoke.set()
        return self._permit(action) if self._permit else Verdict(is_allowed=False, reason="no")

    async def started(self, process: ProcessHandle) -> None:
        self.processes.append(process)

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        self.kept[name] = content
        digest = hashlib.sha256(content).hexdigest()
        return ArtifactRef(name, digest, len(content), media_type, title, obtained)


def a_workshop(
    root: Path, environment: Mapping[str, str] | None = None, gateway: Gateway | None = None
) -> Workshop:
    """Return a workshop whose programs see `environment`, with one known secret."""
    for name in ("scratch", "worktrees", "state"):
        (root / name).mkdir(exist_ok=True)
    return Workshop(
        root / "scratch",
        root / "worktrees",
        root / "state",
        FolderArtifactStore(root / "artifacts"),
        lambda: dict(environment or {}),
        Scrubber([SECRET]).text,
        OpenBelow(root),
        gateway,
    )


def assignment(inputs: Mapping[str, Any] | None = None, **more: Any) -> Assignment:
    """Return the first attempt at a step with these inputs."""
    return Assignment("run-1", "w", "a", 1, 1, "key-1", "agent", inputs or {}, **more)
