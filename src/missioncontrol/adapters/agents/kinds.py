"""Every kind of agent that can be declared: the built-in ones, and those of packages."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.ports.agent_kind import AgentKind

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OURS = {
    "a2a": "a2a.kind:A2aKind",
    "acp": "acp.kind:AcpKind",
    "command": "command_kind:CommandKind",
    "function": "function_kind:FunctionKind",
    "http": "http.kind:HttpKind",
    "mcp": "mcp.kind:McpKind",
    "model": "model.kind:ModelKind",
    "person": "person_kind:PersonKind",
    "worker": "remote.kind:WorkerKind",
    "codex": "coding.codex:CodexKind",
    "codex_cloud": "coding.cloud:CloudKind",
    "claude": "coding.claude:ClaudeKind",
}
"""By name: the module and its class, imported when the first agent of that kind is."""

_INFO = (".dist-info", ".egg-info")

GROUP = "missioncontrol.agents"
"""Entry points of packages. Each is an `AgentKind`, a `Declaration`, or a function that returns
declarations."""


class Kinds(Mapping[str, AgentKind]):
    """The kinds by name, each imported on first use."""

    def __init__(self, found: "Callable[[], Iterator[EntryPoint]] | None" = None) -> None:
        """`found` returns the entry points of installed packages."""
        self._found = found or _installed
        self._made: dict[str, AgentKind] = {}
        self.broken: dict[str, str] = {}
        """Unusable entry points, by name, with the error; filled when `offered` is read."""

    @cached_property
    def offered(self) -> dict[str, Any]:
        """What packages offer, by entry point, without the broken ones."""
        offered: dict[str, Any] = {}
        for point in self._found():
            self._collect(point.name, point.load, offered)
        return offered

    def _collect(self, name: str, make: Callable[[], Any], found: dict[str, Any]) -> None:
        """Store what `make` returns; an exception of one package must not affect the others."""
        try:
            found[name] = make()
        except (Exception, SystemExit) as error:  # noqa: BLE001
            self.broken[name] = f"{type(error).__name__}: {error}"

    def declared(self) -> list[Declaration]:
        """Return the agents that packages declare."""
        found: dict[str, Any] = {}
        for name, thing in self.offered.items():
            if isinstance(thing, Declaration):
                found[name] = [thing]
            elif callable(thing) and not isinstance(thing, type) and not _is_kind(thing):
                self._collect(name, partial(_declared_by, thing), found)
        return [declared for several in found.values() for declared in several]

    @cached_property
    def _theirs(self) -> dict[str, AgentKind]:
        made: dict[str, Any] = {}
        for name, thing in self.offered.items():
            if _is_kind(thing):
                self._collect(name, partial(_kind, thing), made)
        return {thing.name: thing for thing in made.values()}

    def __getitem__(self, name: str) -> AgentKind:
        """Return the kind called `name`."""
        if name not in self._made:
            if name in OURS:
                module, _, attribute = OURS[name].partition(":")
                found = import_module(f"missioncontrol.adapters.agents.{module}")
                self._made[name] = getattr(found, attribute)()
            else:
                self._made[name] = self._theirs[name]
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names, built-in ones first."""
        yield from OURS
        yield from (name for name in self._theirs if name not in OURS)

    def __len__(self) -> int:
        """Return the number of kinds."""
        return len(list(iter(self)))

    def card(self, declared: Declaration) -> AgentCard:
        """Return the inputs, output and effects of a declared agent.

        Raises:
            Rejected: `agent.unknown_kind`, `agent.broken_kind`, and as the card of its kind.
        """
        if declared.kind not in self:
            raise Rejected(
                "agent.unknown_kind",
                f"Agent {declared.name!r} is of kind {declared.kind!r}, which is not known here.",
                hint=f"Known are {', '.join(self)}; a package may be missing.",
            )
        try:
            return self[declared.kind].card(declared)
        except MissionControlError:
            raise
        except Exception as error:
            raise Rejected(
                "agent.broken_kind",
                f"The adapter of agent {declared.name!r}, {declared.kind!r}, raised "
                f"{type(error).__name__}: {error}",
                hint="Repair or remove the package that offers it.",
            ) from error


def _installed() -> "Iterator[EntryPoint]":
    """Yield the entry points of our group in all installed packages."""
    if any(map(_may_offer, sys.path)):
        from importlib.metadata import entry_points

        yield from entry_points(group=GROUP)


def _may_offer(place: str) -> bool:
    """Whether a package in `place` may have entry points of our group."""
    # importlib.metadata takes a hundred milliseconds, for which every command line would wait, and
    # nearly always finds none.
    try:
        with os.scandir(place or ".") as entries:
            names = [entry.path for entry in entries if entry.name.endswith(_INFO)]
    except NotADirectoryError:
        return True  # An archive, which only importlib.metadata can read.
    except OSError:
        return False
    return any(_names_group(Path(name) / "entry_points.txt") for name in names)


def _names_group(file: Path) -> bool:
    try:
        return f"[{GROUP}]".encode() in file.read_bytes()
    except OSError:
        return False


def _is_kind(thing: Any) -> bool:
    return all(hasattr(thing, name) for name in ("name", "card", "make", "prove"))


def _kind(offered: Any) -> Any:
    """Return a kind of a package, made from its class if the package offers that.

    Raises:
        TypeError: its name is not a string.
    """
    made = offered() if isinstance(offered, type) else offered
    if not isinstance(made.name, str):
        raise TypeError(f"The name of a kind has to be a string, and is {made.name!r:.80}.")
    return made


def _declared_by(function: Callable[[], Any]) -> list[Declaration]:
    """Return the declarations from a function of a package.

    Raises:
        TypeError: it returns something else.
    """
    found = list(function())
    for each in found:
        if not isinstance(each, Declaration):
            raise TypeError(f"It returns {each!r:.80}, which is not a Declaration.")
    return found
