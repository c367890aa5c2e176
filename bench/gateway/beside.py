"""What the gateway adds to a call, how many streams it carries, and how much memory it takes."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec
import psutil

from bench.gateway import litellm_peer, load
from bench.harness import (
    Turn,
    by_turns,
    folder_of_repository,
    median_rate,
    percentile,
    quiet_environment,
)
from bench.measure import Measure, rounded
from bench.worker import Answer

CALLS = 200
STREAMS = 200
AT_ONCE = 50
ROUNDS = 3
MiB = 1024 * 1024
START_SECONDS_MAX = 120

ADDED_TARGET = 0.25
RATE_TARGET = 6.0
MEMORY_TARGET = 0.3333
GROWTH_MIB_MAX = 16.0


class Contender(msgspec.Struct, frozen=True):
    """A process that answers calls; stopped while others are measured."""

    name: str
    process: subprocess.Popen[str]
    port: int
    key: str

    def work(self, job: Callable[[int, str], Answer]) -> Answer:
        """Have it do a job."""
        self.process.send_signal(signal.SIGCONT)
        answer = job(self.port, self.key)
        if self.name != "upstream":
            self.process.send_signal(signal.SIGSTOP)
        return answer

    @property
    def memory(self) -> float:
        """MiB that it and its children hold now."""
        whole = psutil.Process(self.process.pid)
        each = (whole, *whole.children(recursive=True))
        return sum(process.memory_info().rss for process in each) / MiB


def gateway(folder: Path) -> Iterator[Measure]:
    """Measure ours and, where it can be installed, LiteLLM's, over the same upstream."""
    with ExitStack() as stack:
        bare = stack.enter_context(_upstream())
        ours = stack.enter_context(_ours(bare, folder))
        contenders = [bare, ours]
        version = litellm_peer.version()
        if version:
            contenders.append(stack.enter_context(_litellm(bare, folder)))
        else:
            print("    LiteLLM is not installed here; no comparison.", file=sys.stderr)
        yield from _compared(contenders, f"litellm {version}" if version else "")
        yield from _long(ours)


def _compared(contenders: list[Contender], peer: str) -> Iterator[Measure]:
    for each in contenders:
        each.work(_one_by_one(30))
        each.work(_together(AT_ONCE))
    called = _by_turns(contenders, _one_by_one(CALLS))
    streamed = _by_turns(contenders, _together(STREAMS))
    yield from _latency(called, peer)
    yield from _throughput(streamed, peer)
    yield from _memory(contenders, peer)


def _by_turns(
    contenders: list[Contender], job: Callable[[int, str], Answer]
) -> dict[str, list[Answer]]:
    return by_turns(Turn(each.name, partial(each.work, job), ROUNDS) for each in contenders)


def _one_by_one(count: int) -> Callable[[int, str], Answer]:
    return lambda port, key: asyncio.run(load.one_by_one(port, key, count))


def _together(count: int) -> Callable[[int, str], Answer]:
    return lambda port, key: asyncio.run(load.together(port, key, count, AT_ONCE))


def _latency(called: dict[str, list[Answer]], peer: str) -> Iterator[Measure]:
    bare, ours = load.middle(called["upstream"]), load.middle(called["ours"])
    samples = [sample for answer in called["ours"] for sample in answer.samples]
    more = {"upstream": rounded(bare), "p99": rounded(percentile(samples, 0.99) * 1_000)}
    yield Measure(
        measure="gateway.added",
        value=ours - bare,
        unit="ms at p50",
        reference=peer or "bare upstream",
        reference_value=load.middle(called["litellm"]) - bare if peer else bare,
        better="lower",
        target=ADDED_TARGET if peer else None,
        more=more,
    )


def _throughput(streamed: dict[str, list[Answer]], peer: str) -> Iterator[Measure]:
    bare = median_rate(streamed["upstream"])
    yield Measure(
        measure="gateway.streams",
        value=median_rate(streamed["ours"]),
        unit=f"streams/s, {AT_ONCE} at once",
        reference=peer or "bare upstream",
        reference_value=median_rate(streamed["litellm"]) if peer else bare,
        target=RATE_TARGET if peer else None,
        more={"upstream": rounded(bare), "runs": ROUNDS},
    )


def _memory(contenders: list[Contender], peer: str) -> Iterator[Measure]:
    held = {each.name: each.memory for each in contenders}
    yield Measure(
        measure="gateway.memory",
        value=held["ours"],
        unit="MiB",
        reference=peer or "bare upstream",
        reference_value=held["litellm" if peer else "upstream"],
        better="lower",
        target=MEMORY_TARGET if peer else None,
    )


def _long(ours: Contender) -> Iterator[Measure]:
    """Read one very long stream, and look how far the memory goes up meanwhile."""
    before, most = ours.memory, 0.0

    async def watched(port: int, key: str) -> Answer:
        nonlocal most
        reading = asyncio.create_task(load.long_stream(port, key))
        while not reading.done():
            most = max(most, ours.memory)
            await asyncio.sleep(0.02)
        return await reading

    answer = ours.work(lambda port, key: asyncio.run(watched(port, key)))
    yield Measure(
        measure="gateway.long",
        value=max(0.0, most - before),
        unit="MiB more in a long stream",
        reference="the stream",
        reference_value=answer.size / MiB,
        better="lower",
        target=GROWTH_MIB_MAX,
        target_of="value",
        more={"mib_per_second": rounded(answer.size / MiB / answer.seconds)},
    )


@contextmanager
def _upstream() -> Iterator[Contender]:
    with _process([sys.executable, "-m", "bench.gateway.upstream"]) as process:
        yield Contender("upstream", process, int(_line(process)), "none")


@contextmanager
def _ours(bare: Contender, folder: Path) -> Iterator[Contender]:
    place = folder / "gateway"
    place.mkdir()
    argv = [sys.executable, "-m", "bench.gateway.ours", str(bare.port), str(place)]
    with _process(argv) as process:
        port, _, key = _line(process).partition(" ")
        yield Contender("ours", process, int(port), key)


@contextmanager
def _litellm(bare: Contender, folder: Path) -> Iterator[Contender]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = litellm_peer.configuration(bare.port, folder)
    argv = [litellm_peer.program(), "--config", str(config), "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--telemetry", "False"]
    with _process(argv, environment=litellm_peer.environment()) as process:
        contender = Contender("litellm", process, port, litellm_peer.KEY)
        _await_answer(contender)
        yield contender


def _await_answer(contender: Contender) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            contender.work(_one_by_one(1))
        except (OSError, RuntimeError, asyncio.IncompleteReadError) as error:
            if time.monotonic() > until or contender.process.poll() is not None:
                raise RuntimeError(f"{contender.name} does not answer: {error}") from error
            time.sleep(0.5)
        else:
            return


@contextmanager
def _process(
    argv: list[str], *, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if environment else None,
        text=True,
        cwd=folder_of_repository(),
        env=environment or quiet_environment(),
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
