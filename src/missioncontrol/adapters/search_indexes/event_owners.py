"""Which run, workflow and agent an event belongs to, by what events of all kinds have in common.

No kind of event is known by name here, so a new kind is found like the others:

- The run is the stream's own, or the one that the data names (`run`, or a scope of that kind), or
  the correlation, where it names one.
- The workflow is the one that the data names, or that of the run.
- The agent is the one that the data names, or the one that does the `step` that it is about.
- An event that names its own stream begins it. What that one belongs to, all the later ones do that
  do not say otherwise: those of an approval, a schedule or a run.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from missioncontrol.adapters.queries import queries
from missioncontrol.domain.envelope import Recorded
from missioncontrol.ports.search_index import FIELDS, Field

_SQL = queries("missioncontrol.adapters.search_indexes", "queries.sql")

REMEMBERED_MAX = 200_000
"""Names, streams and steps held in memory, of each; others are read from the file again."""

RUN = "run-"
REQUEST = "request-"


class Belonging(NamedTuple):
    """The numbers of names; 0 where there is none."""

    run: int
    workflow: int
    agent: int


NOTHING = Belonging(0, 0, 0)


class EventContext(msgspec.Struct, gc=False):
    """What an event says itself."""

    run: str = ""
    workflow: str = ""
    agent: str = ""
    step: str = ""
    begins: bool = False


class Names:
    """The names in the index's file, and whose runs, workflows and steps belong together."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read what is needed when it is needed; valid until another process has written."""
        self._connection = connection
        (self._last,) = self._connection.execute(_SQL["last_name"]).fetchone()
        self._saved = self._last  # Later names are new: all that is known of them is at hand.
        self._numbers: dict[Field, dict[str, int]] = {field: {} for field in FIELDS}
        self._origins: dict[str, Belonging] = {}
        self._steps: dict[tuple[int, str], int] = {}
        self._new: tuple[list[Any], list[Any], list[Any]] = ([], [], [])

    def save(self) -> None:
        """Write down what is new."""
        statements = ("add_name", "add_origin", "add_step")
        for statement, rows in zip(statements, self._new, strict=True):
            self._connection.executemany(_SQL[statement], rows)
            rows.clear()
        remembered: list[dict[Any, Any]] = [self._origins, self._steps, *self._numbers.values()]
        for known in remembered:
            if len(known) > REMEMBERED_MAX:
                known.clear()
                self._saved = self._last

    def number(self, field: Field, name: str) -> int:
        """Return the number of a name, which gets one where it has none."""
        known = self._numbers[field].get(name)
        if known is None:
            known = number_of(self._connection, field, name)
            if not known:
                known = self._last = self._last + 1
                self._new[0].append((known, field, _storable(name)))
            self._numbers[field][name] = known
        return known

    def belonging(self, event: Recorded, data: Any) -> Belonging:
        """Return what an event belongs to, and remember what it says about others."""
        facts = _context_of(event, data)
        of_stream = self._origin(event.stream)
        run = self.number("run", facts.run) if facts.run else of_stream.run
        if facts.workflow:
            workflow = self.number("workflow", facts.workflow)
        else:
            workflow = (self._origin(facts.run).workflow if facts.run else 0) or of_stream.workflow
        if run:
            self._remember_steps(run, data)
        agent = self.number("agent", facts.agent) if facts.agent else 0
        if facts.step and run:
            agent = self._agent(run, facts.step, agent)
        found = Belonging(run, workflow, agent or of_stream.agent)
        if facts.begins:
            self._origins[event.stream] = found
            self._new[1].append((_storable(event.stream), *found))
        return found

    def _origin(self, stream: str) -> Belonging:
        known = self._origins.get(stream)
        if known is None:
            row = self._connection.execute(_SQL["origin"], (_storable(stream),)).fetchone()
            known = self._origins[stream] = Belonging(*row) if row else NOTHING
        return known

    def _agent(self, run: int, step: str, reported: int) -> int:
        """Return the agent of a step, which is what an event stated about it last."""
        known = self._steps.get((run, step), 0 if run > self._saved else None)
        if known is None:
            row = self._connection.execute(_SQL["step"], (run, step)).fetchone()
            known = self._steps[run, step] = row[0] if row else 0
        if reported and reported != known:
            self._steps[run, step] = known = reported
            self._new[2].append((run, step, reported))
        return known

    def _remember_steps(self, run: int, data: Any) -> None:
        steps = data.get("steps") if type(data) is dict else None
        for step in steps if type(steps) is list else ():
            if type(step) is dict:
                key, agent = step.get("key"), step.get("agent")
                if type(key) is str and type(agent) is str and agent:
                    self._agent(run, key, self.number("agent", agent))


def _storable(name: str) -> str:
    """Return a name with a question mark for what no file can hold; only a damaged log has it."""
    return name.encode("utf-8", "replace").decode()


def number_of(connection: sqlite3.Connection, field: Field, name: str) -> int:
    """Return the number that a name has in the file, or 0 where it has none."""
    row = connection.execute(_SQL["number"], (field, _storable(name))).fetchone()
    return int(row[0]) if row else 0


def _context_of(event: Recorded, data: Any) -> EventContext:
    stream = event.stream
    if type(data) is not dict:
        data = {}
    if stream.startswith(RUN):
        step = _text(data, "step") or _text(data, "by")  # Or the one whose work it comes from.
        return EventContext(
            stream, _workflow(data), _text(data, "agent"), step, data.get("run") == stream
        )
    # What a request calls its agent is the program that the user used, as HTTP reports it.
    agent = "" if stream.startswith(REQUEST) else _text(data, "agent")
    facts = EventContext("", _workflow(data), agent, _text(data, "step"))
    kind, _, name = stream.partition("-")
    facts.begins = name != "" and data.get(kind) in (stream, name)
    if kind == "workflow":
        facts.workflow = facts.workflow or name
    for run in (_text(data, "run"), *_add_scopes(facts, data), event.correlation):
        if run.startswith(RUN):
            facts.run = run
            break
    return facts


def _workflow(data: dict[Any, Any]) -> str:
    """Return the name of the workflow that the data names, without its version."""
    name = _text(data, "workflow")
    return name.partition("@")[0] if name else ""


def _text(data: dict[Any, Any], key: str) -> str:
    value = data.get(key)
    return value if type(value) is str else ""


def _add_scopes(facts: EventContext, data: dict[Any, Any]) -> list[str]:
    """Add the scopes of a budget or a limit, given as kind and name; return the runs."""
    runs: list[str] = []
    for kind, name in _scopes(data):
        match kind:
            case "run":
                runs.append(name)
            case "workflow":
                facts.workflow = facts.workflow or name
            case "agent":
                facts.agent = facts.agent or name
    return runs


def _scopes(data: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    several = data.get("scopes")
    for scope in (data, data.get("scope"), *(several if type(several) is list else ())):
        match scope:
            case {"kind": str(kind), "name": str(name)}:
                yield kind, name
            case [str(kind), str(name)]:
                yield kind, name
