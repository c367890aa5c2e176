"""What is under review: the plan, what the tasks left, their files, and the repository."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.work import ArtifactRef, Finding
from missioncontrol.specialists.specialist import Brief, Delivered
from missioncontrol.specialists.tree import Tree

JSON_BYTES_MAX = 32 * 1024 * 1024
TEXT_BYTES_MAX = 8 * 1024 * 1024
JSON_ENDINGS = (".json", ".sarif")


class Case(msgspec.Struct, frozen=True, dict=True):
    """Everything that the checks look at."""

    brief: Brief
    plan: Plan
    tree: Tree | None

    @property
    def upstream(self) -> Mapping[str, Delivered]:
        """What the earlier tasks left, by task key."""
        return self.brief.upstream

    @property
    def own_key(self) -> str:
        """The key of the review itself."""
        return self.brief.task.key if self.brief.task else ""

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """The tasks of the plan by key."""
        return {task.key: task for task in self.plan.tasks()}

    @cached_property
    def done_here(self) -> tuple[Task, ...]:
        """Tasks that are done here, without the review itself and what waits for it."""
        return tuple(
            task
            for task in self.plan.tasks()
            if not task.is_change and task.key != self.own_key and not self._waits(task, set())
        )

    @cached_property
    def handed_over(self) -> tuple[Task, ...]:
        """Tasks that change the code: they have not begun yet."""
        return tuple(task for task in self.plan.tasks() if task.is_change)

    def succeeded(self) -> Iterator[tuple[str, Delivered]]:
        """Yield the tasks that ended well, with what they left."""
        for key, delivered in sorted(self.upstream.items()):
            if delivered.state == "succeeded":
                yield key, delivered

    def artifacts(self) -> Iterator[tuple[str, ArtifactRef, Path | None]]:
        """Yield every artifact handed in, with its task and its file."""
        for key, delivered in sorted(self.upstream.items()):
            for ref in delivered.work.artifacts:
                yield key, ref, delivered.files.get(ref.name)

    @cached_property
    def documents(self) -> dict[str, str]:
        """The Markdown that the writer's tasks left, by name."""
        found = {}
        for key, delivered in self.succeeded():
            if key in self.tasks and self.tasks[key].role == "writer":
                for name, path in sorted(delivered.files.items()):
                    if name.endswith(".md") and _fits(path, TEXT_BYTES_MAX):
                        found[name] = path.read_text(encoding="utf-8", errors="replace")
        return found

    def json(self, key: str, name: str) -> Any:
        """Return a JSON artifact of a task; None where there is none that can be read."""
        path = self.upstream[key].files.get(name)
        if path is None or not name.endswith(JSON_ENDINGS) or not _fits(path, JSON_BYTES_MAX):
            return None
        try:
            return json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return None

    @cached_property
    def touched(self) -> frozenset[str]:
        """Files that the plan changes, and those that the documents were written around."""
        changed = {
            each.path
            for each in self.plan.architecture.components
            if each.path and each.change != "unchanged"
        }
        return frozenset(changed)

    @cached_property
    def findings(self) -> tuple[tuple[str, Finding], ...]:
        """What earlier tasks found, each with its task."""
        return tuple(
            (key, finding)
            for key, delivered in sorted(self.upstream.items())
            for finding in delivered.work.findings
        )

    def _waits(self, task: Task, seen: set[str]) -> bool:
        """Whether a task comes after the review, so that it cannot be looked at yet."""
        if task.key in seen:
            return False
        seen.add(task.key)
        needs = [self.tasks[need] for need in task.needs if need in self.tasks]
        return self.own_key in task.needs or any(self._waits(each, seen) for each in needs)


def _fits(path: Path, bytes_max: int) -> bool:
    try:
        return path.stat().st_size <= bytes_max
    except OSError:
        return False
