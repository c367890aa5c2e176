"""A draft of an imported workflow, with comments for the reader beside each part."""

import shlex
from typing import Any

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import all_of
from missioncontrol.adapters.workflow_files.foreign.yaml_writer import Commented, to_yaml
from missioncontrol.domain.errors import Rejected

UNCLEAR = "run_unclear_steps"
"""The input that enables steps that could not be imported with certainty."""

LIMITS = {"steps": 5_000, "needs": 50_000, "characters": 4_000_000}
"""Most values of a whole workflow; shared variables count for each step."""


class StepDraft:
    """One step: a program to run, and when."""

    def __init__(self, key: str, argv: list[str], *, title: str = "") -> None:
        """`argv` may contain templates; the importer sets everything else."""
        self.key = key
        self.title = title
        self.argv = argv
        self.cwd = ""
        self.env: dict[str, str] = {}
        self.needs: list[str] = []
        self.condition = ""
        self.for_each: list[Any] | str | None = None
        self.concurrency = 0
        self.slot = ""
        self.timeout = ""
        self.on_failure = ""
        self.retry: dict[str, Any] = {}
        self.asks = False
        self.is_unclear = False  # it must not run before a person has checked it
        self.comments: list[str] = []

    @property
    def characters(self) -> int:
        """The approximate size of the step."""
        texts = (*self.argv, *self.env, *self.env.values(), self.condition)
        return 100 + sum(map(len, texts))

    def remark(self, comment: str) -> None:
        """Add a comment above the step, once."""
        if comment not in self.comments:
            self.comments.append(comment)

    def hold(self, why: str) -> None:
        """Disable the step until a person has checked it."""
        self.is_unclear = True
        self.remark(why)

    def laid_out(self, unclear: str) -> Commented:
        """Return the step with its keys in reading order; `unclear` is its extra condition."""
        inputs: dict[str, Any] = {"argv": self.argv}
        if self.cwd:
            inputs["cwd"] = self.cwd
        if self.env:
            inputs["env"] = self.env
        slot = {"key": self.slot, "limit": 1} if self.slot else None
        parts: dict[str, Any] = {
            "title": self.title,
            "needs": self.needs,
            "if": all_of([unclear if self.is_unclear else "true", self.condition or "true"]),
            "for_each": self.for_each,
            "concurrency": slot or self.concurrency,
            "agent": "command",
            "with": inputs,
            "risk": "write",
            "approval": self.asks,
            "retry": self.retry,
            "timeout": self.timeout,
            "on_failure": self.on_failure,
        }
        if parts["if"] == "true":
            del parts["if"]
        filled = {name: part for name, part in parts.items() if part or name == "for_each"}
        if self.for_each is None:
            del filled["for_each"]
        return Commented(filled, tuple(self.comments))


class Draft:
    """A whole workflow."""

    def __init__(self, name: str, *, origin: str) -> None:
        """`origin` names the source in one sentence."""
        self.name = name
        self.description = ""
        self.comments = [origin]
        self.inputs: dict[str, Commented] = {}
        self.concurrency = 0
        self.timeout = ""
        self.outputs: dict[str, str] = {}
        self.steps: list[StepDraft] = []
        self._needs = 0
        self._characters = 0

    def add(self, step: StepDraft) -> None:
        """Add a step.

        Raises:
            Rejected: `import.too_large`.
        """
        self.steps.append(step)
        self._needs += len(step.needs)
        self._characters += step.characters
        found = {"steps": len(self.steps), "needs": self._needs, "characters": self._characters}
        for what, most in LIMITS.items():
            if found[what] > most:
                raise Rejected(
                    "import.too_large",
                    f"The workflow would have more than {most:,} {what}.",
                    hint="Import its parts one by one.",
                )

    def text(self) -> str:
        """Return the workflow file."""
        unclear = self._unclear_input()
        parts: dict[str, Any] = {
            "description": self.description,
            "inputs": self.inputs,
            "concurrency": self.concurrency,
            "timeout": self.timeout,
            "outputs": self.outputs,
        }
        filled = {name: part for name, part in parts.items() if part}
        steps = {
            step.key: msgspec.structs.replace(step.laid_out(unclear), apart=number > 0)
            for number, step in enumerate(self.steps)
        }
        name = Commented(self.name, tuple(self.comments))
        return to_yaml({"name": name, **filled, "steps": Commented(steps, apart=True)})

    def _unclear_input(self) -> str:
        """Return the condition of unclear steps, and add its input if there are any."""
        if not any(step.is_unclear for step in self.steps):
            return ""
        name = UNCLEAR
        while name in self.inputs:
            name += "_"
        description = "Whether steps run that were not understood when this was imported."
        comment = (
            "Look at each step that names it: mend it and take the condition away, or remove it."
        )
        spec = {"type": "boolean", "default": False, "description": description}
        self.inputs[name] = Commented(spec, (comment,))
        return f"inputs.{name}"


UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def duration_text(seconds: float) -> str:
    """Return `seconds`, at least a millisecond of them, as `1h30m` or `250ms`."""
    if seconds != int(seconds):
        return f"{max(1, round(seconds * 1000))}ms"
    text, left = "", int(seconds)
    for unit, size in UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text


OVERLAPS = {"Forbid": "skip", "Replace": "cancel", "Allow": "allow"}
"""The policies of Argo for a slot while the last run is still running."""


def schedule_command(workflow: str, cron: str, zone: str, overlap: str = "") -> str:
    """Return the command line that creates a schedule for `cron` in `zone`."""
    words = ["mission", "schedule", "add", workflow, "--workflow", workflow, "--cron", cron]
    words += ["--timezone", zone] if zone not in ("", "UTC") else []
    return shlex.join([*words, "--overlap", overlap] if overlap else words)
