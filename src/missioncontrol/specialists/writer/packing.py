"""Fills the execution pack and keeps it within its budget of tokens."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.graph import in_order
from missioncontrol.domain.plan import Task
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack import Beside, Budget, KeepOut, Pack, Packed, Reading
from missioncontrol.specialists.writer.pack_text import pack_text, reading_text
from missioncontrol.specialists.writer.reading import places_of_task, readings
from missioncontrol.specialists.writer.requirements import excluded

TOKENS_MAX = 12_000
CHARACTERS_PER_TOKEN = 4
RULE = f"one token for every {CHARACTERS_PER_TOKEN} characters of execution-pack.md, rounded up"
COUNT_ROUNDS = 3


def packed(material: Material, *, tokens_max: int = TOKENS_MAX) -> Pack:
    """Return the pack of a mission; what does not fit is dropped, the least relevant first."""
    wanted = list(readings(material))
    kept = _fitting(material, wanted, tokens_max)
    whole = _pack(material, wanted, kept, tokens_max)
    # The figure is part of the text that it counts, so it is counted until it stands still.
    for _ in range(COUNT_ROUNDS):
        budget = msgspec.structs.replace(whole.budget, tokens=tokens(pack_text(whole)))
        whole = msgspec.structs.replace(whole, budget=budget)
    return whole


def tokens(text: str) -> int:
    """Count tokens by the rule that the pack states."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _fitting(material: Material, wanted: Sequence[Reading], tokens_max: int) -> int:
    """Return how many of the wanted readings fit, counted from the most relevant one."""
    # Counted as if each were named as dropped too: a little too careful, never too large.
    used = tokens(pack_text(_pack(material, wanted, 0, tokens_max)))
    for kept, each in enumerate(wanted):
        used += tokens("\n".join(reading_text(each))) + 1
        if used > tokens_max:
            return kept
    return len(wanted)


def _pack(material: Material, wanted: Sequence[Reading], kept: int, tokens_max: int) -> Pack:
    plan = material.plan
    return Pack(
        goal=material.brief.goal,
        title=plan.title,
        context=material.brief.context,
        requirements=plan.requirements,
        tasks=tuple(
            _packed(task, wanted[:kept], wanted[kept:], material) for task in _ordered(material)
        ),
        code=tuple(wanted[:kept]),
        commands=material.commands,
        decisions=plan.decisions,
        risks=plan.risks,
        keep_out=tuple(_keep_out(material)),
        done=tuple(_done(material)),
        questions=plan.questions,
        gaps=material.gaps,
        obtained=tuple(filter(None, (plan.obtained, *material.scene.notes))),
        budget=Budget(tokens_max, RULE, 0, tuple(each.place for each in wanted[kept:])),
    )


def _ordered(material: Material) -> list[Task]:
    """Return the handed-over tasks so that each follows those it needs."""
    tasks = {task.key: task for task in material.plan.tasks()}
    order = in_order({key: task.needs for key, task in tasks.items()})
    return [tasks[key] for key in order if tasks[key].is_change]


def _packed(
    task: Task, kept: Sequence[Reading], dropped: Sequence[Reading], material: Material
) -> Packed:
    handed = {each.key for each in material.builders}
    return Packed(
        task.key,
        task.title,
        task.detail,
        task.acceptance,
        task.risk_checks,
        tuple(need for need in task.needs if need in handed),
        task.requirements,
        task.decisions,
        task.risks,
        tuple(each.id for each in kept if task.key in each.tasks),
        tuple(_beside(task, kept, dropped, material)),
    )


def _beside(
    task: Task, kept: Sequence[Reading], dropped: Sequence[Reading], material: Material
) -> Iterator[Beside]:
    for each in dropped:
        if task.key in each.tasks:
            yield Beside(each.place, each.why)
    shown = {each.path for each in (*kept, *dropped) if task.key in each.tasks}
    for place in places_of_task(task, material):
        if place.path not in shown:
            yield Beside(place.path, place.why)


def _keep_out(material: Material) -> Iterator[KeepOut]:
    for each in excluded(material):
        yield KeepOut(each.text, f"{each.id}, {each.source or 'the plan'}")
    for path, why in material.scene.kept_out:
        yield KeepOut(f"`{path}`", why)


def _done(material: Material) -> Iterator[str]:
    builders = _ordered(material)
    if not builders:
        return
    keys = ", ".join(f"`{task.key}`" for task in builders)
    yield f"Every acceptance criterion of {keys} holds."
    for each in material.constraints:
        yield f"{each.id} holds: {each.text}"
    verified = next((each for each in material.commands if each.verified), None)
    if verified is not None:
        yield f"`{verified.command}` shows no failure beyond those of today: {verified.result}."
