"""Fills the execution pack and keeps it within its budget of tokens."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from missioncontrol.domain.graph import in_order
from missioncontrol.domain.plan import Task
from missioncontrol.specialists.writer.code_to_read import places_of_task, readings
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack import Beside, Budget, KeepOut, Pack, Packed, Reading
from missioncontrol.specialists.writer.pack_text import pack_text, reading_text
from missioncontrol.specialists.writer.requirements import excluded

CHARACTERS_PER_TOKEN = 4
LENGTHS = (600, 300, 150, 80, 40)
"""Characters of a text, tried one after the other where a pack is too large without excerpts."""
COUNT_ROUNDS = 4
UNCLIPPED = frozenset(
    {"id", "key", "path", "place", "command", "environment", "evidence", "schema", "rule"}
    | {"after", "read", "tokens", "title"}
)
"""What says nothing any more once it is cut, or is short anyway."""
P = TypeVar("P", bound="msgspec.Struct")
Make = Callable[[int], P]
"""Makes a pack with so many of the wanted excerpts, the most relevant ones."""
TOKENS_MAX = 12_000
CHECKS = frozenset({"lint", "type check", "format", "build"})


def budget_rule(name: str) -> str:
    """Say how tokens are counted."""
    return f"one token for every {CHARACTERS_PER_TOKEN} characters of {name}, rounded up"


RULE = budget_rule("execution-pack.md")


def packed(material: Material, *, tokens_max: int = TOKENS_MAX) -> Pack:
    """Return the pack of a mission; what does not fit is dropped, the least relevant first."""
    wanted = list(readings(material))
    return held(
        lambda size: _pack(material, wanted, size, tokens_max),
        pack_text,
        wanted,
        reading_text,
        tokens_max,
    )


def _pack(material: Material, wanted: Sequence[Reading], size: int, tokens_max: int) -> Pack:
    plan = material.plan
    return Pack(
        goal=material.brief.goal,
        title=plan.title,
        context=material.brief.context,
        requirements=plan.requirements,
        tasks=tuple(
            packed_task(task, wanted[:size], wanted[size:], material) for task in ordered(material)
        ),
        code=tuple(wanted[:size]),
        commands=material.commands,
        decisions=plan.decisions,
        risks=plan.risks,
        keep_out=tuple(_keep_out(material)),
        done=tuple(_done(material)),
        questions=plan.questions,
        gaps=material.gaps,
        obtained=tuple(filter(None, (plan.obtained, *material.scene.notes))),
        budget=Budget(tokens_max, RULE, 0, tuple(each.place for each in wanted[size:])),
    )


def ordered(material: Material) -> list[Task]:
    """Return the handed-over tasks so that each follows those it needs."""
    tasks = {task.key: task for task in material.plan.tasks()}
    order = in_order({key: task.needs for key, task in tasks.items()})
    return [tasks[key] for key in order if tasks[key].is_change]


def packed_task(
    task: Task, chosen: Sequence[Reading], dropped: Sequence[Reading], material: Material
) -> Packed:
    """Return a task with the ids of what is shown for it, and the places of what is not."""
    handed = {each.key for each in material.builders}
    first = material.first_criterion if task.key == ordered(material)[0].key else ""
    return Packed(
        task.key,
        task.title,
        task.detail,
        (first, *task.acceptance) if first else task.acceptance,
        task.risk_checks,
        tuple(need for need in task.needs if need in handed),
        task.requirements,
        task.decisions,
        task.risks,
        tuple(each.id for each in chosen if task.key in each.tasks),
        tuple(_beside(task, chosen, dropped, material)),
    )


def _beside(
    task: Task, chosen: Sequence[Reading], dropped: Sequence[Reading], material: Material
) -> Iterator[Beside]:
    for each in dropped:
        if task.key in each.tasks:
            yield Beside(each.place, each.why)
    shown = {each.path for each in (*chosen, *dropped) if task.key in each.tasks}
    for place in places_of_task(task, material):
        if place.path not in shown:
            yield Beside(place.path, place.why)


def _keep_out(material: Material) -> Iterator[KeepOut]:
    for each in excluded(material):
        yield KeepOut(each.text, f"{each.id}, {each.source or 'the plan'}")
    for path, why in material.scene.kept_out:
        yield KeepOut(f"`{path}`", why)


def _done(material: Material) -> Iterator[str]:
    builders = ordered(material)
    if not builders:
        return
    keys = ", ".join(f"`{task.key}`" for task in builders)
    yield f"Every acceptance criterion of {keys} holds."
    for each in material.constraints:
        yield f"{each.id} holds: {each.text}"
    yield from still(material)


def still(material: Material) -> Iterator[str]:
    """Yield what holds before the change and has to hold after it."""
    suite = material.suite
    for each in material.commands if suite is None or not suite.ran else ():
        if each.purpose == "test a part" and each.ran:
            ended = each.result or f"exit status {each.exit_code}"
            yield f"`{each.line}` shows no failure beyond those of today: {ended}."
    if suite is not None and suite.ran:
        ended = suite.result or f"exit status {suite.exit_code}"
        yield f"`{suite.line}` shows no failure beyond those of today: {ended}."
    elif suite is not None:
        why = (suite.result or "there was no run").rstrip(".")
        yield (
            f"`{suite.line}` is run to its end before the change and after it, and nothing fails "
            f"afterwards that did not before. It could not be run for this pack: {why}."
        )
    for each in material.commands:
        if each.passes and each.purpose in CHECKS:
            yield f"`{each.line}` still ends with exit status 0."


def tokens(text: str) -> int:
    """Count tokens by the rule that the packs state."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def held(
    make: Make[P],
    write: Callable[[P], str],
    wanted: Sequence[Reading],
    write_reading: Callable[[Reading], Iterator[str]],
    tokens_max: int,
) -> P:
    """Return the largest pack that its budget has room for.

    Where even the one without excerpts is too large, its texts are cut to one length for all.
    """
    bare = make(0)
    used = tokens(write(bare))
    if used > tokens_max:
        return _counted(_shortened(bare, write, tokens_max), write)
    size = 0
    # Counted as if each were named as dropped too: a little too careful, never too large.
    for each in wanted:
        used += tokens("\n".join(write_reading(each))) + 1
        if used > tokens_max:
            break
        size += 1
    return _counted(make(size), write)


def _shortened(pack: P, write: Callable[[P], str], tokens_max: int) -> P:
    for length in LENGTHS:
        shorter = _cut(pack, length)
        if tokens(write(shorter)) <= tokens_max:
            break
    return shorter


def _cut(pack: P, length: int) -> P:
    found = _clipped(msgspec.to_builtins(pack), length)
    found["budget"]["cut"] = length
    return msgspec.convert(found, type(pack))


def _clipped(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= length else f"{value[: length - 1].rstrip()}…"
    if isinstance(value, list | tuple):
        return [_clipped(each, length) for each in value]
    if isinstance(value, dict):
        return {
            name: each if name in UNCLIPPED else _clipped(each, length)
            for name, each in value.items()
        }
    return value


def _counted(pack: P, write: Callable[[P], str]) -> P:
    """Write the count into the pack: it is a part of what it counts, so until it stands still."""
    for _ in range(COUNT_ROUNDS):
        budget: Budget = pack.budget  # type: ignore[attr-defined]
        counted = msgspec.structs.replace(budget, tokens=tokens(write(pack)))
        pack = msgspec.structs.replace(pack, budget=counted)
    return pack
