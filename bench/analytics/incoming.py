"""Batches as Segment's libraries send them, made before and sent by as many connections."""

import json
import secrets
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from missioncontrol.adapters.clocks import SystemClock

BATCH = 1_000
CONNECTIONS = 16
PEOPLE = 5_000
TAKEN = b'"stored":1000'


def batches(port: int, key: str, events: int) -> Iterator[bytes]:
    """Return whole requests of a thousand events each; all are made before the first is given."""
    now = datetime.fromtimestamp(SystemClock().now(), UTC)
    made = []
    for first in range(0, events, BATCH):
        body = {
            "batch": [_event(number, now) for number in range(first, first + BATCH)],
            "sentAt": now.isoformat(),
            "writeKey": key,
        }
        content = json.dumps(body).encode()
        head = (
            f"POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        made.append(head.encode() + content)
    return iter(made)


def _event(number: int, now: datetime) -> dict[str, Any]:
    return {
        "type": "track",
        "event": ("page_viewed", "search", "key_action")[number % 3],
        "userId": f"user-{number % PEOPLE}",
        "anonymousId": None,
        "messageId": secrets.token_hex(16),
        "timestamp": (now - timedelta(seconds=number % 3_600)).isoformat(),
        "properties": {"plan": "pro", "platform": "web", "path": f"/item/{number}"},
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "integrations": {},
    }


def sent(port: int, requests: Iterator[bytes]) -> float:
    """Send them all, each once; return the events a second that were stored.

    Raises:
        RuntimeError: a batch was not stored.
    """
    turn, bad, count = threading.Lock(), list[bytes](), [0]

    def send() -> None:
        with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as answers:
            while True:
                with turn:
                    request = next(requests, None)
                if request is None:
                    return
                line.sendall(request)
                status, body = _answer(answers)
                if b" 200 " not in status or TAKEN not in body:
                    bad.append(status + body[:200])
                count[0] += BATCH

    begun = perf_counter()
    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    seconds = perf_counter() - begun
    if bad:
        raise RuntimeError(f"{len(bad)} batches were not stored, the first: {bad[0]!r}")
    return count[0] / seconds


def _answer(answers: Any) -> tuple[bytes, bytes]:
    """Return the first line and the body of the next answer on a connection."""
    status, length = answers.readline(), 0
    while (line := answers.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, answers.read(length)
