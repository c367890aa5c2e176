"""Topics that listeners can subscribe to, and what each portion of the log means to them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from missioncontrol.domain.agent_session import EVENTS as SESSION_EVENTS
from missioncontrol.domain.alert import EVENTS as ALERT_EVENTS
from missioncontrol.domain.approval.events import EVENTS as APPROVAL_EVENTS
from missioncontrol.domain.budget.events import EVENTS as BUDGET_EVENTS
from missioncontrol.domain.decision import EVENTS as DECISION_EVENTS
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.inbox import EVENTS as INBOX_EVENTS
from missioncontrol.domain.lifecycle.events import ELEVATION_EVENTS
from missioncontrol.domain.lifecycle.events import EVENTS as AGENT_EVENTS
from missioncontrol.domain.operation import EVENTS as OPERATION_EVENTS
from missioncontrol.domain.price_list import EVENTS as PRICE_EVENTS
from missioncontrol.domain.question import EVENTS as QUESTION_EVENTS
from missioncontrol.domain.repository.events import EVENTS as REPOSITORY_EVENTS
from missioncontrol.domain.review import EVENTS as REVIEW_EVENTS
from missioncontrol.domain.schedule.events import EVENTS as SCHEDULE_EVENTS
from missioncontrol.domain.work_item.events import EVENTS as WORK_ITEM_EVENTS
from missioncontrol.domain.workflow_library import EVENTS as WORKFLOW_EVENTS

TOPICS_MAX = 24
NAME_MAX = 200
IDS_MAX = 200
EVENTS_MAX = 200
"""Events of one portion that a page gets one by one; it asks for more where it shows them."""

RUN, LOGS = "run:", "logs:"
FEED = "feed"
"""Every event by itself and in full: the stream of the API."""


def _names(*registers: Mapping[Any, tuple[str, int]]) -> frozenset[str]:
    return frozenset(name for events in registers for name, _ in events.values())


OF_TYPE: dict[str, frozenset[str]] = {
    # A wider mode of an agent waits for a person as well.
    "approvals": _names(APPROVAL_EVENTS, QUESTION_EVENTS, ELEVATION_EVENTS),
    "agents": _names(AGENT_EVENTS, SESSION_EVENTS),
    "schedules": _names(SCHEDULE_EVENTS),
    "costs": _names(BUDGET_EVENTS, PRICE_EVENTS) | {"usage_reported"},
    "workflows": _names(WORKFLOW_EVENTS),
    "operation": _names(OPERATION_EVENTS),
    "repositories": _names(REPOSITORY_EVENTS),
    # Items of an inbox come from these as well as from the lists above.
    "inbox": _names(INBOX_EVENTS, DECISION_EVENTS, ALERT_EVENTS, REVIEW_EVENTS, SESSION_EVENTS),
    "work_items": _names(WORK_ITEM_EVENTS, ALERT_EVENTS),
    "reviews": _names(REVIEW_EVENTS),
}
"""Lists that change with events of certain types, wherever these happen."""

LOAD = frozenset({"step_started", "step_claimed", "step_succeeded", "step_failed"}) | {
    "attempt_failed",
    "attempt_interrupted",
    "step_cancelled",
}
"""After these an agent has more or less to do."""

LISTS = frozenset({"runs", "missions", *OF_TYPE})
SIGNALS = frozenset({"verification", "agent_sessions"})
"""Signals beside the log, sent as they are now: to new listeners, and when they change."""

PLAIN = LISTS | SIGNALS | {"strip", "events", "logs", FEED}


class EventFilter(msgspec.Struct, frozen=True):
    """Which events are wanted; what is empty does not matter."""

    run: str = ""
    stream: str = ""
    type: str = ""
    actor: str = ""
    agent: str = ""

    @property
    def reads_data(self) -> bool:
        """Whether an event's data has to be looked at to say whether it is wanted."""
        return bool(self.run or self.agent)


ALL_EVENTS = EventFilter()


class Wanted(msgspec.Struct, frozen=True):
    """The topics of a listener. Equal ones get the same messages, encoded once."""

    topics: tuple[str, ...]  # sorted, each once
    filter: EventFilter = ALL_EVENTS  # of `events` and `feed`
    exact: bool = False  # whether `feed` tells also what only auditors are shown

    @property
    def runs(self) -> list[str]:
        """The runs of which every change is wanted."""
        return [topic[len(RUN) :] for topic in self.topics if topic.startswith(RUN)]

    @property
    def wants_lines(self) -> bool:
        """Whether what agents say is wanted."""
        return any(topic == "logs" or topic.startswith(LOGS) for topic in self.topics)


def wanted(topics: Iterable[str], events: EventFilter = ALL_EVENTS) -> Wanted:
    """Return what is asked for by the names of topics.

    Raises:
        Rejected: `live.bad_topic` or `live.too_many_topics`.
    """
    names = tuple(sorted({topic for topic in topics if topic}))
    if len(names) > TOPICS_MAX:
        raise Rejected(
            "live.too_many_topics",
            f"{len(names)} topics are asked for.",
            hint=f"One connection takes up to {TOPICS_MAX}.",
        )
    for name in names:
        if name not in PLAIN - {FEED} and not _is_of_run(name):
            raise Rejected(
                "live.bad_topic",
                f"There is no topic {name[:40]!a}.",
                hint=f"There are {', '.join(sorted(PLAIN - {FEED}))}, run:ID and logs:ID.",
            )
    return Wanted(names, events)


def _is_of_run(name: str) -> bool:
    kind, colon, run = name.partition(":")
    return f"{kind}{colon}" in (RUN, LOGS) and run != "" and len(run) <= NAME_MAX


def changed(topic: str, rows: Sequence[Recorded], missions: Mapping[str, str]) -> Any:
    """Return what in a list changed with these events, or None; `missions` are those of runs."""
    if topic == "runs":
        return _ids(row.stream for row in rows if row.stream.startswith("run-"))
    if topic == "missions":
        streams = (missions.get(row.stream, row.stream) for row in rows)
        return _ids(stream for stream in streams if stream.startswith("mission-"))
    types = OF_TYPE[topic]
    found = _ids(row.stream for row in rows if row.type in types)
    if topic == "agents" and any(row.type in LOAD for row in rows):
        return {**(found or {"ids": []}), "load": True}
    return found


def _ids(streams: Iterable[str]) -> dict[str, Any] | None:
    ids = list(dict.fromkeys(streams))
    if not ids:
        return None
    return {"ids": ids[-IDS_MAX:], "more": len(ids) > IDS_MAX}


def strip(last: Recorded) -> dict[str, Any]:
    """Return what the strip at the bottom of every page says about the end of the log."""
    return {
        "position": last.position,
        "hash": last.hash.hex()[:12],
        "time": last.time / 1_000_000,
        "type": last.type,
        "stream": last.stream,
    }


def briefly(rows: Sequence[Recorded]) -> dict[str, Any] | None:
    """Return events as a list shows them: how many there were, and the last ones of them."""
    if not rows:
        return None
    shown = [
        {
            "position": row.position,
            "time": row.time / 1_000_000,
            "type": row.type,
            "stream": row.stream,
            "actor": row.actor,
        }
        for row in rows[-EVENTS_MAX:]
    ]
    return {"events": shown, "count": len(rows), "last": rows[-1].position}


def unread(topic: str, after: int, upto: int) -> dict[str, Any]:
    """Return the message about a list or the events where there were too many to read."""
    if topic == "events":
        return {"events": [], "count": upto - after, "last": upto}
    return {"ids": [], "more": True}
