"""Takes secrets out of text by their value, whatever the text says around them."""

import json
import re
from collections.abc import Container, Iterable, Mapping
from typing import Any
from urllib.parse import quote

LENGTH_MIN = 8
"""Shorter values are words that occur by chance."""

LINE_LENGTH_MIN = 16
"""Of a line of a secret that has several; a shorter one may be a brace or a heading."""

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
    """Replaces known secrets, in plain text and as they stand in JSON."""

    def __init__(self, values: Iterable[str]) -> None:
        """`values` are replaced wherever they occur; longer ones go first."""
        self._values: set[str] = set()
        self._text: re.Pattern[str] | None = None
        self._bytes: re.Pattern[bytes] | None = None
        self.longest = 0
        """Bytes of the longest form of a secret."""
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        """Replace these as well from now on. Of a secret in several lines, each is one."""
        new = {part for value in values if value for part in _parts(value)} - self._values
        if not new:
            return
        self._values |= new
        forms = _as_in_json(_as_in_addresses(self._values))
        self._text = re.compile(_any_of(forms))
        # An event may hold JSON in one of its texts, where a secret is escaped a second time.
        twice = _as_in_json(forms)
        self._bytes = re.compile(_any_of(twice).encode("utf-8", "surrogateescape"))
        self.longest = max(len(form.encode("utf-8", "surrogateescape")) for form in twice)

    def text(self, text: str) -> str:
        """Return `text` without secrets; the same object where it holds none."""
        if self._text is None or not self._text.search(text):
            return text
        return self._text.sub(REPLACEMENT, text)

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
        """Whether a secret stands in `content`, as it is or as JSON writes it."""
        return self._bytes is not None and self._bytes.search(content) is not None

    def bytes(self, content: bytes) -> bytes:
        """Return `content` without secrets; the same object where it holds none."""
        if self._bytes is None or not self._bytes.search(content):
            return content
        return self._bytes.sub(REPLACEMENT.encode(), content)


class Stream:
    """Takes secrets out of what comes in pieces, also where one is split between two of them."""

    def __init__(self, scrubber: Scrubber) -> None:
        """Nothing has come yet."""
        self._scrubber = scrubber
        self._held = b""

    def take(self, piece: bytes) -> bytes:
        """Return as much as is sure to hold no secret that goes on in the next piece."""
        clean = self._scrubber.bytes(self._held + piece)
        kept = self._scrubber.longest - 1
        if kept <= 0:
            self._held = b""
            return clean
        # What is held is clean so far: a secret in it could only be the beginning of one.
        done, self._held = clean[:-kept], clean[-kept:]
        return done

    def end(self) -> bytes:
        """Return the rest."""
        rest, self._held = self._held, b""
        return rest


def _parts(value: str) -> set[str]:
    """Return a secret, and where it has several lines, each that is long enough to be one."""
    lines = {line.strip() for line in value.splitlines()} if "\n" in value else set()
    return {value, *(line for line in lines if len(line) >= LINE_LENGTH_MIN)}


def _as_in_addresses(texts: set[str]) -> set[str]:
    """Return `texts`, and each of them as it stands in an address."""
    return {*texts, *(quote(text, safe="", errors="surrogateescape") for text in texts)}


def _as_in_json(texts: set[str]) -> set[str]:
    """Return `texts`, and each of them as it stands between the quotes of a JSON string."""
    dumped = {json.dumps(text, ensure_ascii=only) for text in texts for only in (True, False)}
    return {*texts, *(text[1:-1] for text in dumped)}


def _any_of(forms: set[str]) -> str:
    """Return a pattern for any of `forms`; where one begins another, the longer is taken."""
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return "|".join(re.escape(form) for form in longest_first)
