"""Takes a stream of server-sent events apart as its bytes arrive, without changing one of them."""

import re
from typing import NamedTuple

EVENT_BYTES_MAX = 8 * 1024 * 1024
"""A longer event is passed on unread."""

_BLANK_LINE = re.compile(rb"\r\r(?!\n)|(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?=[^\n]))")
"""A last CR waits for what follows, since an LF would belong to it, unless all line ends are CR."""

_MARK = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its bytes with the blank line that ends it, and what its `data` lines say."""

    raw: bytes
    data: bytes  # empty where it has none, and where it was too long to be read


class Splitter:
    """Cuts a stream into events at blank lines, wherever its chunks end.

    The line ends may be those of Unix, Windows or both. What `feed` and `rest` return is, put
    together, what was fed. At most one unfinished event is buffered, and no byte is read twice
    but for the last three of a chunk.
    """

    __slots__ = ("_is_overlong", "_looked", "_partial")

    def __init__(self) -> None:
        """Nothing has arrived."""
        self._partial = bytearray()
        self._looked = 0  # so many bytes of it hold no blank line
        self._is_overlong = False  # the event that has begun is passed on in pieces

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that end in `chunk`, and pieces of one that is too long."""
        if not self._partial and b"\r" not in chunk and chunk.endswith(b"\n\n"):
            return self._whole(chunk)
        self._partial += chunk
        events, start = [], 0
        for blank in _BLANK_LINE.finditer(self._partial, max(0, self._looked - 3)):
            events.append(self._event(bytes(self._partial[start : blank.end()])))
            start = blank.end()
        del self._partial[:start]
        self._looked = len(self._partial)
        if self._looked > EVENT_BYTES_MAX:
            events.append(self._piece())
        return events

    def _whole(self, chunk: bytes) -> list[Event]:
        """Return the events of a chunk that begins and ends with an event, as most do."""
        return [self._event(part + b"\n\n") for part in chunk[:-2].split(b"\n\n")]

    def rest(self) -> bytes:
        """Return what has begun and was never ended."""
        left = bytes(self._partial)
        self._partial.clear()
        self._looked = 0
        return left

    @property
    def is_between(self) -> bool:
        """Whether what was handed out ends with an event, so that another one may follow."""
        return not self._is_overlong

    def _event(self, raw: bytes) -> Event:
        if self._is_overlong:
            self._is_overlong = False
            return Event(raw, b"")
        return Event(raw, data_of(raw))

    def _piece(self) -> Event:
        """Hand out an unfinished event, but for its last bytes: they may begin a line end."""
        piece = bytes(self._partial[:-3])
        del self._partial[:-3]
        self._looked = 0
        self._is_overlong = True
        return Event(piece, b"")


def data_of(raw: bytes) -> bytes:
    """Return what the `data` lines of an event say, joined as the standard has it."""
    found = []
    for line in raw.removeprefix(_MARK).splitlines():
        if line.startswith(b"data:"):
            found.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            found.append(b"")
    return found[0] if len(found) == 1 else b"\n".join(found)
