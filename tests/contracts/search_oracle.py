"""What a search must find, worked out event by event without any index."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from missioncontrol.domain.envelope import GENESIS, Recorded, chain
from missioncontrol.domain.register import words as own_words
from missioncontrol.ports.search_index import Query, folded

Belonging = tuple[str, str, str]  # run, workflow, agent


def recorded(
    number: int,
    stream: str,
    data: Any,
    *,
    kind: str = "noted",
    actor: str = "engine",
    correlation: str = "",
    time: int | None = None,
    body: bytes | None = None,
) -> Recorded:
    """Return an event at a position, with a hash of its own."""
    at = 1_790_000_000_000_000 + number * 1_000_000 if time is None else time
    text = body if body is not None else msgspec.json.encode(data)
    fields = (number, stream, number, kind, 1, at, actor, "", 0, correlation or stream, text)
    return Recorded(*fields, chain(GENESIS, *fields))


def texts(data: Any) -> Iterator[str]:
    """Yield all texts of plain values, and the keys that are not our own."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for part in data:
            yield from texts(part)
    elif isinstance(data, dict):
        yield from (key for key in data if key not in own_words())
        for part in data.values():
            yield from texts(part)


class Ledger:
    """Remembers from one event to the next what belongs to what."""

    def __init__(self) -> None:
        self.begun: dict[str, Belonging] = {}
        self.agents: dict[tuple[str, str], str] = {}

    def belonging(self, event: Recorded) -> Belonging:
        data = json.loads(event.body)
        kind, _, name = event.stream.partition("-")
        run = event.stream if kind == "run" else data.get("run", "")
        if not run.startswith("run-"):
            run = event.correlation if event.correlation.startswith("run-") else ""
        stream = self.begun.get(event.stream, ("", "", ""))
        of_run = self.begun.get(run, ("", "", ""))[1] if run else ""
        run = run or stream[0]
        workflow = data.get("workflow", "").split("@")[0] or (name if kind == "workflow" else "")
        workflow = workflow or of_run or stream[1]
        for step in data.get("steps", ()) if run else ():
            self.agents[run, step["key"]] = step["agent"]
        step = data.get("step", "") or (data.get("by", "") if kind == "run" else "")
        if data.get("agent") and step and run:
            self.agents[run, step] = data["agent"]
        agent = data.get("agent", "") or (self.agents.get((run, step), "") if step else "")
        found = (run, workflow, agent or stream[2])
        if data.get(kind) in (event.stream, name):
            self.begun[event.stream] = found
        return found


class Walk:
    """A log, of which each event is looked at for each query."""

    def __init__(self, log: Iterable[Recorded]) -> None:
        ledger = Ledger()
        self.known = [
            (event, ledger.belonging(event), [folded(each) for each in texts(event.data)])
            for event in log
        ]

    def found(self, query: Query) -> list[tuple[Recorded, Belonging]]:
        """Return all that fit, newest first."""
        return [
            (event, about)
            for event, about, contents in reversed(self.known)
            if _fits(event, about, contents, query)
        ]


def _fits(event: Recorded, about: Belonging, contents: list[str], query: Query) -> bool:
    run, workflow, agent = about
    return (
        query.kind in ("", event.type)
        and query.actor in ("", event.actor)
        and query.run in ("", run)
        and query.workflow in ("", workflow)
        and query.agent in ("", agent)
        and (query.since is None or event.time >= query.since)
        and (query.until is None or event.time < query.until)
        and all(any(word in each for each in contents) for word in folded(query.text).split())
    )
