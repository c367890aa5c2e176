"""A row becomes an event: which column is what, and what is wrong with a row that is none."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from missioncontrol.adapters.event_files.timestamps import moment
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.event_files import FIELDS, Mapping
from missioncontrol.ports.warehouse import Captured

ID_MAX = 512
NAME_MAX = 256
OBJECT_MAX = 256 * 1024
PERSON_MAX = 32 * 1024

GUESSES: dict[str, tuple[str, ...]] = {
    "id": ("event_id", "message_id", "messageid", "uuid", "insert_id", "$insert_id", "id"),
    "name": ("name", "event", "event_name", "event_type", "action"),
    "happened": (
        "happened",
        "timestamp",
        "time",
        "ts",
        "event_time",
        "occurred_at",
        "created_at",
        "original_timestamp",
        "date",
    ),
    "received": ("received", "received_at", "receivedat"),
    "user": ("user", "user_id", "userid", "distinct_id", "customer_id"),
    "anonymous": ("anonymous", "anonymous_id", "anonymousid", "device_id", "visitor_id"),
    "session": ("session", "session_id", "$session_id", "sessionid"),
    "alias": ("alias",),
    "group": ("group",),
    "is_bot": ("is_bot",),
    "agent": ("user_agent", "useragent", "$raw_user_agent", "$user_agent"),
    "properties": ("properties", "event_properties"),
    "person": ("person", "user_properties", "traits"),
    "once": ("once",),
}
"""By which names of columns a field is known, whatever the case; the first that is there."""

BARE = "id"
"""It may be anybody's: it is the event's own only where each row has another one."""

AGENTS = ("context.userAgent", "properties.$raw_user_agent", "properties.$user_agent")
"""Where the libraries write the user agent, if no column is it."""

WRITTEN = ("name", "happened", "received")
"""Under these names an export writes an event, and beside them its source: by which it came in
there, which is nothing that somebody said of it.
"""

OBJECTS = ("properties", "person", "once")
YES = frozenset({"true", "1", "yes"})

_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number", order="sorted").encode
_object = msgspec.json.Decoder(dict[str, Any]).decode


def completed(mapping: Mapping, head: dict[str, bool]) -> Mapping:
    """Return the mapping with what the columns tell: their names, and whether a value repeats.

    Raises:
        Rejected: `import.unknown_column`, `import.unmapped`.
    """
    columns = list(head)
    for field, column in (*mapping.fields.items(), *mapping.person.items()):
        if not _is_there(column, columns):
            raise Rejected(
                "import.unknown_column",
                f"There is no column {column!r} for {field}.",
                hint=f"The columns are {', '.join(columns[:40])}.",
            )
    unknown = [field for field in mapping.fields if field not in FIELDS]
    if unknown:
        raise Rejected(
            "import.unknown_field",
            f"An event has no {unknown[0]!r}.",
            hint=f"It has {', '.join(FIELDS)}, and `person.NAME` for a property of the person.",
        )
    fields = dict(mapping.fields)
    taken = {*fields.values(), *mapping.person.values()}
    events = [name for name, is_each_once in head.items() if is_each_once or name.lower() != BARE]
    for field in FIELDS:
        among = events if field == "id" else columns
        if field not in fields and (found := _guessed(field, among, taken)):
            fields[field] = found
            taken.add(found)
    _refuse_unless_whole(fields, columns)
    return msgspec.structs.replace(mapping, fields=fields)


def _guessed(field: str, columns: Iterable[str], taken: set[str]) -> str | None:
    lower = {column.lower(): column for column in columns if column not in taken}
    return next((lower[name] for name in GUESSES[field] if name in lower), None)


def _is_there(column: str, columns: Sequence[str]) -> bool:
    return column.startswith("=") or column in columns or column.split(".")[0] in columns


def _refuse_unless_whole(fields: dict[str, str], columns: Sequence[str]) -> None:
    missing = [field for field in ("name", "happened") if field not in fields]
    if "user" not in fields and "anonymous" not in fields:
        missing.append("user")
    if missing:
        raise Rejected(
            "import.unmapped",
            f"No column is known to give {' and '.join(missing)}.",
            hint=f"Say which by `--map {missing[0]}=COLUMN`; they are {', '.join(columns[:40])}.",
        )


class Reader:
    """Makes events of rows by a whole mapping."""

    def __init__(
        self, mapping: Mapping, *, source: str, received: int, is_bot: Callable[[str], bool]
    ) -> None:
        """Events come in now, at `received`, by `source`; `is_bot` knows bots by user agent."""
        self._is_bot = is_bot
        self._fields = mapping.fields
        self._person = mapping.person
        self._others = mapping.others
        self._zone = ZoneInfo(mapping.zone)
        self._source = source
        self._received = received
        columns = (*mapping.fields.values(), *mapping.person.values())
        self._taken = {column.split(".")[0] for column in columns} | set(columns)
        if all(mapping.fields.get(each) == each for each in WRITTEN):
            self._taken.add("source")

    def event(self, row: dict[str, Any], number: int) -> Captured:
        """Return the event of a row.

        Raises:
            ValueError: it is none, and why.
        """
        given = {field: _value(row, column) for field, column in self._fields.items()}
        told = {name: _value(row, column) for name, column in self._person.items()}
        properties = {**self._rest(row), **_thing(given, "properties")}
        person = {
            **_thing(given, "person"),
            **{name: value for name, value in told.items() if value is not None},
        }
        user, anonymous = _text(given, "user", ID_MAX), _text(given, "anonymous", ID_MAX)
        name = _text(given, "name", NAME_MAX)
        if not (user or anonymous):
            raise ValueError("it names no user")
        if not name and not (person or given.get("alias")):
            raise ValueError("it has no name")
        received = given.get("received")
        return Captured(
            id=_text(given, "id", ID_MAX) or _id(row, number),
            name=name,
            happened=moment(_needed(given, "happened"), self._zone),
            received=moment(received, self._zone) if received is not None else self._received,
            source=self._source,
            user=user,
            anonymous=anonymous,
            session=_text(given, "session", ID_MAX),
            properties=_json(properties, "properties"),
            person=_told(person, "person"),
            once=_told(_thing(given, "once"), "once"),
            alias=_text(given, "alias", ID_MAX),
            group=_text(given, "group", ID_MAX),
            is_bot=str(given.get("is_bot") or "").lower() in YES
            or self._is_bot(_agent(row, given)),
        )

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        if not self._others:
            return {}
        return {name: value for name, value in row.items() if name not in self._taken}


def _agent(row: dict[str, Any], given: dict[str, Any]) -> str:
    places = (given.get("agent"), *(_value(row, each) for each in AGENTS))
    return next((each for each in places if isinstance(each, str)), "")


def _value(row: dict[str, Any], column: str) -> Any:
    if column.startswith("="):
        return column[1:]
    if column in row:
        return row[column]
    found: Any = row
    for part in column.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(given: dict[str, Any], field: str, most: int) -> str:
    value = given.get(field)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise ValueError(f"its {field} is no text: {str(value)[:60]}")  # noqa: TRY004 - as above
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if len(text) > most:
        raise ValueError(f"its {field} has {len(text)} letters; {most} are the most")
    return text


def _needed(given: dict[str, Any], field: str) -> Any:
    value = given.get(field)
    if value is None or value == "":
        raise ValueError(f"it has no {field}")
    return value


def _thing(given: dict[str, Any], field: str) -> dict[str, Any]:
    value = given.get(field)
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            return _object(value)
        except msgspec.MsgspecError:
            raise ValueError(f"its {field} are no JSON object: {value[:60]!r}") from None
    if not isinstance(value, dict):
        raise ValueError(f"its {field} are no object: {str(value)[:60]}")  # noqa: TRY004
    return value


def _told(value: dict[str, Any], field: str) -> bytes:
    return _json(value, field, PERSON_MAX) if value else b""


def _json(value: dict[str, Any], field: str, most: int = OBJECT_MAX) -> bytes:
    try:
        found = _encode(value)
    except (TypeError, OverflowError, msgspec.MsgspecError) as error:
        raise ValueError(f"its {field} can't be kept: {error}") from None
    if len(found) > most:
        raise ValueError(f"its {field} have {len(found)} bytes; {most} are the most")
    return found


def _id(row: dict[str, Any], number: int) -> str:
    """Return an id by the row and its place: the same file again stores nothing twice."""
    return "row-" + blake2b(b"%d " % number + _json(row, "cells"), digest_size=16).hexdigest()
