"""Takes secrets out of text by their value, whatever the text says around them."""

import re
from collections.abc import Container, Iterable, Mapping
from itertools import pairwise
from typing import Any

from missioncontrol.domain.spellings import Spellings, spellings_of

LENGTH_MIN = 8
"""Shorter values are words that occur by chance."""

LINE_LENGTH_MIN = 16
"""Of a line of a secret that has several; a shorter one may be a brace or a heading."""

LENGTH_MAX = 4096
"""A longer value is looked for in pieces; each of them goes."""

PIECE_LENGTH_MAX = 512

SECRET_NAME = re.compile(
    r"password|passwd|passphrase|token|secret|credential|api_?key|cookie|sshpass"
    r"|(?:^|_)(?:key|pass|pwd|auth|pat|dsn)(?:_|$)",
    re.IGNORECASE,
)
HARMLESS_NAME = re.compile(
    r"^(?:OLD)?PWD$|_(?:file|path|dir|home|sock|socket|user|name|host|port|url|type|mode)$",
    re.IGNORECASE,
)
"""Says where or how, and not what."""

SECRET_ITSELF = re.compile(
    r"(?:sk|pk|rk|xai|gsk|hf|AIza|ghp|key)[-_A-Z0-9].{17,}|.*[A-Za-z0-9]{32}|.{65}|Bearer\s",
    re.DOTALL,
)
"""A secret where its name is meant: people write it there, as other programs want it."""

HOME = "MISSION_HOME"
"""Names a home: what a program at work asks of `mission` is meant for the home it works for."""

HARMLESS = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
)
"""Variables that every agent may see; everything else may be a secret and has to be named."""

IN_ADDRESS = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
"""The password in an address such as `postgres://user:password@host/name`."""


def secret_values(environment: Mapping[str, str]) -> list[str]:
    """Return the secrets in an environment, longest first.

    They are the values of variables whose names say that they are secret, and the passwords in
    addresses, whatever the variable is called.
    """
    values = {
        value
        for name, value in environment.items()
        if SECRET_NAME.search(name) and not HARMLESS_NAME.search(name)
    }
    for value in environment.values():
        values.update(IN_ADDRESS.findall(value))
    long_enough = (value for value in values if len(value) >= LENGTH_MIN)
    return sorted(long_enough, key=lambda value: (-len(value), value))


REPLACEMENT = "[secret]"


class Scrubber:
    """Replaces known secrets, in plain text and in the forms of `domain.spellings`."""

    def __init__(self, values: Iterable[str]) -> None:
        """`values` are replaced wherever they occur; where one begins another, the longer goes."""
        self._values: frozenset[str] = frozenset()
        self._known: tuple[frozenset[str], Spellings | None] = self._values, None
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        """Replace these as well from now on. Of a secret in several lines, each is one."""
        new = {part for value in values if value for part in _parts(value)}
        if not new <= self._values:
            self._values |= new

    def _spellings(self) -> Spellings | None:
        """Return what is looked for; it is put together when it is first needed."""
        values, (of, known) = self._values, self._known
        if of is not values:
            known = spellings_of(values)
            self._known = values, known  # In one go: other threads scrub meanwhile.
        return known

    @property
    def longest(self) -> int:
        """Bytes that a secret can take at most, however it is written."""
        known = self._spellings()
        return known.longest if known else 0

    def text(self, text: str) -> str:
        """Return `text` without secrets; the same object where it holds none."""
        try:
            content, errors = text.encode(), "strict"
        except UnicodeEncodeError:
            content, errors = _with_surrogates(text)
        clean = self.bytes(content)
        return text if clean is content else clean.decode("utf-8", errors)

    def values(self, value: Any, *, keep: Container[str] = ()) -> Any:
        """Return plain `value` with every text in it, keys included, without secrets.

        A text that as a whole is one of `keep` stays: the words that a shape is made of, see
        `domain.register.words`. Numbers stay.
        """
        match value:
            case str():
                return value if value in keep else self.text(value)
            case list() | tuple():
                return [self.values(item, keep=keep) for item in value]
            case dict():
                return {
                    self.values(key, keep=keep): self.values(item, keep=keep)
                    for key, item in value.items()
                }
            case _:
                return value

    def occurs_in(self, content: bytes) -> bool:
        """Whether a secret stands in `content`, in any of its forms."""
        known = self._spellings()
        return known is not None and known.occur_in(content)

    def begun(self, content: bytes, end: int) -> tuple[bytes, int]:
        """Return what is clean of `content`, and how many bytes of it that took.

        Secrets that begin before `end` are replaced; one that begins later is left for later.
        """
        known, clean, place = self._spellings(), [], 0
        for start, stop in known.places(content) if known else ():
            if start >= end:
                break
            clean += [content[place:start], REPLACEMENT.encode()]
            place = stop
        done = max(place, end)
        return b"".join([*clean, content[place:done]]), done

    def file(self, content: bytes) -> bytes:
        """Return a file without secrets, also where it is packed; see `domain.packed_files`."""
        if self._spellings() is None:
            return content
        from missioncontrol.domain.packed_files import (
            clean_file,  # Only homes with secrets need it.
        )

        return clean_file(content, self.bytes)

    def bytes(self, content: bytes) -> bytes:
        """Return `content` without secrets; the same object where it holds none."""
        if not self.occurs_in(content):
            return content
        clean, _ = self.begun(content, len(content))
        return clean


class Stream:
    """Takes secrets out of what comes in pieces, also where one is split between two of them."""

    def __init__(self, scrubber: Scrubber) -> None:
        """Nothing has come yet."""
        self._scrubber = scrubber
        self._held = b""

    def take(self, piece: bytes) -> bytes:
        """Return as much as is sure to hold no secret that goes on in the next piece."""
        content = self._held + piece
        # What begins before this place is here to its end, and so is anything longer.
        certain = max(0, len(content) - max(0, self._scrubber.longest - 1))
        clean, done = self._scrubber.begun(content, certain)
        self._held = content[done:]
        return clean

    def end(self) -> bytes:
        """Return the rest."""
        rest, self._held = self._held, b""
        return self._scrubber.bytes(rest)


def _with_surrogates(text: str) -> tuple[bytes, str]:
    """Return a text that holds halves of characters as bytes, and how to read them again."""
    try:
        return text.encode("utf-8", "surrogateescape"), "surrogateescape"
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass"), "surrogatepass"


def _parts(value: str) -> set[str]:
    """Return a secret, without the space around it, and each of its lines that is long enough."""
    lines = {line.strip() for line in value.splitlines()} if "\n" in value else set()
    long_lines = {line for line in lines if len(line) >= LINE_LENGTH_MIN}
    alone = value.strip()
    stripped = {alone} if len(alone) >= LENGTH_MIN else set()
    return {piece for part in {value, *stripped, *long_lines} for piece in _pieces(part)}


def _pieces(value: str) -> list[str]:
    """Return a value as it is, or in pieces of about the same length if it is very long."""
    if len(value) <= LENGTH_MAX:
        return [value]
    count = -(-len(value) // PIECE_LENGTH_MAX)
    cuts = [number * len(value) // count for number in range(count + 1)]
    pieces = (value[start:end] for start, end in pairwise(cuts))
    return [piece for piece in pieces if len(piece.strip()) >= LENGTH_MIN]
