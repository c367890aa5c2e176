"""`python -m bench.console.watchers PORT RUN COUNT TOKENS…`: so many viewers of one run, at once.

It prints a line once all are connected and have the state of the run. After a line on its input
it prints what they got, as JSON: by viewer, when they had received which position of the log.

Viewers sit at machines of their own, so what they do with what they get is no part of the measure:
while the run goes on, bytes are only read and their time stored, and parsed afterwards.
"""

import select
import socket
import sys
import zlib
from collections.abc import Callable, Iterator

import msgspec

from missioncontrol.adapters.clocks import SystemClock

AT_ONCE = 1 << 18
QUIET_SECONDS = 0.3
"""All have what there was to tell when nothing has come for so long."""


class Seen(msgspec.Struct):
    """What one viewer got."""

    arrivals: list[tuple[float, int]] = []  # when, and up to which position of the log
    bytes: int = 0  # as they came


class Viewer:
    """One connection to `/live`."""

    def __init__(self, port: int, run: str, token: str) -> None:
        """Connect, and ask."""
        self.socket = socket.create_connection(("127.0.0.1", port))
        head = (
            f"GET /live?topics=run:{run} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n"
            "Accept-Encoding: gzip, deflate, br\r\n\r\n"
        )
        self.socket.sendall(head.encode())
        self.socket.setblocking(False)
        self.got: list[tuple[float, bytes]] = []

    def seen(self) -> Seen:
        """Return what came, as a browser makes it out."""
        arrivals = []
        for at, text in self._told():
            *_, last = text.split(b"id: ")
            arrivals.append((at, int(last.split(b"\n", 1)[0].split(b"-")[0])))
        return Seen(arrivals, sum(len(part) for _, part in self.got))

    def _told(self) -> Iterator[tuple[float, bytes]]:
        """Yield whole messages, together where they came together."""
        body = b""
        unpack = None
        for at, text in self._chunks():
            if unpack is None:
                unpack = zlib.decompressobj() if text[:1] == b"\x78" else _Plain()
            body += unpack.decompress(text)
            whole, end, rest = body.rpartition(b"\n\n")
            if end and b"id: " in whole:
                yield at, whole
            body = rest if end else body

    def _chunks(self) -> Iterator[tuple[float, bytes]]:
        """Yield the parts of the answer's body, each when all of it had come."""
        rest = b""
        is_head = True
        for at, part in self.got:
            rest += part
            if is_head:
                head, end, rest = rest.partition(b"\r\n\r\n")
                if not end:
                    rest = head
                    continue
                if b" 200 " not in head.split(b"\r\n", 1)[0]:
                    raise RuntimeError(f"a viewer was refused: {head!r}")
                is_head = False
            while (size := rest.partition(b"\r\n"))[1]:
                length = int(size[0], 16)
                if len(size[2]) < length + 2:
                    break
                yield at, size[2][:length]
                rest = size[2][length + 2 :]


class _Plain:
    """Stands in where nothing is packed."""

    def decompress(self, text: bytes) -> bytes:
        return text


def main() -> None:
    """Watch, and print what was seen."""
    port, run, count, *tokens = sys.argv[1:]
    viewers = [Viewer(int(port), run, tokens[n % len(tokens)]) for n in range(int(count))]
    by_number = {viewer.socket.fileno(): viewer for viewer in viewers}
    poll = select.epoll()
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    now = SystemClock().now
    while viewers and (_take(poll, by_number, now, QUIET_SECONDS) or not _all_told(viewers)):
        pass
    print("connected", flush=True)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    while not _take(poll, by_number, now, 1.0) & {sys.stdin.fileno()}:
        pass
    poll.unregister(sys.stdin.fileno())
    while _take(poll, by_number, now, QUIET_SECONDS):  # What is late counts, however late.
        pass
    print(msgspec.json.encode([viewer.seen() for viewer in viewers]).decode(), flush=True)


def _all_told(viewers: list[Viewer]) -> bool:
    return all(viewer.got for viewer in viewers)


def _take(
    poll: select.epoll, viewers: dict[int, Viewer], now: Callable[[], float], seconds: float
) -> set[int]:
    """Take what has come, or wait for something; return who had something to say."""
    ready = {number for number, _ in poll.poll(seconds)}
    for number in ready & viewers.keys():
        viewer = viewers[number]
        part = viewer.socket.recv(AT_ONCE)
        if not part:
            raise RuntimeError("a viewer was let go")
        viewer.got.append((now(), part))
    return ready


if __name__ == "__main__":
    main()
