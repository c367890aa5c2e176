"""Spans that are made from the log, in whichever state it and the bookmark are found."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.telemetry import span_queue
from missioncontrol.adapters.telemetry.otlp import OtlpExporter
from missioncontrol.adapters.telemetry.settings import OtlpSettings
from missioncontrol.adapters.telemetry.span_queue import Bookmark, SpanQueue
from missioncontrol.adapters.telemetry.spans import Spans
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.run.events import (
    RunCreated,
    RunHalted,
    RunSettled,
    StepStarted,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.step import Step
from missioncontrol.domain.trace import attempt_span, run_span
from missioncontrol.domain.work import Usage
from missioncontrol.ports.event_store import Append, NewEvent
from missioncontrol.ports.otlp import Span
from tests.telemetry.collector import collecting, run

RUN = "run-1"
BEGUN = (
    RunCreated(RUN, "release", (Step("build", "coder"),), 1),
    StepStarted("build", 1, 1, "coder"),
    UsageReported("build", 1, Usage(70, 0, 8, 0, None), "gpt-5"),
)
ENDED = (StepSucceeded("build", 1), RunSettled("succeeded"))


class Log(MemoryEventStore):
    """A log that is written by a test, and may be out of reach."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles = 0
        self.stream_troubles = 0

    async def read(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        if self.troubles:
            self.troubles -= 1
            raise Unavailable("log.unreadable", "The log can't be read now.")
        return await super().read(after=after, limit=limit)

    async def read_stream(
        self, stream: str, *, after: int = 0, limit: int = 1000
    ) -> list[Recorded]:
        if self.stream_troubles:
            self.stream_troubles -= 1
            raise Unavailable("log.unreadable", "The log can't be read now.")
        return await super().read_stream(stream, after=after, limit=limit)

    async def happened(self, *events: Any, stream: str = RUN) -> None:
        before = len(await self.read_stream(stream))
        new = [_new(event) for event in events]
        await self.append([Append(stream, before, new)])


def _new(event: Any) -> NewEvent:
    name, schema = NAMES[type(event)]
    return NewEvent(name, schema, msgspec.json.encode(event), 1_000_000, "a", "", 0, RUN)


async def told_of(log: Log, mark: Bookmark, **more: Any) -> tuple[SpanQueue, list[Span]]:
    found = SpanQueue(Spans(), log=log, bookmark=mark, **{"most": 100, **more})
    await found.open()
    await found.catch_up()
    return found, found.first(100)


@pytest.fixture
def mark(tmp_path: Path) -> Bookmark:
    return Bookmark(tmp_path / "told")


def test_what_happened_to_a_run_before_the_bookmark_is_recalled(mark: Bookmark) -> None:
    async def story() -> None:
        log = Log()
        await log.happened(*BEGUN)
        mark.write(3)
        await log.happened(*ENDED)
        _, (attempt, whole) = await told_of(log, mark)
        assert (attempt.span_id, whole.span_id) == (attempt_span(RUN, 1), run_span(RUN))
        used = {each.key: each.value for each in attempt.attributes}
        assert used["gen_ai.usage.input_tokens"].int_value == "70"  # type: ignore[union-attr]

    run(story())


def test_the_bookmark_moves_with_what_was_told(mark: Bookmark) -> None:
    async def story() -> None:
        log = Log()
        mark.write(0)
        await log.happened(*BEGUN, *ENDED)
        found, _ = await told_of(log, mark)
        found.confirm(1)
        assert mark.read() == 4
        found.confirm(1)
        assert mark.read() == 5

    run(story())


def test_a_bookmark_beyond_the_end_of_the_log_is_its_end(mark: Bookmark) -> None:
    async def story() -> None:
        log = Log()
        await log.happened(*BEGUN)
        mark.write(99)
        await told_of(log, mark)
        assert mark.read() == 3

    run(story())


def test_one_that_is_far_behind_tells_the_newest(
    mark: Bookmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_queue, "EVENTS_BEHIND_MAX", 2)

    async def story() -> None:
        log = Log()
        mark.write(0)
        await log.happened(*BEGUN, *ENDED, stream="run-0")
        await log.happened(*BEGUN, *ENDED)
        _, spans = await told_of(log, mark)
        assert [span.span_id for span in spans] == [attempt_span(RUN, 1), run_span(RUN)]

    run(story())


def test_what_is_said_of_a_run_after_its_end_makes_nothing(mark: Bookmark) -> None:
    async def story() -> None:
        log = Log()
        await log.happened(*BEGUN, *ENDED)
        mark.write(5)
        await log.happened(RunHalted("late", "It is over."))
        found, spans = await told_of(log, mark)
        assert (spans, found._spans.knows(RUN)) == ([], False)

    run(story())


def test_an_event_that_can_not_be_read_is_counted_and_passed_over(mark: Bookmark) -> None:
    async def story() -> None:
        log = Log()
        mark.write(0)
        odd = msgspec.structs.replace(_new(ENDED[0]), type="of_another_release")
        await log.append([Append("odd", 0, [odd])])
        await log.happened(*BEGUN, *ENDED)
        found, spans = await told_of(log, mark)
        assert (found.broken, len(spans)) == (1, 2)

    run(story())


def test_what_has_no_room_waits_in_the_log(mark: Bookmark) -> None:
    async def story() -> None:
        log = Log()
        mark.write(0)
        await log.happened(*BEGUN, *ENDED)
        found, (first,) = await told_of(log, mark, most=1)
        found.confirm(1)
        await found.catch_up()
        assert [first.span_id, found.first(9)[0].span_id] == [attempt_span(RUN, 1), run_span(RUN)]
        assert found.dropped == 0

    run(story())


def test_a_log_that_can_not_be_read_now_is_read_later(mark: Bookmark) -> None:
    async def story(url: str) -> OtlpExporter:
        log = Log()
        await log.happened(*BEGUN)
        mark.write(3)
        await log.happened(*ENDED)
        log.troubles = log.stream_troubles = 2
        settings = OtlpSettings(url, batch_seconds=0.01, wait_seconds_max=0.01)
        sending = OtlpExporter(settings, secret=str, scrub=str, log=log, bookmark=mark)
        await sending.open()
        while sending.sent.sent < 2:  # noqa: ASYNC110 - an exporter has no done event
            await asyncio.sleep(0.005)
        await sending.close()
        return sending

    with collecting() as collector:
        sending = run(story(collector.url))
    assert "can't be read now" in sending.trouble
    assert len(collector.spans()) == 2
