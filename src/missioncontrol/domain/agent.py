"""What an agent says of itself: what it takes and hands back, and what it does to the world."""

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Risk, Spending

Kind = Literal["string", "integer", "number", "boolean", "path", "list", "object", "any", "null"]


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a JSON value looks like."""

    kind: Kind = "any"
    fields: dict[str, "Shape"] = {}  # of an object
    items: "Shape | None" = None  # of a list; None where they may be anything
    required: bool = True  # as a field of an object; one that is not may be absent or null
    description: str = ""
    open: bool = True  # an object may have other fields than these
    enum: tuple[Any, ...] = ()  # the only values that there may be, if there are any


ANYTHING = Shape()
OBJECT = Shape("object")


class AgentCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """One agent, as those who write workflows know it."""

    name: str
    version: str = ""
    kind: str = "specialist"
    capabilities: tuple[str, ...] = ()
    description: str = ""
    inputs: Shape = OBJECT  # what `with` may give it
    output: Shape = ANYTHING
    artifacts: tuple[str, ...] = ()  # files that it always hands in
    risk: Risk = "read"  # the least tier of a step that it does
    effects: tuple[str, ...] = ()
    spending: Spending | None = None
    from_run: tuple[str, ...] = ()  # inputs copied from the workflow's where `with` has none
    elevations: dict[str, str] = {}  # wider modes that it can be given, and what each opens
    standing: dict[str, str] = {}  # those that it has at all times, and by which setting


SPECIALIST = "specialist"
"""The kind of the agents that are a part of the program."""


def cannot_spend(card: AgentCard | None) -> bool:
    """Whether an agent can use neither money nor tokens, by what it is and not by what it says.

    This holds for built-in specialists that call no model: their code is ours. A program or a
    function may use anything, whatever its step declares.
    """
    if card is None or card.kind != SPECIALIST:
        return False
    return card.spending is None and "calls_model" not in card.effects


class Effect(msgspec.Struct, frozen=True):
    """Something that a step can do to the world."""

    risk: Risk
    meaning: str


MEANINGS: dict[str, Effect] = {
    "reads_files": Effect("read", "Reads files on this machine."),
    "reads_network": Effect("read", "Fetches from the network and changes nothing there."),
    "calls_model": Effect("read", "Sends what it is given to a model, and pays in tokens."),
    "runs_tests_in_copy": Effect(
        "read",
        "Runs a repository's own tests in a copy of it, which is thrown away; nothing but the "
        "copy keeps them from the rest of the machine.",
    ),
    "runs_programs": Effect("write", "Runs programs with the rights of the engine's user."),
    "writes_files": Effect("write", "Creates or changes files outside of its scratch directory."),
    "writes_repository": Effect("write", "Commits, branches or tags in a local clone."),
    "writes_records": Effect(
        "write", "Creates or changes records elsewhere that can be changed back."
    ),
    "changes_configuration": Effect(
        "write", "Changes settings of a program or service that can be set back."
    ),
    "pushes": Effect("irreversible", "Pushes commits, branches or tags to where others fetch."),
    "merges": Effect("irreversible", "Merges into a branch that others build on."),
    "publishes": Effect("irreversible", "Makes a release, a package or a page public."),
    "deploys": Effect("irreversible", "Puts a version to work where people use it."),
    "migrates_data": Effect(
        "irreversible", "Changes stored data or its form with no way back but a backup."
    ),
    "deletes": Effect("irreversible", "Removes what cannot be made again."),
    "sends_messages": Effect("irreversible", "Writes to people: mail, chat, tickets, comments."),
    "spends_money": Effect("irreversible", "Buys, books or pays."),
    "changes_access": Effect("irreversible", "Grants or takes rights, keys or passwords."),
}
"""Every effect that a step can declare, and what is meant by it."""

EFFECTS: dict[str, Risk] = {name: effect.risk for name, effect in MEANINGS.items()}
"""The tier that each effect leads to."""

_TIERS: tuple[Risk, ...] = ("read", "write", "irreversible")


def tier(effects: Iterable[str], *risks: Risk) -> Risk:
    """Return the highest tier among `effects` and `risks`; `read` where there are none.

    Raises:
        Rejected: `effect.unknown`, naming it and the nearest known one.
    """
    return max((*map(_risk_of, effects), *risks, "read"), key=_TIERS.index)


def _risk_of(effect: str) -> Risk:
    if effect in EFFECTS:
        return EFFECTS[effect]
    near = get_close_matches(effect, EFFECTS, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known ones: {', '.join(EFFECTS)}."
    raise Rejected("effect.unknown", f"There is no effect {effect!r}.", hint=hint)


def misfit(value: Any, shape: Shape, place: str = "") -> str:
    """Say what in `value` does not fit `shape`, with its place; '' where all of it does.

    A text that is meant as a path must not be empty; a number must be finite.
    """
    if not _is_of(value, shape.kind):
        return f"{place or 'it'} is {_describe_value(value)}, not {_article(shape.kind)}"
    if shape.enum and not _is_among(value, shape.enum):
        return f"{place or 'it'} is {_describe_value(value)}, and may be {_choices(shape.enum)}"
    if shape.kind == "list" and shape.items is not None:
        items = shape.items
        faults = (misfit(item, items, f"{place}[{n}]") for n, item in enumerate(value))
        return next((fault for fault in faults if fault), "")
    return _misfit_of_fields(value, shape, place) if shape.kind == "object" else ""


def _misfit_of_fields(value: dict[str, Any], shape: Shape, place: str) -> str:
    for name, field in shape.fields.items():
        if value.get(name) is not None or (name in value and field.kind in ("null", "any")):
            if fault := misfit(value[name], field, _under(place, name)):
                return fault
        elif field.required:
            missing = "is null" if name in value else "is missing"
            return f"{_under(place, name)} {missing}"
    if not shape.open:
        for name in value:
            if name not in shape.fields:
                return f"{_under(place, name)} is not known{_nearest(name, shape)}"
    return ""


def fits(have: Shape, want: Shape, place: str = "") -> str:
    """Say why a value of shape `have` can never be used as `want`; '' where it may be.

    Only what is certain counts: `any` fits everything, and a field that may be absent may also
    be there.
    """
    if not _kind_fits(have, want):
        return f"{place or 'it'} is {_article(have.kind)}, not {_article(want.kind)}"
    if have.enum and want.enum and not any(_is_among(each, want.enum) for each in have.enum):
        return f"{place or 'it'} is {_choices(have.enum)}, and may be {_choices(want.enum)}"
    if have.kind == want.kind == "list" and have.items is not None and want.items is not None:
        return fits(have.items, want.items, f"{place}[]")
    return _fields_fit(have, want, place) if have.kind == want.kind == "object" else ""


def _kind_fits(have: Shape, want: Shape) -> bool:
    if have.kind == want.kind or "any" in (have.kind, want.kind):
        return True
    if have.kind == "null":
        return not want.required
    return (have.kind, want.kind) in {
        ("integer", "number"),
        ("path", "string"),
        ("string", "path"),
    }


def _fields_fit(have: Shape, want: Shape, place: str) -> str:
    for name, field in want.fields.items():
        if name in have.fields:
            if fault := fits(have.fields[name], field, _under(place, name)):
                return fault
        elif field.required and not have.open:
            return f"{_under(place, name)} is missing"
    if not want.open:
        for name, field in have.fields.items():
            if field.required and name not in want.fields:
                return f"{_under(place, name)} is not known{_nearest(name, want)}"
    return ""


def at(shape: Shape, path: Sequence[str | int]) -> Shape | None:
    """Return the shape of what stands at `path`, or None where there can be no such thing.

    Below `any`, and in an open object under a name that it does not tell, everything is `any`.
    """
    for part in path:
        below = _below(shape, part)
        if below is None:
            return None
        shape = below
    return shape


def _below(shape: Shape, part: str | int) -> Shape | None:
    if shape.kind == "any":
        return ANYTHING
    if shape.kind == "list" and isinstance(part, int):
        return shape.items or ANYTHING
    if shape.kind == "object" and isinstance(part, str):
        return shape.fields.get(part) or (ANYTHING if shape.open else None)
    return None


def _is_of(value: Any, kind: Kind) -> bool:
    match kind:
        case "any":
            return True
        case "null":
            return value is None
        case "path":
            return isinstance(value, str) and value != ""
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and math.isfinite(value)
        case "list":
            return isinstance(value, list | tuple)
        case _:
            return isinstance(value, {"string": str, "boolean": bool, "object": dict}[kind])


def _is_among(value: Any, enum: Sequence[Any]) -> bool:
    return any(type(value) is type(each) and value == each for each in enum)


def _choices(enum: Sequence[Any]) -> str:
    shown = [msgspec.json.encode(each).decode()[:60] for each in enum[:20]]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)


def _describe_value(value: Any) -> str:
    """Name `value` with its type, short enough for one line."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, str):
        shown = value if len(value) <= 40 else f"{value[:39]}…"
        return f"the text {shown!r}"
    return f"the number {value}"


def _article(kind: Kind) -> str:
    words = {"any": "anything", "null": "null", "string": "a text", "list": "a list"}
    return words.get(kind) or f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _nearest(name: str, shape: Shape) -> str:
    near = get_close_matches(name, shape.fields, n=1)
    if near:
        return f" (did you mean {near[0]!r}?)"  # A sentence goes on after it, or ends.
    return f"; known: {', '.join(shape.fields)}" if shape.fields else ""
