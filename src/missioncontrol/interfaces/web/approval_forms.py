"""What forms about approvals and questions hold, and what they mean."""

import shlex
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import one_line, suspicious


def editable(inputs: Any) -> str:
    """Return inputs as JSON to be changed: what hides, imitates or reorders text is escaped."""
    text = msgspec.json.format(msgspec.json.encode(inputs), indent=2).decode()
    odd = {oddity.at for oddity in suspicious(text)}
    return "".join(_escaped(each) if at in odd else each for at, each in enumerate(text))


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def command_of(subject: dict[str, Any]) -> str:
    """Return the command line that would run, on one line with nothing hidden; else nothing."""
    inputs = subject.get("inputs")
    argv = inputs.get("argv") if isinstance(inputs, dict) else None
    if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
        return ""
    # A command of several lines is shown in full below; in one long line it is unreadable.
    return "" if any("\n" in word for word in argv) else one_line(shlex.join(argv))


def inputs_of(text: str) -> dict[str, Any]:
    """Return inputs that were written as JSON.

    Raises:
        Rejected: `approval.bad_inputs`.
    """
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Rejected(
            "approval.bad_inputs",
            f"The inputs are not a JSON object: {error}.",
            hint='Write them as {"name": value}.',
        ) from None


def until_of(span: str, at: str, now: float) -> float:
    """Return the time that a form means: so long from `now`, or a date and time in UTC.

    Raises:
        Rejected: `approval.bad_time`.
    """
    if span != "at":
        seconds = seconds_of(span)
        if isinstance(seconds, float):
            return now + seconds
    try:
        return datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Rejected(
            "approval.bad_time",
            f"{(at or span)[:40]!r} is no time.",
            hint="Select a duration, or a date and time.",
        ) from None


def fields_of(form: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the fields of a flat form; None where its answer has to be typed as JSON."""
    properties = form.get("properties")
    if not isinstance(properties, dict) or not properties or len(properties) > 20:
        return None
    simple = ("string", "boolean", "number", "integer")
    fields = []
    for name, each in properties.items():
        kind = each.get("type", "string") if isinstance(each, dict) else ""
        if kind not in simple:
            return None
        fields.append(
            {
                "name": name,
                "label": str(each.get("title") or name),
                "hint": str(each.get("description") or ""),
                "kind": kind,
                "options": [str(one) for one in each.get("enum", ())][:50],
                "required": name in (form.get("required") or ()),
            }
        )
    return fields


def filled(fields: list[dict[str, Any]], data: dict[str, str]) -> dict[str, Any]:
    """Return the answer that the fields of a form hold."""
    given: dict[str, Any] = {}
    for field in fields:
        name, text = field["name"], data.get(f"answer-{field['name']}", "")
        if field["kind"] == "boolean":
            given[name] = text == "on"
        elif text or field["required"]:
            given[name] = text if field["kind"] == "string" else parse_json(text)
    return given


def parse_json(text: str) -> Any:
    """Return a text as the JSON that it is, else as it stands."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
