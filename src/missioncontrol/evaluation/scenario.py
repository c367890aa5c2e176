"""A scenario: a repository to begin at, a task, and the checks that say whether it was done."""

import hashlib
from collections.abc import Mapping

import msgspec

from missioncontrol.domain.canonical import digest
from missioncontrol.domain.evaluation import Played
from missioncontrol.ports.trials import Check, Files


class Caps(msgspec.Struct, frozen=True):
    """The most that one trial may take."""

    seconds: float
    quiet_seconds: float
    tokens: int | None = None
    cost: int | None = None  # micro-dollars


class Scenario(msgspec.Struct, frozen=True):
    """All that a trial needs, read and found right."""

    id: str
    title: str
    language: str
    task: str
    files: Files
    checks: tuple[Check, ...]
    caps: Caps
    hidden: Files = {}  # laid over what an agent left, for the checks alone
    allowed: tuple[str, ...] = ()  # patterns of paths; nothing else may change, where there are any
    forbidden: tuple[str, ...] = ()  # patterns of paths that may not change


def played(scenario: Scenario, commit: str) -> Played:
    """Return a scenario as the record names it; `commit` is that of its snapshot."""
    rules = {"allowed": list(scenario.allowed), "forbidden": list(scenario.forbidden)}
    checks = digest(
        {
            "checks": msgspec.to_builtins(scenario.checks),
            "hidden": _digests(scenario.hidden),
            **rules,
        }
    )
    caps, task = digest(msgspec.to_builtins(scenario.caps)), _sha256(scenario.task.encode())
    parts = {"snapshot": commit, "task": task, "checks": checks, "caps": caps}
    return Played(scenario.id, scenario.title, digest(parts), commit, task, checks, caps)


def differing(one: Played, other: Played) -> list[str]:
    """Name the parts in which two scenarios of an id differ."""
    parts = {"snapshot": "the snapshot", "task": "the task", "checks": "the checks"}
    parts["caps"] = "the caps"
    return [words for name, words in parts.items() if getattr(one, name) != getattr(other, name)]


def _digests(files: Files) -> Mapping[str, list[object]]:
    return {
        path: [_sha256(file.content), file.is_executable, file.is_link]
        for path, file in files.items()
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
