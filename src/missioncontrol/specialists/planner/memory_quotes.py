"""Uses memory in a plan: quotes it where it bears on a task, and marks it as such.

What is remembered was written by others. It stands in the plan only as a quotation, cut, on one
line, with its source behind it; nothing in it is carried out.
"""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from missioncontrol.domain.estimates import Recalled, Remembered
from missioncontrol.domain.memory import CAME_TRUE_BEFORE, PLANNED, QUOTED_BEFORE
from missioncontrol.domain.plan import Decision, Phase, Plan, Risk, Task
from missioncontrol.domain.visible import visible
from missioncontrol.specialists.words import significant_words, stem, words

QUOTE_MAX = 240
USES_MAX = {"risk": 3, "decision": 4, "lesson": 4, "fact": 3, "command": 2, "pattern": 3}
"""Items of each kind that one plan uses; what comes first bears on it most."""

WORDS_SHARED_MIN = 2
LIKELY_MAX = 3
"""Likeliest files of a requirement that count as its places."""

FILES_SPECIFIC_MAX = 12
"""An item about more files than this says little about any of them."""

_COMMON_WORDS = """
    add added adding allow break broken bug call change changed check class code command commit
    create current default delete document documentation error example existing fail failed feature
    file fix function handle implement improve issue library method mission module option package
    parameter project provide python read release remove repository result return run set show
    support task test tests update user value version write
"""
_COMMON = frozenset(stem(word) for word in _COMMON_WORDS.split())
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z“`])")
_UNQUOTED = str.maketrans({"“": "\u2018", "”": "\u2019", "<": "\u2039", ">": "\u203a", "|": "/"})


class _Use(msgspec.Struct, frozen=True):
    """An item that bears on a plan: on which requirements, and in which tasks."""

    item: Recalled
    tasks: tuple[str, ...]


def with_memory(plan: Plan, recalled: Iterable[Recalled], *, name: str = "") -> Plan:
    """Return `plan` with what of `recalled` bears on it; the very same plan where nothing does.

    The same plan and the same items in the same order give the same plan. `name` is the project's:
    that an item says it means nothing.
    """
    for use in _bearing(plan, recalled, name):
        plan = _APPLY[use.item.kind](plan, use)
    return plan


def _bearing(plan: Plan, recalled: Iterable[Recalled], name: str) -> list[_Use]:
    """Return what bears on the plan, at most so many of each kind, and each thing once."""
    chosen: dict[tuple[str, str], _Use] = {}
    left = dict(USES_MAX)
    for item in recalled:
        same = (item.kind, _title(item).casefold())
        if same in chosen or not left.get(item.kind) or not item.text.strip():
            continue
        tasks = _tasks_for(plan, item, name)
        if tasks:
            chosen[same] = _Use(item, tasks)
            left[item.kind] -= 1
    return list(chosen.values())


def _tasks_for(plan: Plan, item: Recalled, name: str) -> tuple[str, ...]:
    """Return the tasks that an item bears on; none where it is about something else."""
    if item.kind == "command":
        return tuple(task.key for task in plan.tasks() if task.role == "tester")[:1]
    requirements = _requirements_of(plan, item, name)
    if item.kind == "pattern":
        requirements |= _naming(plan, item, name)
    tasks = [task for task in plan.tasks() if task.is_change]
    serving = [task for task in tasks if requirements & set(task.requirements[:1])]
    touching = [task for task in serving if set(task.scope) & set(item.files)]
    return tuple(task.key for task in touching or serving[:1])


def _requirements_of(plan: Plan, item: Recalled, name: str) -> frozenset[str]:
    """Return the requirements that an item shares a place with, or enough telling words."""
    words = _stems(f"{item.title} {_quote(item)}", name)
    found = set()
    for requirement in plan.requirements:
        shared = words & _stems(requirement.text, name)
        places = _places(plan, requirement.id) & set(item.files)
        is_telling = len(item.files) <= FILES_SPECIFIC_MAX and PLANNED not in item.tags
        if (places and is_telling) or len(shared) >= WORDS_SHARED_MIN:
            found.add(requirement.id)
    return frozenset(found)


def _naming(plan: Plan, item: Recalled, name: str) -> frozenset[str]:
    """Return the requirements that name something which a pattern of code is about."""
    named = _stems(item.title, name)
    return frozenset(each.id for each in plan.requirements if named & _stems(each.text, name))


def _stems(text: str, name: str) -> set[str]:
    names = {stem(word) for word in significant_words(name)}
    for word in words(name):  # “TinyDB” would be three words, each of them the project's name.
        text = re.sub(rf"(?i)(?<![^\W_]){re.escape(word)}(?![^\W_])", " ", text)
    return {stem(word) for word in significant_words(text)} - _COMMON - names


def _places(plan: Plan, requirement: str) -> set[str]:
    """Return the files of code that a requirement will most likely change."""
    likely = next((each.files for each in plan.likely if each.requirement == requirement), ())
    found = {file.path for file in likely[:LIKELY_MAX]}
    if plan.requirements and requirement == plan.requirements[0].id:
        parts = plan.architecture.components
        found |= {p.path for p in parts if p.path and p.change == "changed" and p.kind == "module"}
    return found


def _quote(item: Recalled) -> str:
    """Return the first sentences of an item, on one line, with nothing in it that would show."""
    plain = visible(" ".join(item.text.split())).replace("](", "] (").translate(_UNQUOTED)
    if len(plain) <= QUOTE_MAX:
        return plain
    quote = ""
    for sentence in _SENTENCE_END.split(plain):
        if quote and len(quote) + len(sentence) >= QUOTE_MAX:
            break
        quote = f"{quote} {sentence}".strip()
    cut = quote if len(quote) <= QUOTE_MAX else quote[:QUOTE_MAX].rsplit(" ", 1)[0] + " …"
    return cut if cut.count("`") % 2 == 0 else cut.replace("`", "'")


def _title(item: Recalled) -> str:
    return visible(" ".join(item.title.split())).replace("](", "] (").translate(_UNQUOTED)[:200]


def _cited(item: Recalled) -> str:
    return f"“{_quote(item)}” ({item.source})"


# What is done with an item of each kind.


def _mention(plan: Plan, use: _Use, words: str, acceptance: str = "") -> Plan:
    """Add a sentence to the tasks that an item bears on."""

    def changed(task: Task) -> Task:
        if task.key not in use.tasks:
            return task
        done = (*task.acceptance, acceptance) if acceptance else task.acceptance
        return msgspec.structs.replace(task, detail=f"{task.detail} {words}", acceptance=done)

    return _noted(_over_tasks(plan, changed), use, use.tasks)


def _with_command(plan: Plan, use: _Use) -> Plan:
    return _mention(plan, use, f"Known from before: {_cited(use.item)}.")


def _with_lesson(plan: Plan, use: _Use) -> Plan:
    return _mention(plan, use, f"Learned before: {_cited(use.item)}.")


def _with_fact(plan: Plan, use: _Use) -> Plan:
    return _mention(plan, use, f"The repository says: {_cited(use.item)}.")


def _with_pattern(plan: Plan, use: _Use) -> Plan:
    return _mention(plan, use, f"A pattern that was learned: {_cited(use.item)}.")


def _with_decision(plan: Plan, use: _Use) -> Plan:
    """Quote a decision: beside the same question in this plan, else in the tasks it holds for."""
    title = _title(use.item)
    same = next((each for each in plan.decisions if _same(each.title, title)), None)
    if same is None:
        if PLANNED in use.item.tags:  # It was not decided: it is mentioned, and binds nothing.
            return _mention(plan, use, f"Planned before, “{title}”: {_cited(use.item)}.")
        statement = f"Decided before, “{title}”: {_cited(use.item)}."
        acceptance = f"The change keeps to “{title}”, or says in writing what takes its place."
        return _mention(plan, use, statement, acceptance)
    agrees = use.item.text.startswith(same.choice)
    added = (
        f"Chosen so before ({use.item.source})."
        if agrees
        else f"{QUOTED_BEFORE}{_cited(use.item)}; one of the two has to give way."
    )
    updated = msgspec.structs.replace(same, reason=f"{same.reason} {added}")
    decisions = tuple(updated if each is same else each for each in plan.decisions)
    return _noted(msgspec.structs.replace(plan, decisions=decisions), use, (same.id,))


def _with_risk(plan: Plan, use: _Use) -> Plan:
    """Add a risk that came true before to this plan, watched by the tasks it is about."""
    title = _title(use.item)
    cited = f"{CAME_TRUE_BEFORE}{_cited(use.item)}."
    same = next((each for each in plan.risks if _same(each.title, title)), None)
    if same is not None:
        because = f"{same.because} {cited}".strip()
        updated = msgspec.structs.replace(same, likelihood="high", because=because)
        risks = tuple(updated if each is same else each for each in plan.risks)
        return _noted(msgspec.structs.replace(plan, risks=risks), use, (same.id,))
    tasks = _listed(use.tasks)
    mitigation = f"{tasks} ends with a test that fails where “{title}” comes true again."
    risk = Risk(f"K{_next(plan.risks)}", title, "high", "medium", mitigation, cited)
    plan = msgspec.structs.replace(plan, risks=(*plan.risks, risk))
    check = f"“{title}” has not come true again; it did before ({use.item.source})."

    def watched(task: Task) -> Task:
        if task.key not in use.tasks and task.role != "reviewer":
            return task
        checks = (*task.risk_checks, check) if task.key in use.tasks else task.risk_checks
        return msgspec.structs.replace(task, risks=(*task.risks, risk.id), risk_checks=checks)

    return _noted(_over_tasks(plan, watched), use, (risk.id, *use.tasks))


_APPLY: dict[str, Callable[[Plan, _Use], Plan]] = {
    "command": _with_command,
    "lesson": _with_lesson,
    "fact": _with_fact,
    "pattern": _with_pattern,
    "decision": _with_decision,
    "risk": _with_risk,
}


def _noted(plan: Plan, use: _Use, used_for: tuple[str, ...]) -> Plan:
    item = use.item
    used = Remembered(item.item, _title(item), _quote(item), item.source, used_for)
    return msgspec.structs.replace(plan, remembered=(*plan.remembered, used))


def _over_tasks(plan: Plan, change: Callable[[Task], Task]) -> Plan:
    def over(phase: Phase) -> Phase:
        return msgspec.structs.replace(phase, tasks=tuple(map(change, phase.tasks)))

    return msgspec.structs.replace(
        plan,
        groundwork=tuple(map(change, plan.groundwork)),
        phases=tuple(map(over, plan.phases)),
    )


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def _next(items: Sequence[Risk | Decision]) -> int:
    numbers = [int(each.id[1:]) for each in items if each.id[1:].isdecimal()]
    return max(numbers, default=0) + 1


def _listed(keys: Sequence[str]) -> str:
    return " and ".join(f"`{key}`" for key in keys)


def with_local_memory(plan: Plan, local: Plan) -> Plan:
    """Return a model's plan with what the local plan really remembers, as far as it still uses it.

    A model can't claim that something is remembered, nor put other words into a quotation.
    """
    ids = {risk.id for risk in plan.risks} | {each.id for each in plan.decisions}
    ids |= {task.key for task in plan.tasks()}
    retained = []
    for each in local.remembered:
        used_for = tuple(name for name in each.used_for if name in ids)
        if used_for and _stands(each, plan, used_for):
            retained.append(msgspec.structs.replace(each, used_for=used_for))
    return msgspec.structs.replace(plan, remembered=tuple(retained))


def _stands(used: Remembered, plan: Plan, used_for: Sequence[str]) -> bool:
    """Whether the source, or the quotation, still stands in one of the places that it was for."""
    risks = [risk for risk in plan.risks if risk.id in used_for]
    decisions = [each for each in plan.decisions if each.id in used_for]
    tasks = [task for task in plan.tasks() if task.key in used_for]
    text = msgspec.json.encode([risks, decisions, tasks]).decode()
    return any(
        msgspec.json.encode(quoted).decode()[1:-1] in text for quoted in (used.quote, used.source)
    )
