"""Takes secrets out of text by their value, whatever the text says around them."""

import json
import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

LENGTH_MIN = 8
"""Shorter values are words that occur by chance."""

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
        forms = _as_in_json({value for value in values if value})
        self._text = re.compile(_any_of(forms)) if forms else None
        # An event may hold JSON in one of its texts, where a secret is escaped a second time.
        pattern = _any_of(_as_in_json(forms)).encode("utf-8", "surrogateescape")
        self._bytes = re.compile(pattern) if forms else None

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


def _as_in_json(texts: set[str]) -> set[str]:
    """Return `texts`, and each of them as it stands between the quotes of a JSON string."""
    dumped = {json.dumps(text, ensure_ascii=only) for text in texts for only in (True, False)}
    return {*texts, *(text[1:-1] for text in dumped)}


def _any_of(forms: set[str]) -> str:
    """Return a pattern for any of `forms`; where one begins another, the longer is taken."""
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return "|".join(re.escape(form) for form in longest_first)
