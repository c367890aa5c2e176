"""A workflow of ours in the making, with what a reader should know beside each part."""

from typing import Any

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import all_of
from missioncontrol.adapters.workflow_files.foreign.sheet import Commented, written
from missioncontrol.domain.errors import Rejected

UNCLEAR = "run_unclear_steps"
"""The input that lets steps run which were not understood well enough to run by themselves."""

LIMITS = {"steps": 5_000, "needs": 50_000, "characters": 4_000_000}
"""Of a whole workflow; variables that many steps share count for each of them."""


class StepDraft:
    """One step: a program to run, and when."""

    def __init__(self, key: str, argv: list[str], *, title: str = "") -> None:
        """`argv` may hold templates; everything else is set as it is found out."""
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
        self.is_unclear = False  # it must not run before somebody has looked at it
        self.comments: list[str] = []

    @property
    def characters(self) -> int:
        """How long it will be, more or less."""
        texts = (*self.argv, *self.env, *self.env.values(), self.condition)
        return 100 + sum(map(len, texts))

    def remark(self, comment: str) -> None:
        """Put a sentence above the step, once."""
        if comment not in self.comments:
            self.comments.append(comment)

    def hold(self, why: str) -> None:
        """Keep it from running until somebody has looked at it."""
        self.is_unclear = True
        self.remark(why)

    def laid_out(self, unclear: str) -> Commented:
        """Return the step in the order in which people read it; `unclear` holds it back."""
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
        kept = {name: part for name, part in parts.items() if part or name == "for_each"}
        if self.for_each is None:
            del kept["for_each"]
        return Commented(kept, tuple(self.comments))


class Draft:
    """A whole workflow."""

    def __init__(self, name: str, *, origin: str) -> None:
        """`origin` says in one sentence where it comes from."""
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
        kept = {name: part for name, part in parts.items() if part}
        steps = {
            step.key: msgspec.structs.replace(step.laid_out(unclear), apart=number > 0)
            for number, step in enumerate(self.steps)
        }
        name = Commented(self.name, tuple(self.comments))
        return written({"name": name, **kept, "steps": Commented(steps, apart=True)})

    def _unclear_input(self) -> str:
        """Return the condition of unclear steps, and make its input where there are such steps."""
        if not any(step.is_unclear for step in self.steps):
            return ""
        name = UNCLEAR
        while name in self.inputs:
            name += "_"
        said = "Whether steps run that were not understood when this was imported."
        comment = (
            "Look at each step that names it: mend it and take the condition away, or remove it."
        )
        spec = {"type": "boolean", "default": False, "description": said}
        self.inputs[name] = Commented(spec, (comment,))
        return f"inputs.{name}"
