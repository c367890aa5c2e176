"""An attempt without an engine: a line that remembers, a workshop, and a gateway double."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.process_table import everybody
from missioncontrol.adapters.worktrees.sessions import NOTE
from missioncontrol.confinement import HiddenDirectories, available_confinement
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.step import Risk
from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Usage, Work
from missioncontrol.ports.agent import (
    Action,
    Agent,
    Assignment,
    AttemptFailed,
    Line,
    LogLevel,
    ProcessHandle,
    Verdict,
)
from missioncontrol.ports.agent_kind import AgentKind, Workshop
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.ports.gateway import Access

KEY = "mc-key-0123456789abcdef"


class TestLine:
    """Remembers the output of an agent."""

    __test__ = False

    def __init__(self, verdict: Callable[[Action], Verdict] | None = None) -> None:
        self.said: list[tuple[LogLevel, str]] = []
        self.used = NO_USAGE
        self.models: list[str] = []
        self.kept: dict[str, bytes] = {}
        self.processes: list[ProcessHandle] = []
        self.actions: list[Action] = []
        self._verdict = verdict or (lambda action: Verdict(True))
        self._more = asyncio.Event()

    @property
    def text(self) -> str:
        return "\n".join(message for _, message in self.said)

    @property
    def has_living_processes(self) -> bool:
        groups = {process.group for process in self.processes}
        seen = asyncio.run(everybody())
        return any(each.group in groups and not each.is_zombie for each in seen)

    def log(self, level: LogLevel, message: str) -> None:
        self.said.append((level, message))
        self._more.set()

    async def heard(self, text: str) -> None:
        """Wait until the output has `text`."""
        while text not in self.text:
            self._more.clear()
            await self._more.wait()

    def progress(self, done: int, total: int, note: str = "") -> None:
        pass

    def usage(self, usage: Usage, *, model: str = "") -> None:
        self.used += usage
        self.models.append(model)

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        raise AssertionError("no coding agent admits calls by itself")

    async def permit(self, action: Action) -> Verdict:
        self.actions.append(action)
        await asyncio.sleep(0)
        return self._verdict(action)

    async def started(self, process: ProcessHandle) -> None:
        self.processes.append(process)

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        self.kept[name] = content
        digest = hashlib.sha256(content).hexdigest()
        return ArtifactRef(name, digest, len(content), media_type, title, obtained)


def is_running(text: str) -> bool:
    """Whether any process has `text` in its command line, in whichever group it hides."""
    for process in psutil.process_iter(["cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or ())
        if text in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            return True
    return False


async def until_running(text: str) -> None:
    """Wait until a process has `text` in its command line."""
    while not is_running(text):  # noqa: ASYNC110 - no event for a foreign process's start
        await asyncio.sleep(0.02)


class Door:
    """A gateway that leads straight to a scripted server."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self.asked: list[tuple[str, ...]] = []
        self.is_open = False

    @contextmanager
    def access(
        self, assignment: Assignment, line: Line, *, models: tuple[str, ...] = ()
    ) -> Iterator[Access]:
        self.asked.append(models)
        self.is_open = True
        try:
            yield Access(self._origin, KEY)
        finally:
            self.is_open = False


def workshop(
    root: Path,
    gateway: Door | None = None,
    environment: Mapping[str, str] | None = None,
    sandbox: Sandbox | None = None,
) -> Workshop:
    """Return a workshop below `root`, confined as this machine can unless `sandbox` says more."""
    seen = {"PATH": "/usr/local/bin:/usr/bin:/bin", **(environment or {})}
    return Workshop(
        scratch=root / "scratch",
        worktrees=root / "trees",
        state=root / "state",
        artifacts=MemoryArtifactStore(),
        environment=lambda: seen,
        scrub=lambda text: text.replace("canary-secret-42", "[secret]"),
        sandbox=sandbox or HiddenDirectories(available_confinement({}), ()),
        gateway=gateway,
    )


class Attempted(msgspec.Struct):
    """How an attempt ended."""

    work: Work | None
    failure: AttemptFailed | None
    line: Any

    @property
    def done(self) -> Work:
        assert self.work is not None, self.failure and self.failure.reason
        return self.work

    @property
    def refused(self) -> AttemptFailed:
        assert self.failure is not None, self.work
        return self.failure


def attempt(
    kind: AgentKind,
    declared: Declaration,
    shop: Workshop,
    *,
    risk: Risk = "write",
    line: TestLine | None = None,
    seconds: float = 60.0,
    upstream: dict[str, Any] | None = None,
    elevation: Elevated | None = None,
    **inputs: Any,
) -> Attempted:
    """Have a declared agent do one assignment; it may leave at most a tree to resume."""
    recorder = line or TestLine()
    given = Assignment(
        "run-1",
        "w",
        "build",
        1,
        7,
        "run-1/build",
        declared.name,
        inputs,
        {},
        upstream or {},
        risk=risk,
        elevation=elevation,
    )

    async def story() -> Work:
        agent: Agent = kind.make(declared, shop)
        async with asyncio.timeout(seconds):
            return await agent.perform(given, recorder)

    try:
        ended = Attempted(asyncio.run(story()), None, recorder)
    except AttemptFailed as failure:
        ended = Attempted(None, failure, recorder)
    assert not recorder.has_living_processes
    places = list(shop.worktrees.glob("*/*"))
    assert all((place / NOTE).exists() for place in places)
    return ended
