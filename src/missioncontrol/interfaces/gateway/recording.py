"""Writes calls down, away from the streams: in batches, redacted, and within bounds."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from missioncontrol.interfaces.gateway.model_answer import RECORDED_MAX, ReceivedAnswer
from missioncontrol.interfaces.gateway.settings import LogPolicy
from missioncontrol.ports.call_log import Call, CallLog, Retention, ToolCall

MARGIN = 16 * 1024
"""Characters read beyond those stored: a secret that is cut in two is not recognised."""

RECEIVED_MAX = RECORDED_MAX + MARGIN
WAITING_MAX = 2_000
WAITING_BYTES_MAX = 64 * 1024 * 1024
BATCH_MAX = 200
BATCH_SECONDS = 0.2
PRUNE_SECONDS = 600.0

Scrub = Callable[[bytes], bytes]
"""Takes secrets out, also out of JSON that stands in a text of JSON, as arguments of tools do."""

_LOG = logging.getLogger(__name__)


class Draft(msgspec.Struct):
    """A call as it ended, before its secrets are redacted."""

    call: Call
    body: bytes = b""  # the request
    heard: ReceivedAnswer | None = None

    @property
    def size(self) -> int:
        """Bytes that it holds while it waits."""
        return len(self.body) + (self.heard.said if self.heard is not None else 0)


class Recorder:
    """Takes drafts at once and writes them down in a thread."""

    def __init__(
        self,
        log: CallLog,
        policy: LogPolicy,
        *,
        scrub: Scrub,
        retention: Retention,
        now: Callable[[], float],
    ) -> None:
        """`now` tells seconds since the epoch."""
        self._now = now
        self._log = log
        self._policy = policy
        self._scrub = scrub
        self._retention = retention
        self._waiting: list[Draft] = []
        self._waiting_bytes = 0
        self._has_some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False
        self.left_out = 0  # calls that were not written down, for there were too many

    @property
    def recorded_max(self) -> int:
        """Characters of an answer that are worth keeping."""
        return RECEIVED_MAX if self._policy == "full" else 0

    def add(self, call: Call, body: bytes, received: ReceivedAnswer | None) -> None:
        """Take a call in. Nothing is waited for; what does not fit is left out and counted."""
        if self._policy == "off":
            return
        draft = Draft(call)
        if self._policy == "full":
            draft = Draft(call, body[: RECEIVED_MAX * 4], received)
        if self._waiting_bytes + draft.size > WAITING_BYTES_MAX:
            draft = Draft(call)
        if len(self._waiting) >= WAITING_MAX:
            self.left_out += 1
            return
        self._waiting.append(draft)
        self._waiting_bytes += draft.size
        self._has_some.set()

    def open(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write_all(), name="call log")

    async def close(self) -> None:
        """Write what waits, and stop."""
        self._is_closing = True
        self._has_some.set()
        if self._task is not None:
            await self._task

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        pruned = loop.time() - PRUNE_SECONDS
        while not self._is_closing or self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._has_some.wait(), PRUNE_SECONDS)
            if not self._is_closing:
                await asyncio.sleep(BATCH_SECONDS)
            await self._write_batch()
            if loop.time() - pruned >= PRUNE_SECONDS:
                await self.prune()
                pruned = loop.time()

    async def _write_batch(self) -> None:
        batch = self._waiting[:BATCH_MAX]
        del self._waiting[:BATCH_MAX]
        self._waiting_bytes = sum(draft.size for draft in self._waiting)
        if not self._waiting:
            self._has_some.clear()
        if not batch:
            return
        try:
            await asyncio.to_thread(self._write, batch)
        except Exception:  # noqa: BLE001 - the edge: a full disk ends no call
            self.left_out += len(batch)
            _LOG.exception("%d model calls could not be written down.", len(batch))

    def _write(self, batch: Sequence[Draft]) -> None:
        self._log.write([redacted(draft, self._scrub) for draft in batch])

    async def prune(self) -> None:
        """Drop expired calls, a limited number at a time."""
        now, gone = int(self._now() * 1_000_000), 1
        while gone and not self._is_closing:
            gone = await asyncio.to_thread(self._log.prune, self._retention, now)


def redacted(draft: Draft, scrub: Scrub) -> Call:
    """Return a call with what was asked and answered, without secrets and within bounds."""
    call, received = draft.call, draft.heard
    changes: dict[str, Any] = {
        "asked": clean(call.asked, scrub),
        "model": clean(call.model, scrub),
        "reason": clean(call.reason, scrub),
        "offered": tuple(clean(name, scrub) for name in call.offered),
        "prompt": _prompt(draft.body, scrub),
    }
    if received is not None:
        texts = (
            recorded_text(str(each), scrub, is_cut=each.is_cut) for each in received.words.values()
        )
        changes["answer"] = "\n".join(texts)[:RECORDED_MAX]
        changes["called"] = tuple(
            ToolCall(clean(name, scrub), recorded_text(str(given), scrub, is_cut=given.is_cut))
            for name, given in received.called.values()
        )
    return msgspec.structs.replace(call, **changes)


def _prompt(body: bytes, scrub: Scrub) -> str:
    text = body.decode("utf-8", "replace")
    return recorded_text(text[:RECEIVED_MAX], scrub, is_cut=len(text) >= RECEIVED_MAX)


def recorded_text(text: str, scrub: Scrub, *, is_cut: bool) -> str:
    """Return the part of a text that is stored.

    Where there was more of it, its end may hold the first half of a secret; so as much as the
    longest secret goes with the end.
    """
    read = clean(text, scrub)
    return (read[:-MARGIN] if is_cut else read)[:RECORDED_MAX]


def clean(text: str, scrub: Scrub) -> str:
    """Return a text without secrets, and without half characters, which can't be written."""
    return scrub(text.encode("utf-8", "replace")).decode("utf-8", "replace")
