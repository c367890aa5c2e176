"""How saved workflows, and what two versions say differently, look for a person."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from missioncontrol.application.workflows import Version
from missioncontrol.cli.formatters import WIDE, cut, wrapped
from missioncontrol.cli.text import moment
from missioncontrol.domain.definition import Change, Definition, Input, StepDefinition, plain
from missioncontrol.domain.definition.difference import Field
from missioncontrol.domain.definition.plain import plain_step
from missioncontrol.domain.definition.quantities import cost_in_words, duration_in_words
from missioncontrol.domain.definition.reachability import has_status_function
from missioncontrol.domain.money import tokens
from missioncontrol.domain.step import Amount, Risk
from missioncontrol.domain.visible import visible
from missioncontrol.domain.workflow_library import Listed

SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": "~"}
VALUE_MAX = 60
OUTPUT_MAX = 300
COLUMNS = 3
"""A name takes at most this part of a line."""


def list_lines(workflows: Iterable[Listed], width: int) -> list[str]:
    """Return a line for each workflow: name, newest version, steps, and what it is for."""
    rows = list(workflows)
    room = max((len(row.name) for row in rows), default=0)
    lines = []
    for row in rows:
        steps = f"{row.steps} step{'s' if row.steps != 1 else ''}"
        start = f"{row.name:<{room}}  version {row.version:<4}  {steps:<10}  "
        if width >= WIDE:
            start += f"{moment(row.saved_at)[:16]}  "
        lines.append((start + cut(row.description, width - len(start))).rstrip())
    return lines


def sheet(version: Version, tiers: Mapping[str, Risk], width: int) -> list[str]:
    """Return the lines that tell what a workflow takes, what it does, and within which limits."""
    definition = version.definition
    lines = [f"{version.name}  version {version.version}"]
    lines += wrapped(definition.description, width, "  ", "  ")
    saved = f"{moment(version.saved_at)} by {version.saved_by or 'an unknown user'}"
    facts = {"saved": saved, "budget": _amount(definition.budget), "limits": _limits(definition)}
    for name, text in facts.items():
        lines += wrapped(visible(text), width, f"  {name:<8}  ", " " * 12) if text else []
    if definition.inputs:
        lines += ["", "inputs", *_inputs(definition.inputs, width)]
    lines += ["", "steps"]
    handled = definition.handled()
    rooms = _room(definition.steps, width), _room(map(_who, definition.steps.values()), width)
    for number, (key, step) in enumerate(definition.steps.items(), start=1):
        terms = _terms(step, tiers[key], handled.get(key, ()))
        lines += _step(number, key, step, tiers[key], terms, rooms, width)
    if definition.outputs:
        lines += ["", "outputs", *_outputs(definition.outputs, width)]
    return lines


def _room(texts: Iterable[str], width: int) -> int:
    """Return how wide a column is; what is longer stands out of it."""
    return min(max(map(len, texts)), width // COLUMNS)


def _outputs(outputs: Mapping[str, Any], width: int) -> list[str]:
    room = _room(outputs, width)
    lines = []
    for name, value in outputs.items():
        text = in_short(value, most=OUTPUT_MAX)
        lines += wrapped(text, width, f"  {name:<{room}}  ", " " * (room + 4))
    return lines


def _amount(amount: Amount | None) -> str:
    if amount is None:
        return ""
    cost = [cost_in_words(amount.cost)] if amount.cost is not None else []
    used = [tokens(amount.tokens)] if amount.tokens is not None else []
    return ", ".join(cost + used)


def _limits(definition: Definition) -> str:
    count = definition.concurrency
    limits = [f"{count:,} step{'' if count == 1 else 's'} at once"]
    if definition.seconds_max:
        limits.append(f"{duration_in_words(definition.seconds_max)} in all")
    return ", ".join(limits)


def _inputs(inputs: Mapping[str, Input], width: int) -> list[str]:
    room = _room(inputs, width)
    lines = []
    for name, asked in inputs.items():
        parts = [asked.type, "required" if asked.required else _default(asked)]
        if asked.pattern:
            parts.append(f"matches {asked.pattern}")
        if asked.enum:
            parts.append(f"one of {', '.join(map(in_short, asked.enum))}")
        text = " · ".join(parts) + (f" — {asked.description}" if asked.description else "")
        lines += wrapped(text, width, f"  {name:<{room}}  ", " " * (room + 4))
    return lines


def _default(asked: Input) -> str:
    return "may be left out" if asked.default is UNSET else f"default {in_short(asked.default)}"


def _step(
    number: int,
    key: str,
    step: StepDefinition,
    tier: Risk,
    terms: Iterable[str],
    rooms: tuple[int, int],
    width: int,
) -> list[str]:
    room, room_of_who = rooms
    indent = " " * (room + 7)
    name, who = f"{number:>4} {key:<{room}}", _who(step)
    head = visible(f"{name}  {who:<{room_of_who}}  {tier}")
    if len(head) <= width:
        lines = [head]
    else:
        lines = wrapped(name, width, "", indent) + wrapped(f"{who} {tier}", width, indent, indent)
    if step.title:
        lines += wrapped(step.title, width, indent, indent)
    return lines + wrapped(" · ".join(terms), width, indent, indent)


def _who(step: StepDefinition) -> str:
    """Return who does a step."""
    if step.workflow:
        return f"workflow {step.workflow}"
    return step.agent or f"any agent that can {step.capability}"


def _terms(step: StepDefinition, tier: Risk, handled: tuple[str, ...]) -> Iterator[str]:
    """Yield when a step runs and what limits it, a few words each."""
    if handled:
        yield f"when {' or '.join(handled)} fails"
    if step.needs and has_status_function(step.condition):
        yield f"once {', '.join(step.needs)} ended, however"
    elif step.needs:
        yield f"after {', '.join(step.needs)}"
    if step.condition is not None:
        yield f"if {step.condition}"
    if step.for_each is not None:
        at_once = f", {step.concurrency} at once" if step.concurrency else ""
        yield f"for each of {in_short(step.for_each)}{at_once}"
    if step.slot is not None:
        yield f"{step.slot.limit} at once with key {step.slot.key}"
    if step.approval is None and tier == "irreversible" and not step.workflow:
        yield f"approval {in_words(True)}"
    yield from _limits_of(step)
    if step.on_failure != "stop":
        follows = "go on" if step.on_failure == "continue" else f"run {step.on_failure}"
        yield f"if it fails, {follows}"


def _limits_of(step: StepDefinition) -> Iterator[str]:
    fields = plain_step(step)
    if isinstance(fields.get("retry"), int):
        yield f"{fields.pop('retry')} attempts"
    for name in ("approval", "retry", "timeout", "repeat", "budget", "effects", "artifacts"):
        if name in fields:
            yield f"{name} {in_words(fields[name])}"


def in_words(value: Any) -> str:
    """Return a plain value in the fewest signs: `from approver, expires 3d`."""
    match value:
        case True:
            return "by an approver"
        case dict():
            return ", ".join(f"{key} {in_words(each)}" for key, each in value.items())
        case list():
            return " and ".join(map(in_words, value))
        case _:
            return str(value)


def in_short(value: Any, most: int = VALUE_MAX) -> str:
    """Return a plain value on one line, cut where it is long; a text stands without quotes."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return cut(text, most)


def change_lines(changes: Iterable[Change], width: int) -> Iterator[tuple[str, str]]:
    """Yield (sign, line) for each thing that is different, and for each of its values."""
    for change in changes:
        sign = SIGNS[change.kind]
        yield sign, f"{sign} {change.thing}{_gist(change)}"
        if change.kind == "moved":
            continue
        for field in change.fields:
            if field.name:
                yield _field_line(field, width)


def _field_line(field: Field, width: int) -> tuple[str, str]:
    sign = "+" if field.before is None else "-" if field.after is None else "~"
    values = [in_short(each) for each in (field.before, field.after) if each is not None]
    begin = f"    {sign} {visible(field.name)}: "
    return sign, begin + cut(" → ".join(values), max(width - len(begin), 20))


def _gist(change: Change) -> str:
    if change.kind == "moved":
        return ": in another order"
    whole = [field for field in change.fields if not field.name]
    if not whole:
        return ""
    before, after = in_short(whole[0].before), in_short(whole[0].after)
    return f": {before} → {after}" if change.kind == "changed" else f": {after or before}"


def view(version: Version, tiers: Mapping[str, Risk]) -> dict[str, Any]:
    """Return a version as JSON for programs."""
    return {
        "name": version.name,
        "version": version.version,
        "digest": version.digest,
        "saved_at": version.saved_at,
        "saved_by": version.saved_by,
        "definition": plain(version.definition),
        "tiers": dict(tiers),
    }
