"""Agents declared in a TOML file, or in the same words by options of a command line.

A file has a table `[agents.NAME]` for each agent. Schemas of inputs and outputs are JSON Schema;
durations and money are written as in workflow files.
"""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.agents.schemas import schema_fault, shape_of
from missioncontrol.domain.agent import ANYTHING, OBJECT, Shape
from missioncontrol.domain.declaration import (
    RISKS,
    Capability,
    Declaration,
    Limits,
    refuse_bad_declaration,
)
from missioncontrol.domain.definition.quantities import TOKENS_MAX, cost_of, seconds_of
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.step import Amount, Risk

FILE_BYTES_MAX = 1024 * 1024
AGENTS_MAX = 1_000

FIELDS = {
    "kind": "the adapter: model, codex, claude, acp, command, function, http, mcp, a2a, person",
    "description": "what it is there for, in a sentence",
    "capabilities": "names, or tables with name, inputs and output",
    "inputs": "JSON Schema of what a step gives it",
    "output": "JSON Schema of what it hands back",
    "effects": "what its work does to the world, such as calls_model",
    "model": "the model that it uses, as prices name it",
    "location": "here, or the name of a worker",
    "scale": "how many steps it works on at once",
    "limits": "a table with time, turns, input_tokens, output_tokens and by_call",
    "risks": "the tiers of steps that it may do: read, write, irreversible",
    "paths": "directories that its steps may name",
    "environment": "names of variables that it sees",
    "secrets": "a table: variable that it sees = name of the secret",
    "budget": "a table with cost and tokens, of all its work together",
    "heartbeat": "the silence allowed while it works, such as 2m",
    "settings": "a table of what its kind needs: program, url, tool …",
}
"""Fields of an agent in the file, and what each means."""

_HINTS = {
    "risks": "It is a list of read, write and irreversible.",
    "secrets": 'It is a table: VARIABLE = "name of the secret".',
    "scale": "It is a whole number.",
}

LIMITS = ("time", "turns", "input_tokens", "output_tokens", "by_call")
AMOUNT = ("cost", "tokens")


class AgentFile(msgspec.Struct, frozen=True):
    """What a file of agents says."""

    declared: list[Declaration] = []  # in its order
    faults: dict[str, str] = {}  # what is wrong with each of the others, by name


def read_agents(path: Path) -> list[Declaration]:
    """Return the agents that a file declares, in its order; none where there is no such file.

    Raises:
        Rejected: `agents.malformed`, with every fault of the file, each naming its agent.
    """
    found = agent_file(path)
    if found.faults:
        raise _malformed(path, list(found.faults.values()))
    return found.declared


def agent_file(path: Path) -> AgentFile:
    """Return what can be read of a file of agents, and what is wrong with the rest.

    Raises:
        Rejected: `agents.malformed`, where it can't be read at all.
    """
    found, faults = list[Declaration](), dict[str, str]()
    for name, entry in agent_tables(path).items():
        try:
            found.append(declaration(name, entry, base=path.parent))
        except MissionControlError as error:
            faults[name] = str(error)
    return AgentFile(found, faults)


def agent_tables(path: Path) -> dict[str, Any]:
    """Return what a file says of each agent, by name, in its order; nothing without a file.

    Raises:
        Rejected: `agents.malformed`, where it can't be read.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise _malformed(path, [f"it is larger than {FILE_BYTES_MAX // 1024} KiB."])
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _malformed(path, [f"it is no TOML: {error}."]) from None
    except OSError as error:
        raise _malformed(path, [f"it can't be read: {error.strerror or error}."]) from None
    if strange := list(_unknown(data, ("agents",), "the top of the file")):
        raise _malformed(path, strange)
    agents = data.get("agents", {})
    if not isinstance(agents, dict) or len(agents) > AGENTS_MAX:
        raise _malformed(path, [f"`agents` is to hold up to {AGENTS_MAX:,} tables."])
    return agents


def anchored(entry: dict[str, Any], base: Path) -> dict[str, Any]:
    """Return the words for an agent with absolute directories, which begin at `base`."""
    paths = entry.get("paths")
    if not isinstance(paths, list):
        return entry  # It is refused where it is read.
    # Not normalized: the reader refuses a path that climbs up to the whole machine.
    begun = [
        str(base / Path(path).expanduser()) if isinstance(path, str) and path else path
        for path in paths
    ]
    return {**entry, "paths": begun}


def declaration(name: str, entry: Any, *, base: Path) -> Declaration:
    """Return the declaration of the agent `name`; relative directories begin at `base`.

    Raises:
        Rejected: `agent.malformed`, with everything that is wrong, and those of
            `refuse_bad_declaration`.
    """
    reading = _Reading(name, entry if isinstance(entry, dict) else {})
    if not isinstance(entry, dict):
        reading.faults.append("it is no table.")
    declared = reading.declaration(base)
    if reading.faults:
        raise Rejected("agent.malformed", f"Agent {name!r}: {' '.join(reading.faults)}")
    refuse_bad_declaration(declared)
    return declared


class _Reading:
    """One agent as it is read; faults are collected."""

    def __init__(self, name: str, entry: Mapping[str, Any]) -> None:
        self.name = name
        self.said = entry
        self.faults = list(_unknown(entry, FIELDS, "its table"))

    def declaration(self, base: Path) -> Declaration:
        kind = self._value("kind", str, "")
        if not kind:
            self.faults.append("`kind` is missing.")
        return Declaration(
            name=self.name,
            kind=kind,
            settings=self._value("settings", dict[str, Any], {}),
            description=self._value("description", str, ""),
            capabilities=tuple(self._capabilities()),
            inputs=self._shape(self.said.get("inputs"), "inputs", OBJECT),
            output=self._shape(self.said.get("output"), "output", ANYTHING),
            effects=self._value("effects", tuple[str, ...], ()),
            model=self._value("model", str, ""),
            location=self._value("location", str, "here"),
            scale=self._value("scale", int, 1),
            limits=self._limits(),
            risks=self._value("risks", tuple[Risk, ...], RISKS),
            paths=tuple(
                self._directory(path, base) for path in self._value("paths", tuple[str, ...], ())
            ),
            environment=self._value("environment", tuple[str, ...], ()),
            secrets=self._value("secrets", dict[str, str], {}),
            budget=self._budget(),
            heartbeat_seconds_max=self._read_number("heartbeat", self.said, seconds_of) or 0.0,
        )

    def _value(self, name: str, form: Any, default: Any) -> Any:
        if name not in self.said:
            return default
        try:
            return msgspec.convert(self.said[name], form)
        except msgspec.ValidationError as error:
            hint = f" {hint}" if (hint := _HINTS.get(name, "")) else ""
            self.faults.append(f"`{name}`: {error}.{hint}")
            return default

    def _directory(self, configured: str, base: Path) -> str:
        if not configured:
            self.faults.append("`paths`: an empty text is no directory; `.` is that of the file.")
        path = "/" + os.path.normpath(base / Path(configured).expanduser()).lstrip("/")
        if path == "/" and configured != "/":
            self.faults.append(f"`paths`: {configured!r} is the whole machine; `/` says so.")
        return path

    def _capabilities(self) -> Iterator[Capability]:
        entries = self.said.get("capabilities", ())
        if not isinstance(entries, list | tuple):
            self.faults.append("`capabilities` is to be a list of names or tables.")
            return
        for number, each in enumerate(entries):
            place = f"capabilities[{number}]"
            if isinstance(each, str):
                yield Capability(each)
            elif isinstance(each, dict) and isinstance(each.get("name"), str):
                self.faults.extend(_unknown(each, ("name", "inputs", "output"), f"`{place}`"))
                yield Capability(
                    each["name"],
                    self._shape(each.get("inputs"), f"{place}.inputs", OBJECT),
                    self._shape(each.get("output"), f"{place}.output", ANYTHING),
                )
            else:
                self.faults.append(f"`{place}` is neither a name nor a table with one.")

    def _shape(self, schema: Any, place: str, default: Shape) -> Shape:
        if schema is None:
            return default
        if fault := schema_fault(schema):
            self.faults.append(f"`{place}`: {fault}")
            return default
        return shape_of(schema)

    def _limits(self) -> Limits:
        table = self._table("limits", LIMITS)
        turns, inputs, outputs = (
            self._count(table, name, "limits.") or 0
            for name in ("turns", "input_tokens", "output_tokens")
        )
        by_call = table.get("by_call", False)
        if not isinstance(by_call, bool):
            self.faults.append(f"`limits.by_call` is true or false, and not {by_call!r:.80}.")
        seconds = self._read_number("time", table, seconds_of, "limits.") or 0.0
        return Limits(seconds, turns, inputs, outputs, by_call=by_call is True)

    def _budget(self) -> Amount | None:
        if "budget" not in self.said:
            return None
        table = self._table("budget", AMOUNT)
        if not table:
            self.faults.append("`budget` says nothing. Give `cost`, `tokens` or both.")
        cost = self._read_number("cost", table, cost_of, "budget.")
        return Amount(None if cost is None else int(cost), self._count(table, "tokens", "budget."))

    def _count(self, table: Mapping[str, Any], name: str, prefix: str) -> int | None:
        """Return a whole number that a log can hold; None where none is given."""
        value = table.get(name)
        if value is None:
            return None
        # True counts as 1 in Python, and a log that contains it could not be read again.
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= TOKENS_MAX:
            self.faults.append(
                f"`{prefix}{name}` is to be a whole number, 0 to {TOKENS_MAX:,}, and not "
                f"{value!r:.80}."
            )
            return None
        return value

    def _table(self, name: str, known: tuple[str, ...]) -> dict[str, Any]:
        table = self._value(name, dict[str, Any], {})
        self.faults.extend(_unknown(table, known, f"`{name}`"))
        return dict(table)

    def _read_number(
        self,
        name: str,
        table: Mapping[str, Any],
        read: Callable[[Any], float | int | str],
        prefix: str = "",
    ) -> float | int | None:
        if table.get(name) is None:
            return None
        found = read(table[name])
        if isinstance(found, str):
            self.faults.append(f"`{prefix}{name}`: {found}")
            return None
        return found


def _unknown(table: Any, known: Any, place: str) -> Iterator[str]:
    """Name unknown keys, each with the nearest known word."""
    if not isinstance(table, dict):
        return
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"It takes {', '.join(known)}."
            yield f"`{name}` is not known in {place}. {hint}"


def _malformed(path: Path, faults: list[str]) -> Rejected:
    message = "\n".join(f"{path}: {fault}" for fault in faults[:100])
    return Rejected("agents.malformed", message)
