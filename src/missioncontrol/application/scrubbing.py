"""Takes secrets out of an event without breaking its shape."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.register import Event, decode, words

Scrub = Callable[[bytes], bytes]
"""Returns the same object where it finds nothing."""


def scrubbed(name: str, schema: int, body: bytes, scrub: Scrub) -> tuple[bytes, Event]:
    """Return `body`, in which `scrub` found something, and its event, both without secrets.

    Texts are scrubbed one by one, and so are the keys of what users hand in. Where a part must be
    one of our own words and a "secret" happens to be that word, the part is left as it is.
    """
    data: dict[str, Any] = msgspec.json.decode(body)
    for field, value in data.items():
        for candidate in _candidates(value, scrub):
            attempt = {**data, field: candidate}
            if _fits(name, schema, attempt):
                data = attempt
                break
    clean = msgspec.json.encode(data)
    return clean, decode(name, schema, clean)


def _candidates(value: Any, scrub: Scrub) -> Iterator[Any]:
    yield _walk(value, scrub, keys=True)
    yield _walk(value, scrub, keys=False)


def _walk(value: Any, scrub: Scrub, *, keys: bool) -> Any:
    match value:
        case str():
            return _text(value, scrub)
        case list():
            return [_walk(item, scrub, keys=keys) for item in value]
        case dict():
            return {
                _text(key, scrub) if keys else key: _walk(item, scrub, keys=keys)
                for key, item in value.items()
            }
        case _:
            return value


def _text(text: str, scrub: Scrub) -> str:
    """Scrub a text, unless all of it is one of our own words, which are no secret."""
    return text if text in words() else scrub(text.encode()).decode()


def _fits(name: str, schema: int, data: dict[str, Any]) -> bool:
    try:
        decode(name, schema, msgspec.json.encode(data))
    except Corrupt:
        return False
    return True
