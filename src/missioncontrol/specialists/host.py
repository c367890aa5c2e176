"""The process around a specialist: reads the order, lends it a desk, writes its messages."""

import hashlib
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from missioncontrol.domain.work import ArtifactRef, Usage
from missioncontrol.ports import wire
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.specialists.briefs import brief_of
from missioncontrol.specialists.catalogue import CLASSES, RUNNING
from missioncontrol.specialists.specialist import Specialist

MEMORY_BYTES_MAX = 4 * 1024**3
"""Address space of a specialist. Those who run programs that are not ours are free of it."""

UNLIMITED = 3600.0


class PipeDesk:
    """The desk whose words go out as messages."""

    def __init__(self, out: BinaryIO, scratch: Path, seconds_max: float) -> None:
        """The time starts now."""
        self.scratch = scratch / "work"
        self.scratch.mkdir()
        self._files = scratch / "artifacts"
        self._files.mkdir()
        self._out = out
        self._ends = time.monotonic() + seconds_max
        self._last_number = 0
        self.answers: queue.SimpleQueue[wire.Answer] = queue.SimpleQueue()

    def send(self, message: wire.Message) -> None:
        """Write one message."""
        self._out.write(wire.encode(message))
        self._out.flush()

    def log(self, level: LogLevel, message: str) -> None:
        """See `Desk.log`."""
        self.send(wire.LogMessage(level, message))

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Desk.progress`."""
        self.send(wire.Moved(done, total, note))

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """See `Desk.usage`."""
        self.send(wire.Used(usage, model))

    def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """See `Desk.admit`."""
        self._last_number += 1
        self._answered(wire.Wants(self._last_number, model, input_tokens, output_tokens))

    def consult(self, asked: wire.Consults) -> wire.Consulted:
        """See `AsksAgents.consult`."""
        self._last_number += 1
        answer = self._answered(msgspec.structs.replace(asked, number=self._last_number))
        assert isinstance(answer, wire.Consulted), "questions are answered one by one"
        return answer

    def _answered(self, question: wire.Message) -> wire.Answer:
        self.send(question)
        answer = self.answers.get()
        if isinstance(answer, wire.Denied):
            raise AttemptFailed(answer.code, answer.reason, hint=answer.hint, retryable=False)
        return answer

    def keep(
        self, name: str, content: bytes | str, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """See `Desk.keep`."""
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        digest = hashlib.sha256(data).hexdigest()
        path = self._files / digest
        path.write_bytes(data)
        self.send(
            wire.ArtifactMessage(name, str(path), digest, len(data), media_type, title, obtained)
        )
        return ArtifactRef(name, digest, len(data), media_type, title, obtained)

    def seconds_left(self) -> float:
        """See `Desk.seconds_left`."""
        return self._ends - time.monotonic()


def main(find: Callable[[str], Specialist]) -> int:
    """Do one order with the specialist that `find` returns for the name on the command line.

    The exit code is 0 where a result or a refusal was written.
    """
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in CLASSES:
        sys.stderr.write(f"Name one specialist: {', '.join(CLASSES)}.\n")
        return 2
    out = private_stdout()
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=wire.Order)
    if name not in RUNNING:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, resource.RLIM_INFINITY))
    seconds = order.assignment.seconds_max or UNLIMITED
    desk = PipeDesk(out, Path(order.scratch), seconds)
    threading.Thread(target=receive_answers, args=(desk.answers,), daemon=True).start()
    desk.send(_outcome(name, find, order, desk, seconds))
    return 0


def _outcome(
    name: str, find: Callable[[str], Specialist], order: wire.Order, desk: PipeDesk, seconds: float
) -> wire.Message:
    try:
        return wire.Done(find(name).work(brief_of(name, order, seconds), desk))
    except AttemptFailed as error:
        return wire.Refused(error.code, error.reason, error.hint, error.retryable, error.detail)
    except MemoryError:
        reason = f"The {name} needed more than {MEMORY_BYTES_MAX // 2**30} GiB of memory."
        return wire.Refused("specialist.out_of_memory", reason, retryable=False)
    except Exception as error:  # noqa: BLE001 - the edge: any error is reported, not lost
        for line in traceback.format_exc().splitlines():
            desk.log("error", line)
        return wire.Refused(
            "specialist.crashed", f"The {name} raised {type(error).__name__}: {error}."
        )


def private_stdout() -> BinaryIO:
    """Keep the pipe to the engine for messages: whatever prints goes to standard error."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def receive_answers(answers: "queue.SimpleQueue[wire.Answer]", source: int = 0) -> None:
    """Pass answers on until `source` ends; then end this process and all that it started.

    `source` is the number of a file, standard input unless that was put elsewhere. It is read as
    it is: a buffered reader would be locked while the interpreter shuts down.
    """
    received = b""
    while content := os.read(source, 4096):
        *lines, received = (received + content).split(b"\n")
        for line in lines:
            answers.put(msgspec.json.decode(line, type=wire.Answer))
    os.killpg(os.getpgrp(), signal.SIGKILL)
