"""The environment of a GitHub step: that of the workflow, the job and its own."""

import re
from collections.abc import Sequence

import msgspec

from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.foreign.scripts import (
    REFUSED_NAME,
    Filling,
    as_text_template,
    is_secret_name,
)
from missioncontrol.adapters.workflow_files.github_actions.scope import JobScope


class Variables(msgspec.Struct):
    """What a step finds in its environment."""

    parts: dict[str, list[str | Filling]] = {}
    lost: dict[str, Filling] = {}  # what it should find there and does not
    nodes: dict[str, Node] = {}  # where each is set; carried over once a step has it

    @property
    def all(self) -> dict[str, list[str | Filling]]:
        """What expressions see as `env`."""
        return {**self.parts, **{name: [filling] for name, filling in self.lost.items()}}

    @property
    def templates(self) -> dict[str, str]:
        """The variables as the inputs of a command take them."""
        return {name: template_of(parts) for name, parts in self.parts.items()}

    def over(self, outer: "Variables") -> "Variables":
        """Return these variables, with those of `outer` that they don't set."""
        own = {*self.parts, *self.lost}
        return Variables(
            {**{n: p for n, p in outer.parts.items() if n not in own}, **self.parts},
            {**{n: s for n, s in outer.lost.items() if n not in own}, **self.lost},
            {**outer.nodes, **self.nodes},
        )

    def carry(self) -> None:
        """Say that a step was given them."""
        for name in self.parts:
            self.nodes[name].carry()


def template_of(parts: Sequence[str | Filling]) -> str:
    """Return a text of a variable or of an argument; every expression in it has a value."""
    values = (part if isinstance(part, str) else part.value for part in parts)
    return as_text_template([value for value in values if value is not None])


def read_variables(env: Node | None, scope: JobScope, listing: LeftOut) -> Variables:
    """Read one `env`, and list what of it a command can't be given."""
    found = Variables()
    for name, node in env.entries.items() if env is not None else ():
        if not node.is_scalar:
            continue
        parts = scope.filled(node.text)
        unclear = [part for part in parts if isinstance(part, Filling) and part.value is None]
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name.startswith("MISSION_"):
            listing.leave(node, "A command can't be given a variable of this name.")
        elif unclear:
            found.lost[name] = unclear[0]
            listing.leave(node, unclear[0].why)
        elif is_secret_name(name):
            found.lost[name] = Filling(f"env.{name}", None, REFUSED_NAME)
            listing.leave(node, REFUSED_NAME)
        else:
            found.parts[name] = parts
            found.nodes[name] = node
    return found
