"""The tasks of a plan: what is read, written, built and verified for the parts of a goal."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.plan import ExpectedArtifact, Phase, Role, Task
from missioncontrol.specialists.planner.artifacts import ARTIFACTS
from missioncontrol.specialists.planner.draft import Draft, Part, one_each, slug
from missioncontrol.specialists.planner.filling import listed
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.playbook import TaskEntry, playbook, sayable

_OF_MAIN = re.compile(r"(?i)(?:it|they|this|that|these|those|(?:make|keep|turn) (?:it|them))\b")
LOCAL: dict[str, Role] = {
    "survey": "surveyor",
    "history": "historian",
    "architecture": "architect",
    "tests": "tester",
    "audit": "auditor",
    "specification": "writer",
    "review": "reviewer",
}


NOT_CODE = frozenset({"constraint", "quality", "new-service", "part"})
"""Asks for which the playbook about standing code has nothing to say."""


ASIDE_KINDS = frozenset({"tests", "documentation"})


def phases(ground: Ground, parts: Sequence[Part], main: Part, draft: Draft) -> Iterator[Phase]:
    """Yield the phases that have tasks, in the order of the work."""
    understand = _understand(ground, main)
    specify = _specify(parts, main, draft, [task.key for task in understand])
    built = _build(parts, main, draft)
    verify = _verify(parts, main, draft, [task.key for task in built])
    subject = main.facts["subject"]
    if understand:
        where = main.facts.get("place", "the repository")
        purpose = f"Know how {where} behaves today before work on {subject} begins."
        yield Phase("understand", "Understand", purpose, tuple(understand))
    purpose = f"Have the requirements and decisions about {subject} written down and reviewed."
    yield Phase("specify", "Specify and review", purpose, tuple(specify))
    purpose = f"{counted(len(built), 'task')} for {subject}, for whoever changes the code."
    yield Phase("build", "Build", purpose, tuple(built))
    if verify:
        yield Phase("verify", "Verify", _verifying(parts, main), tuple(verify))


def _verifying(parts: Sequence[Part], main: Part) -> str:
    ask = main.facts["ask"]
    if any(part.kinds[0] == "constraint" for part in parts):
        return f"Show that “{ask}” is done and that what was demanded beside it holds."
    return f"Tell those who use {main.facts.get('name', 'it')} about {main.facts['news']}."


def stands(part: Part) -> bool:
    """Whether the ask changes code that is there."""
    return part.kinds[0] not in NOT_CODE and "nothing_yet" not in part.facts


def counted(number: int, noun: str) -> str:
    """Return “1 task” or “2 tasks”."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _understand(ground: Ground, main: Part) -> list[Task]:
    tree = ground.tree
    wanted = {
        "survey": bool(tree and tree.files),
        "history": ground.commits > 1,
        "architecture": ground.has_code,
        "tests": ground.has_code,
        "audit": bool(ground.has_code or (ground.stack and ground.stack.manifests)),
    }
    entries = [entry for entry in playbook("understand").task if wanted[entry.key]]
    return [_local(entry, main, (), (main.id,)) for entry in entries]


def _specify(
    parts: Sequence[Part], main: Part, draft: Draft, understood: Sequence[str]
) -> list[Task]:
    entries = {entry.key: entry for entry in playbook("specify").task}
    everything = tuple(part.id for part in parts)
    written = _local(entries["specification"], main, understood, everything)
    reviewed = _local(entries["review"], main, [*understood, written.key], everything)
    decisions = tuple(decision.id for decision in draft.decisions)
    risks = tuple(risk.id for risk in draft.risks)
    return [
        msgspec.structs.replace(written, decisions=decisions),
        msgspec.structs.replace(reviewed, decisions=decisions, risks=risks),
    ]


def _local(
    entry: TaskEntry, part: Part, needs: Sequence[str], requirements: tuple[str, ...]
) -> Task:
    role = LOCAL[entry.key]
    return Task(
        key=entry.key,
        title=one_each([entry.title], part.facts)[0],
        detail=" ".join(sayable(entry.detail, part.facts)),
        role=role,
        needs=tuple(needs),
        artifacts=tuple(ExpectedArtifact(*each) for each in ARTIFACTS[role]),
        acceptance=tuple(sayable(entry.acceptance, part.facts)),
        requirements=requirements,
    )


def _build(parts: Sequence[Part], main: Part, draft: Draft) -> list[Task]:
    first = [task for task in _extra(parts, "build", draft) if task[1]]
    others = [task for task in _extra(parts, "build", draft) if not task[1]]
    base = ["specification", *(task.key for task, _ in first)]
    main_task = _with_facets(_change(main, parts, draft, base), parts, main)
    built = [task for task, _ in first] + [task for task, _ in others]
    needs_of_main = [*main_task.needs, *(task.key for task, _ in others)]
    main_task = msgspec.structs.replace(main_task, needs=tuple(needs_of_main))
    taken = {task.key for task in built} | {main_task.key}
    for part in parts:
        if part is main:
            built.append(main_task)
        elif part.kinds[0] != "constraint" and not is_facet(part):
            leans = part.ask.refers_back or part.kinds[0] in ASIDE_KINDS
            task = _change(part, parts, draft, [*base, main_task.key] if leans else base)
            built.append(_renamed(task, taken))
            taken.add(built[-1].key)
    return built


def is_facet(part: Part) -> bool:
    """Whether an ask only says how the main one should be, as “make it optional” does."""
    if part.ask.is_property:
        return part.kinds[0] not in {"constraint", "quality"}
    if part.kinds[0] in NOT_CODE | ASIDE_KINDS:
        return False
    return _OF_MAIN.match(part.ask.text) is not None


def _with_facets(task: Task, parts: Sequence[Part], main: Part) -> Task:
    facets = [part for part in parts if part is not main and is_facet(part)]
    if not facets:
        return task
    asked = listed([f"“{part.facts['ask']}” ({part.id})" for part in facets])
    return msgspec.structs.replace(
        task,
        detail=f"{task.detail} Part of it: {asked}.",
        acceptance=(*task.acceptance, *(f"A test shows “{p.facts['ask']}”." for p in facets)),
        requirements=(*task.requirements, *(part.id for part in facets)),
    )


def _change(part: Part, parts: Sequence[Part], draft: Draft, needs: Sequence[str]) -> Task:
    """Return the task that brings one ask about."""
    book = playbook(part.kinds[0]).build or playbook("feature").build
    assert book is not None
    where = playbook("code").build if stands(part) else None
    detail = [*(where.detail if where and "is_aside" not in part.facts else ()), *book.detail]
    held = [each.id for each in parts if each.kinds[0] == "constraint"]
    acceptance = list(sayable(book.acceptance, part.facts))
    return Task(
        key=slug(part.ask.text) or f"ask-{part.id.lower()}",
        title=one_each([book.title], part.facts)[0],
        detail=" ".join(sayable(detail, part.facts)) or _plain_detail(part),
        role="builder",
        needs=tuple(needs),
        acceptance=tuple(acceptance) or (f"Whoever asked for “{part.facts['ask']}” has tried it.",),
        risk_checks=tuple(sayable(book.risk_checks, part.facts)),
        requirements=(part.id, *(each for each in held if each != part.id)),
        decisions=draft.decisions_of(part),
        risks=draft.risks_of(part),
    )


def _plain_detail(part: Part) -> str:
    return f"Carry out what the {part.ask.where} asks: “{part.ask.words}”"


def _extra(parts: Sequence[Part], phase: str, draft: Draft) -> list[tuple[Task, bool]]:
    """Return the tasks that playbooks add beside the change itself, and which come first."""
    found: dict[str, tuple[Task, bool]] = {}
    for part in parts:
        names = [*part.kinds[:1], *(["technology"] if part.facts.get("tech") else ())]
        if stands(part):
            names.append("code")
        for name in names:
            for entry in playbook(name).task:
                if entry.phase != phase or not entry.speaks(part.facts) or name == "constraint":
                    continue
                task = _handed_over(entry, part, draft)
                if task and entry.key not in found:
                    found[entry.key] = task, entry.first
    return list(found.values())


def _handed_over(entry: TaskEntry, part: Part, draft: Draft) -> Task | None:
    title = one_each([entry.title], part.facts)
    detail = " ".join(sayable(entry.detail, part.facts))
    acceptance = tuple(sayable(entry.acceptance, part.facts))
    if not (title and detail and acceptance):
        return None
    return Task(
        key=f"{entry.key}-{slug(part.facts['thing'], words_max=4) or part.id.lower()}",
        title=title[0],
        detail=detail,
        role="builder",
        needs=("specification",),
        acceptance=acceptance,
        risk_checks=tuple(sayable(entry.risk_checks, part.facts)),
        requirements=(part.id,),
        decisions=_about(part.facts.get("tech_package", ""), draft)
        if entry.phase == "build"
        else (),
    )


def _about(name: str, draft: Draft) -> tuple[str, ...]:
    return tuple(each.id for each in draft.decisions if name and name in each.title)


def _verify(parts: Sequence[Part], main: Part, draft: Draft, built: Sequence[str]) -> list[Task]:
    tasks = [task for task, _ in _extra(parts, "verify", draft)]
    for part in parts:
        if part.kinds[0] == "constraint":
            facts = dict(main.facts) | dict(part.facts)
            held = msgspec.structs.replace(part, facts=facts)
            entries = [entry for entry in playbook("constraint").task if entry.speaks(facts)]
            tasks.append(
                next(task for entry in entries if (task := _handed_over(entry, held, draft)))
            )
    taken: set[str] = set(built)
    named = []
    for task in tasks:
        named.append(_renamed(msgspec.structs.replace(task, needs=tuple(built)), taken))
        taken.add(named[-1].key)
    return named


def _renamed(task: Task, taken: set[str]) -> Task:
    key, number = task.key, 1
    while key in taken:
        number += 1
        key = f"{task.key}-{number}"
    return msgspec.structs.replace(task, key=key)
