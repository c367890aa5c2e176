"""What the documents are written from: the plan, the code it touches, and what was found before."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from shlex import join
from typing import Any

import msgspec

from missioncontrol.domain.plan import Plan, Requirement, Task
from missioncontrol.domain.work import Finding
from missioncontrol.specialists.specialist import Brief, Delivered
from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.places import Scene

JSON_BYTES_MAX = 32 * 1024 * 1024
FAILING_MAX = 8


class _TestedCommand(msgspec.Struct, frozen=True):
    """What the tester says of one command."""

    purpose: str
    command: list[str]
    source: str
    status: str
    result: str = ""
    exit_code: int | None = None
    seconds: float | None = None
    environment: dict[str, str] = {}


class Material(msgspec.Struct, frozen=True, dict=True):
    """Everything a document may state; what is not in here is left out."""

    brief: Brief
    plan: Plan
    scene: Scene

    @property
    def upstream(self) -> Mapping[str, Delivered]:
        """What the earlier tasks left, by task key."""
        return self.brief.upstream

    @cached_property
    def json(self) -> dict[str, Any]:
        """The JSON artifacts of earlier tasks by name; those that cannot be read are absent."""
        found: dict[str, Any] = {}
        for delivered in self.upstream.values():
            for name, path in delivered.files.items():
                if not name.endswith(".json") or path.stat().st_size > JSON_BYTES_MAX:
                    continue
                try:
                    found[name] = json.loads(path.read_bytes())
                except ValueError:
                    continue
        return found

    @cached_property
    def gaps(self) -> tuple[str, ...]:
        """What an earlier task should have found out and did not, in sentences."""
        return tuple(
            f"Task `{key}` ended as {delivered.state}"
            + (f": {delivered.error}" if delivered.error else ".")
            for key, delivered in sorted(self.upstream.items())
            if delivered.state != "succeeded"
        )

    @cached_property
    def near(self) -> dict[str, tuple[dict[str, Any], str]]:
        """The architect's words on each file the goal is about, and where they stand."""
        listed = self._list("architecture.json", "goal")
        return {
            each["path"]: (each, f"architecture.json /goal/{number}")
            for number, each in enumerate(listed)
            if isinstance(each, dict) and isinstance(each.get("path"), str)
        }

    @cached_property
    def tests(self) -> Mapping[str, Any]:
        """The tester's JSON; empty where there is none."""
        found = self.json.get("tests.json")
        return found if isinstance(found, dict) else {}

    @cached_property
    def findings(self) -> dict[str, list[tuple[str, Finding]]]:
        """Findings of earlier tasks by path, each with the key of its task."""
        found: dict[str, list[tuple[str, Finding]]] = {}
        for key, delivered in sorted(self.upstream.items()):
            for finding in delivered.work.findings:
                found.setdefault(finding.path, []).append((key, finding))
        return found

    def tasks_for(self, requirement: Requirement) -> list[Task]:
        """Return the tasks that serve a requirement, those that are handed over first."""
        serving = [task for task in self.plan.tasks() if requirement.id in task.requirements]
        return sorted(serving, key=lambda task: not task.is_change)

    @cached_property
    def builders(self) -> tuple[Task, ...]:
        """The tasks that are handed over, in the order of the plan."""
        return tuple(task for task in self.plan.tasks() if task.is_change)

    @cached_property
    def asked(self) -> tuple[Requirement, ...]:
        """Requirements that ask for something to be made or made better."""
        return tuple(each for each in self.plan.requirements if each.kind != "constraint")

    @cached_property
    def constraints(self) -> tuple[Requirement, ...]:
        """Requirements that say what must hold meanwhile."""
        return tuple(each for each in self.plan.requirements if each.kind == "constraint")

    @cached_property
    def first_criterion(self) -> str:
        """What the change has to turn, as the tester saw it end today; "" where it saw nothing."""
        found = self.tests.get("criterion")
        if not isinstance(found, dict) or not isinstance(found.get("sentence"), str):
            return ""
        file, sentence = found.get("file"), str(found["sentence"])
        if found.get("state") not in {"red", "green"} or (
            found["state"] == "green" and found.get("kind") != "nearest tests"
        ):
            return ""
        return f"{sentence} `{file}` is an artifact of the tests." if file else sentence

    def tests_result(self) -> str:
        """Return what the test run showed in one clause, with its source; empty without a run."""
        found = self.tests
        status = found.get("status")
        if status in {"passed", "failed"} and "passed" in found:
            counts = ", ".join(
                f"{found[name]} {name}"
                for name in ("passed", "failed", "errors", "skipped")
                if found.get(name) or name in {"passed", "failed"}
            )
            return f"{counts} (tests.json){self._failing()}"
        if status in {"passed", "failed"}:
            return f"exit status {found.get('exit_code')} (tests.json)"
        reason = str(found.get("reason") or "")
        words = str(status or "").replace("_", " ")
        return f"{words}{': ' if reason else ''}{reason} (tests.json)" if words else ""

    def _failing(self) -> str:
        listed = self.tests.get("failures")
        named = [each for each in listed if isinstance(each, dict)] if listed else []
        names = [f"`{each['name']}`" for each in named if each.get("name")]
        more = f" and {len(names) - FAILING_MAX} more" if len(names) > FAILING_MAX else ""
        return f"; failing today: {', '.join(names[:FAILING_MAX])}{more}" if names else ""

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The project's own commands for tests and the like, the tested one first."""
        found = list(self._commands())
        best: dict[str, Command] = {}
        for each in sorted(found, key=lambda each: not each.ran):
            best.setdefault(each.command, each)
        return tuple(best.values())

    @property
    def suite(self) -> Command | None:
        """The command that runs the project's tests; the one that was run, where one was."""
        return next((each for each in self.commands if each.purpose == "test"), None)

    def _commands(self) -> Iterator[Command]:
        listed = self.tests.get("commands")
        if isinstance(listed, list):
            yield from self._tested_commands(listed)
            yield from self.scene.commands
            return
        argv = self.tests.get("command")
        if isinstance(argv, list) and argv:
            status, result = self.tests.get("status"), self.tests_result()
            source = str(self.tests.get("source", ""))
            yield Command(
                "test",
                join(map(str, argv)),
                source,
                verified=status == "passed",
                fails=status == "failed",
                result=result,
            )
        yield from self.scene.commands

    def _tested_commands(self, listed: list[Any]) -> Iterator[Command]:
        """Yield the commands that the tester tells of; what has another shape is left out."""
        for number, each in enumerate(listed):
            try:
                command = msgspec.convert(each, _TestedCommand)
            except msgspec.ValidationError:
                continue
            ran = command.status == "ran"
            whole = command.command == self.tests.get("command")
            yield Command(
                command.purpose,
                join(command.command),
                command.source,
                verified=ran and not command.exit_code,
                fails=ran and bool(command.exit_code),
                result=f"{command.result}{self._failing()}" if whole and ran else command.result,
                exit_code=command.exit_code,
                seconds=command.seconds,
                environment=command.environment,
                evidence=f"tests.json /commands/{number}",
            )

    def _list(self, name: str, key: str) -> list[Any]:
        whole = self.json.get(name)
        listed = whole.get(key) if isinstance(whole, dict) else None
        return listed if isinstance(listed, list) else []
