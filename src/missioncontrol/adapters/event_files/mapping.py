"""Maps the columns of a row to an event, and explains why a row is not one."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.event_files import FIELDS, Mapping
from missioncontrol.ports.warehouse import Captured

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LAST = 4_102_444_800_000_000
"""The end of the year 2099; a later timestamp is refused."""
NUMBER_LEAST = 631_152_000_000_000
"""The year 1990: a smaller number is not a count of time since the epoch."""
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
"""A day as `20261120`."""
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
"""Column names by field, in any case; the first that exists is used."""
ID_COLUMN = "id"
"""A column of this name may hold the id of a user; unique values show that it is the event's."""
AGENTS = ("context.userAgent", "properties.$raw_user_agent", "properties.$user_agent")
"""Where client libraries put the user agent, if it has no column."""
WRITTEN = ("name", "happened", "received")
"""Columns that mark a file as an export of this program. Its `source` column is where the event
came from at the time, not a property of the event.
"""
OBJECTS = ("properties", "person", "once")
YES = frozenset({"true", "1", "yes"})
_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number", order="sorted").encode
_object = msgspec.json.Decoder(dict[str, Any]).decode


def completed(mapping: Mapping, head: dict[str, bool]) -> Mapping:
    """Return the mapping completed from the names of the columns and whether their values repeat.

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
            hint=f"Fields are {', '.join(FIELDS)}, and `person.NAME` for a property of the person.",
        )
    fields = dict(mapping.fields)
    used = {*fields.values(), *mapping.person.values()}
    events = [
        name for name, is_each_once in head.items() if is_each_once or name.lower() != ID_COLUMN
    ]
    for field in FIELDS:
        among = events if field == "id" else columns
        if field not in fields and (found := _guessed(field, among, used)):
            fields[field] = found
            used.add(found)
    _refuse_unless_whole(fields, columns)
    return msgspec.structs.replace(mapping, fields=fields)


def _guessed(field: str, columns: Iterable[str], used: set[str]) -> str | None:
    lower = {column.lower(): column for column in columns if column not in used}
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
            f"No column is known for {' and '.join(missing)}.",
            hint=f"Set `--map {missing[0]}=COLUMN`; columns are {', '.join(columns[:40])}.",
        )


class Reader:
    """Makes events of rows by a complete mapping."""

    def __init__(
        self, mapping: Mapping, *, source: str, received: int, is_bot: Callable[[str], bool]
    ) -> None:
        """Create a reader.

        Args:
            mapping: as `completed` returns it.
            source: the id of the source of all events.
            received: the time of receipt where a row has none, in microseconds.
            is_bot: whether a user agent is that of a bot.
        """
        self._is_bot = is_bot
        self._fields = mapping.fields
        self._person = mapping.person
        self._others = mapping.others
        self._zone = ZoneInfo(mapping.zone)
        self._source = source
        self._received = received
        columns = (*mapping.fields.values(), *mapping.person.values())
        self._used = {column.split(".")[0] for column in columns} | set(columns)
        if all(mapping.fields.get(each) == each for each in WRITTEN):
            self._used.add("source")

    def event(self, row: dict[str, Any], number: int) -> Captured:
        """Return the event of a row.

        Raises:
            ValueError: the row is not an event, with the reason.
        """
        cells = {field: _value(row, column) for field, column in self._fields.items()}
        person_values = {name: _value(row, column) for name, column in self._person.items()}
        properties = {**self._rest(row), **_thing(cells, "properties")}
        person = {
            **_thing(cells, "person"),
            **{name: value for name, value in person_values.items() if value is not None},
        }
        user, anonymous = _text(cells, "user", ID_MAX), _text(cells, "anonymous", ID_MAX)
        name = _text(cells, "name", NAME_MAX)
        if not (user or anonymous):
            raise ValueError("it names no user")
        if not name and not (person or cells.get("alias")):
            raise ValueError("it has no name")
        received = cells.get("received")
        return Captured(
            id=_text(cells, "id", ID_MAX) or _id(row, number),
            name=name,
            happened=moment(_needed(cells, "happened"), self._zone),
            received=moment(received, self._zone) if received is not None else self._received,
            source=self._source,
            user=user,
            anonymous=anonymous,
            session=_text(cells, "session", ID_MAX),
            properties=_json(properties, "properties"),
            person=_optional_json(person, "person"),
            once=_optional_json(_thing(cells, "once"), "once"),
            alias=_text(cells, "alias", ID_MAX),
            group=_text(cells, "group", ID_MAX),
            is_bot=str(cells.get("is_bot") or "").lower() in YES
            or self._is_bot(_agent(row, cells)),
        )

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        if not self._others:
            return {}
        return {name: value for name, value in row.items() if name not in self._used}


def _agent(row: dict[str, Any], cells: dict[str, Any]) -> str:
    places = (cells.get("agent"), *(_value(row, each) for each in AGENTS))
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


def _text(cells: dict[str, Any], field: str, most: int) -> str:
    value = cells.get(field)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise ValueError(f"its {field} is not text: {str(value)[:60]}")  # noqa: TRY004 - as all faults
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if len(text) > most:
        raise ValueError(f"its {field} has {len(text)} characters; at most {most} are allowed")
    return text


def _needed(cells: dict[str, Any], field: str) -> Any:
    value = cells.get(field)
    if value is None or value == "":
        raise ValueError(f"it has no {field}")
    return value


def _thing(cells: dict[str, Any], field: str) -> dict[str, Any]:
    value = cells.get(field)
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            return _object(value)
        except msgspec.MsgspecError:
            raise ValueError(f"its {field} are not a JSON object: {value[:60]!r}") from None
    if not isinstance(value, dict):
        raise ValueError(f"its {field} are not an object: {str(value)[:60]}")  # noqa: TRY004
    return value


def _optional_json(value: dict[str, Any], field: str) -> bytes:
    return _json(value, field, PERSON_MAX) if value else b""


def _json(value: dict[str, Any], field: str, most: int = OBJECT_MAX) -> bytes:
    try:
        found = _encode(value)
    except (TypeError, OverflowError, msgspec.MsgspecError) as error:
        raise ValueError(f"its {field} can't be stored: {error}") from None
    if len(found) > most:
        raise ValueError(f"its {field} have {len(found)} bytes; at most {most} are allowed")
    return found


def _id(row: dict[str, Any], number: int) -> str:
    """Return an id derived from the row and its place, so that importing twice stores it once."""
    return "row-" + blake2b(b"%d " % number + _json(row, "cells"), digest_size=16).hexdigest()


def moment(value: Any, zone: ZoneInfo) -> int:
    """Return a timestamp: ISO 8601, in `zone` where it has no offset, or a number since the epoch.

    The size of a number tells seconds, milliseconds, microseconds and nanoseconds apart. Eight
    digits that form a date are that day.

    Raises:
        ValueError: it is not a timestamp, or not of the years 1970 to 2099.
    """
    if isinstance(value, str):
        value = _read(value.strip())
    elif isinstance(value, int) and _DAY.fullmatch(str(value)):
        value = _read(str(value))
    found = _since_epoch(value, zone)
    if not 0 <= found <= LAST:
        raise ValueError(f"{value!s:.60} is not between 1970 and 2099")
    return found


def _read(text: str) -> Any:
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is not a timestamp") from None


def _since_epoch(value: Any, zone: ZoneInfo) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | date):
        raise ValueError(f"{str(value)[:60]!r} is not a timestamp")  # noqa: TRY004 - as all faults
    if isinstance(value, int | float):
        return _number(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=zone)
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return int((aware - EPOCH) // MICROSECOND)


def _number(value: float) -> int:
    if value != value or abs(value) > 1e20:
        raise ValueError(f"{value} is not a timestamp")
    factors = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0))
    found = round(value * next((by for bound, by in factors if abs(value) < bound), 1e-3))
    if found < NUMBER_LEAST:
        raise ValueError(f"{value} is not a timestamp since 1990; write it as ISO 8601")
    return found
