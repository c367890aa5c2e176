"""`python -m bench.console.watchers PORT RUN COUNT TOKENS…`: so many viewers of one run, at once.

It prints a line once all are connected, and after a line on its input the delays that they saw: the
99th and 50th percentile and the most, in milliseconds, from an event's own time to its arrival.
"""

import asyncio
import sys

import msgspec

from missioncontrol.adapters.clocks import SystemClock


class Seen(msgspec.Struct):
    """What one viewer got."""

    arrivals: list[tuple[float, int]] = []  # when, and up to which position of the log


def main() -> None:
    """Watch, and print what was seen as JSON: by viewer, its arrivals."""
    port, run, count, *tokens = sys.argv[1:]
    seen = asyncio.run(_watch(int(port), run, int(count), tokens))
    print(msgspec.json.encode(seen).decode(), flush=True)


async def _watch(port: int, run: str, count: int, tokens: list[str]) -> list[Seen]:
    seen = [Seen([]) for _ in range(count)]
    connected = asyncio.Semaphore(0)
    viewers = [
        asyncio.create_task(_view(port, run, tokens[number % len(tokens)], each, connected))
        for number, each in enumerate(seen)
    ]
    for _ in viewers:
        await connected.acquire()
    print("connected", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for viewer in viewers:
        viewer.cancel()
    await asyncio.gather(*viewers, return_exceptions=True)
    return seen


async def _view(port: int, run: str, token: str, seen: Seen, connected: asyncio.Semaphore) -> None:
    clock = SystemClock()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"GET /live?topics=run:{run} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    )
    writer.write(head.encode())
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"a viewer was refused: {status!r}")
    connected.release()
    async for line in reader:
        if line.startswith(b"id:"):
            seen.arrivals.append((clock.now(), int(line[3:].split(b"-")[0].split(b".")[0])))


if __name__ == "__main__":
    main()
