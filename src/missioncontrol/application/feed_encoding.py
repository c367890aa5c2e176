"""What a portion of the log is to those who listen, worked out and encoded once for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from missioncontrol.application import topics
from missioncontrol.application.cloud_event import cloud_event
from missioncontrol.application.feed_listener import Place
from missioncontrol.application.redaction import shown
from missioncontrol.application.run_watch import RunWatch
from missioncontrol.application.topics import FEED, LOGS, RUN, EventFilter, Wanted
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.output_store import FollowedOutput
from missioncontrol.ports.search_index import data_of

LINES_AT_ONCE = 500


class Portion(msgspec.Struct, frozen=True):
    """What happened between two looks, or while a listener was away."""

    rows: Sequence[Recorded]
    after: int  # position before the first event
    upto: int  # position of the last one
    lines_after: int
    line: int  # number of the last output line
    is_gap: bool = False  # there were too many events to read them: `rows` has none

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return self.upto == self.after and self.line <= self.lines_after


class Background(msgspec.Struct, frozen=True):
    """What else has to be known to tell about events."""

    watches: Mapping[str, RunWatch]
    missions: Mapping[str, str]  # of runs, as far as listeners want to know
    runs: Mapping[str, Run]  # of events whose agent a listener wants to know
    last: Recorded | None  # event of the log


class FrameBuilder:
    """One portion, in the words of every topic that is asked for."""

    def __init__(self, portion: Portion, background: Background, output: FollowedOutput) -> None:
        """Nothing is computed before it is requested."""
        self.portion = portion
        self._behind = background
        self._output = output
        self._parts: dict[Any, bytes] = {}
        self._frames: dict[Any, bytes] = {}

    def id(self, wanted: Wanted) -> bytes:
        """Return the id from which a listener that received this goes on."""
        line = self.portion.line if wanted.wants_lines else -1
        return str(Place(self.portion.upto, line)).encode()

    def frame(self, wanted: Wanted, *, strip: bool, whole: bool = False) -> bytes:
        """Return the portion as it is written to a listener for this; b"" where it is nothing.

        `whole` includes all of watched runs, for a listener that knows nothing of them yet.
        """
        key = (wanted, strip, whole)
        found = self._frames.get(key)
        if found is None:
            if FEED in wanted.topics:
                found = self._feed(wanted.filter, exact=wanted.exact)
            else:
                found = self._message(wanted, strip=strip, whole=whole)
            self._frames[key] = found
        return found

    def beat(self, wanted: Wanted) -> bytes:
        """Return a sign that the connection lives; it moves the id where nothing was sent."""
        return b":\nid: %b\n\n" % self.id(wanted)

    def _message(self, wanted: Wanted, *, strip: bool, whole: bool) -> bytes:
        parts = [
            b"%b:%b" % (msgspec.json.encode(topic), part)
            for topic in wanted.topics
            if (topic != "strip" or strip)
            and (part := self._part(topic, wanted.filter, whole=whole))
        ]
        if not parts:
            return b""
        return b"id: %b\ndata: {%b}\n\n" % (self.id(wanted), b",".join(parts))

    def _part(self, topic: str, chosen: EventFilter, *, whole: bool) -> bytes:
        if topic.startswith(RUN):
            watch = self._behind.watches.get(topic[len(RUN) :])
            return watch.encoded_since(-1 if whole else self.portion.after) if watch else b""
        key = (topic, chosen if topic == "events" else None)
        part = self._parts.get(key)
        if part is None:
            value = self._value(topic, chosen)
            part = self._parts[key] = b"" if value is None else msgspec.json.encode(value)
        return part

    def _value(self, topic: str, chosen: EventFilter) -> Any:
        """Return what the portion means to a topic, or None where it means nothing."""
        portion, last = self.portion, self._behind.last
        if topic in topics.SIGNALS:
            return None  # It says nothing of the log; the feed tells it by itself.
        if topic == "logs" or topic.startswith(LOGS):
            return self._output_lines(topic[len(LOGS) :])
        if topic == "strip":
            return topics.strip(last) if last is not None else None
        if portion.is_gap:
            return topics.unread(topic, portion.after, portion.upto)
        if topic == "events":
            return topics.briefly(self._chosen(chosen))
        return topics.changed(topic, portion.rows, self._behind.missions)

    def _output_lines(self, run: str) -> dict[str, Any] | None:
        after, last = self.portion.lines_after, self.portion.line
        if last <= after:
            return None
        found = self._output.tail(after=after, run=run, limit=LINES_AT_ONCE)
        lines = [
            {"number": stored.number, **msgspec.to_builtins(stored.line)}
            for stored in found
            if stored.number <= last
        ]
        return {"lines": lines, "more": len(found) == LINES_AT_ONCE} if lines else None

    def _feed(self, chosen: EventFilter, *, exact: bool) -> bytes:
        return b"".join(
            b"id: %d\nevent: event\ndata: %b\n\n" % (row.position, cloud_event(row))
            for row in (shown(each, exact=exact) for each in self._chosen(chosen))
        )

    def _chosen(self, chosen: EventFilter) -> Sequence[Recorded]:
        if chosen == topics.ALL_EVENTS:
            return self.portion.rows
        return [row for row in self.portion.rows if self._fits(row, chosen)]

    def _fits(self, row: Recorded, chosen: EventFilter) -> bool:
        if chosen.stream and row.stream != chosen.stream:
            return False
        if chosen.type and row.type != chosen.type:
            return False
        if chosen.actor and row.actor != chosen.actor:
            return False
        if not chosen.reads_data:
            return True
        data = data_of(shown(row, exact=False))  # A filter must not reveal hidden data either.
        body = data if isinstance(data, dict) else {}
        is_of_run = chosen.run in ("", row.stream, row.correlation, body.get("run"))
        return is_of_run and chosen.agent in ("", *self._agents(row, body))

    def _agents(self, row: Recorded, body: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the agents that an event is about."""
        run = self._behind.runs.get(row.stream)
        step = run.steps.get(str(body.get("step") or body.get("by"))) if run is not None else None
        doing = step.agent if step is not None else ""
        return body.get("agent"), row.stream.removeprefix("agent-"), doing
