"""Fills the execution pack and keeps it within its budget of tokens."""

from collections.abc import Iterator, Sequence

from missioncontrol.domain.graph import in_order
from missioncontrol.domain.plan import Task
from missioncontrol.specialists.writer.budgeting import held, rule
from missioncontrol.specialists.writer.code_to_read import places_of_task, readings
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack import Beside, Budget, KeepOut, Pack, Packed, Reading
from missioncontrol.specialists.writer.pack_text import pack_text, reading_text
from missioncontrol.specialists.writer.requirements import excluded

TOKENS_MAX = 12_000
CHECKS = frozenset({"lint", "type check", "format", "build"})
RULE = rule("execution-pack.md")


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
