"""Composes the plan of a new product from its goal and the catalogue."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from missioncontrol.domain.coverage_gaps import Asked
from missioncontrol.domain.plan import (
    BUILDER,
    Decision,
    Origin,
    Phase,
    Plan,
    Requirement,
    Risk,
    Task,
)
from missioncontrol.domain.product_design import (
    Entity,
    FailureMode,
    Interface,
    Milestone,
    OpenQuestion,
    ProductDesign,
    Source,
)
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.greenfield.behaviours import Act
from missioncontrol.specialists.greenfield.composition import Composition, composed
from missioncontrol.specialists.greenfield.constraints import is_beginning
from missioncontrol.specialists.greenfield.interfaces import interfaces_of
from missioncontrol.specialists.greenfield.parts import (
    architecture_of,
    decisions_of,
    declined,
    deployment_of,
    metrics_of,
    non_goals_of,
    questions_of,
    risks_of,
    scope_of,
    security_of,
    slug,
    users_of,
)
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.selection import Use
from missioncontrol.specialists.greenfield.stack import files_of
from missioncontrol.specialists.greenfield.tables import entities_of
from missioncontrol.specialists.greenfield.work import Work, milestones_of, tasks_of

WITH_ACCOUNTS = frozenset(
    {
        "web-product",
        "dashboard",
        "orchestration",
        "product-analytics",
        "mobile-backend",
        "internal-tool",
        "real-time",
        "json-api",
    }
)
PLAN_KIND = "new-service"
_ANSWER = re.compile(r"(?is)^\s*(?P<id>Q\d{1,2})\s*[:=]\s*(?P<text>.+?)\s*$")
"""A constraint that answers a question of the plan: `Q2: Whole days.`"""
_LIMIT = re.compile(
    r"(?i)(?:no|without|avoid|never|not|nothing|local (?:persistence|storage|data))\b"
)
"""How a passage begins that limits what is built."""
_LONG_WORD = re.compile(r"[a-z]{4,}")
TITLE_MAX = 90
REQUIREMENTS_MAX = 60
"""More passages share the last requirement."""


def product_plan(asked: Asked, base: Plan) -> Plan:
    """Return the plan of a new product: each passage of what was asked for is a requirement.

    Constraints such as `Q1: Whole days.` answer the questions of the plan without them; the plan
    says what each answer changes.

    Raises:
        AttemptFailed: `plan.unknown_question`.
    """
    answers = dict(_answers(asked.constraints))
    if not answers:
        return _plan(asked, base, {}, {})
    open_ones = tuple(each for each in asked.constraints if not _ANSWER.match(each))
    before = _plan(msgspec.structs.replace(asked, constraints=open_ones), base, {}, {})
    assert before.design is not None, "a plan of a new product has a design"
    known = {each.id: each for each in before.design.questions}
    for name in answers:
        if name not in known:
            raise _unknown(name, list(known))
    given = {known[name].text: text for name, text in answers.items() if name in known}
    after = _plan(asked, base, given, {each.text: each.id for each in known.values()})
    assert after.design is not None, "a plan of a new product has a design"
    changes = tuple(_changes(before, after))
    return msgspec.structs.replace(
        after, design=msgspec.structs.replace(after.design, changes=changes)
    )


def _unknown(name: str, known: Sequence[str]) -> AttemptFailed:
    has = f"It has {', '.join(known)}." if known else "It has none."
    return AttemptFailed(
        "plan.unknown_question",
        f"The plan of this goal has no question {name}. {has}",
        hint="`mission plan` with the same goal and without answers shows its questions.",
        retryable=False,
    )


def _answers(constraints: Iterable[str]) -> Iterator[tuple[str, str]]:
    for each in constraints:
        match = _ANSWER.match(each)
        if match:
            yield match["id"].upper(), match["text"]


def _plan(asked: Asked, base: Plan, answers: Mapping[str, str], numbers: Mapping[str, str]) -> Plan:
    """Return a plan; answers and numbers of questions are known by the text of the question."""
    passages = list(asked.passages())
    stated = [words for _, words in passages if not _ANSWER.match(words)]
    given = [match["text"] for _, words in passages if (match := _ANSWER.match(words))]
    excluded = [
        name for name, answer in declined(answers).items() if answer.lower().startswith("no")
    ]
    made = composed("\n\n".join(stated) or asked.goal, "\n\n".join(given), excluded)
    reading, kind, uses = made.reading, made.kind, made.uses
    entities = entities_of(uses, reading, made.acts, has_accounts=kind.key in WITH_ACCOUNTS)
    work = tasks_of(made, entities)
    metrics = metrics_of(made)
    questions = [*questions_of(made, answers, numbers)]
    _decide(work, questions)
    milestones = milestones_of(kind, work)
    risks, decisions = risks_of(made), decisions_of(made)
    background = tuple(words for _, words in passages if is_beginning(words))
    requirements = _requirements([p for p in passages if p[1] not in background], asked)
    tasks = _tasks(work, requirements, risks, decisions, reading)
    phases = tuple(
        Phase(slug(title), title, made.fill(shows), tuple(tasks[key] for key in keys))
        for title, shows, keys in milestones
    )
    design = ProductDesign(
        name=made.package.replace("_", "-"),
        kind=kind.key,
        kind_title=kind.title,
        kind_source=_kind_source(made),
        users=users_of(made),
        scope=scope_of(made),
        non_goals=non_goals_of(made),
        metrics=metrics,
        entities=tuple(entities),
        interfaces=tuple(interfaces_of(made, entities, metrics)),
        stack=made.stack.choices,
        files=files_of(made.stack, made.package, [f for each in work for f in each.files]),
        deployment=deployment_of(made),
        security=security_of(made),
        failures=tuple(
            FailureMode(made.fill(each.when), made.fill(each.then)) for each in kind.failures
        ),
        milestones=tuple(
            Milestone(phase.key, phase.title, phase.purpose, tuple(t.key for t in phase.tasks))
            for phase in phases
        ),
        questions=tuple(each for each, _ in questions),
    )
    return msgspec.structs.replace(
        base,
        title=_title(reading) or base.title,
        summary=_summary(design, len(work), len(risks)),
        kinds=(PLAN_KIND,),
        stack=tuple(each.choice for each in design.stack),
        phases=phases,
        requirements=requirements,
        background=background,
        risks=risks,
        decisions=decisions,
        architecture=architecture_of(made),
        questions=tuple(each.text for each in design.questions if not each.answer),
        groundwork=(),
        likely=(),
        design=design,
    )


def _kind_source(made: Composition) -> Source:
    if made.kind_words:
        return Source("goal", made.kind_words, "high")
    return Source("assumption", "", "low")


def _title(reading: Reading) -> str:
    """Return the beginning of the goal: side sentences come later."""
    text = " ".join(reading.sentences[0].split()).rstrip(" .:;!?") if reading.sentences else ""
    if len(text) <= TITLE_MAX:
        return text
    return f"{text[:TITLE_MAX].rsplit(' ', 1)[0].rstrip(' ,;:')} …"


def _summary(design: ProductDesign, tasks: int, risks: int) -> str:
    ways = sum(each.kind != "event" for each in design.interfaces)
    left = sum(not each.answer for each in design.questions)
    return (
        f"{design.kind_title} “{design.name}” in {len(design.milestones)} milestones and {tasks}"
        f" tasks: {len(design.entities)} tables, {ways} interfaces, {risks} risks, {left} open"
        f" questions. Stack: {', '.join(each.choice for each in design.stack[:4])}."
    )


# --- answers -------------------------------------------------------------------------------------


def _decide(
    work: Sequence[Work], questions: Sequence[tuple[OpenQuestion, Use | Act | None]]
) -> None:
    """Write each answer into the task that it is about."""
    for question, owner in questions:
        if not question.answer:
            continue
        own = next((each for each in work if owner and owner in (each.use, each.act)), work[0])
        own.detail = f"{own.detail} Decided: {question.answer} {question.why}"
        own.acceptance.append(
            f"An example in the tests shows the decision “{question.answer}” and fails when the"
            f" product acts by “{question.default}” instead."
        )


def _changes(before: Plan, after: Plan) -> Iterator[str]:
    """Yield what is different after the answers, in words."""
    assert before.design is not None, "a plan of a new product has a design"
    assert after.design is not None, "a plan of a new product has a design"
    for question in after.design.questions:
        if question.answer:
            yield f"{question.id} is answered: {question.text} {question.answer}"
    old = {task.title: task for task in before.tasks()}
    new = {task.title: task for task in after.tasks()}
    yield from (f"Task added: {title}" for title in new if title not in old)
    yield from (f"Task removed: {title}" for title in old if title not in new)
    for title, task in new.items():
        if title in old and (task.detail, task.acceptance) != _texts(old[title]):
            yield f"Task changed: {title}"
    groups = (
        ("Table", _names(before.design.entities), _names(after.design.entities)),
        ("Interface", _names(before.design.interfaces), _names(after.design.interfaces)),
        ("Risk", [r.title for r in before.risks], [r.title for r in after.risks]),
    )
    for word, were, are in groups:
        yield from (f"{word} added: {name}" for name in are if name not in were)
        yield from (f"{word} removed: {name}" for name in were if name not in are)


def _texts(task: Task) -> tuple[str, tuple[str, ...]]:
    return task.detail, task.acceptance


def _names(items: Iterable[Entity | Interface]) -> list[str]:
    return [each.name for each in items]


# --- tasks ---------------------------------------------------------------------------------------


def _tasks(
    work: Sequence[Work],
    requirements: Sequence[Requirement],
    risks: Sequence[Risk],
    decisions: Sequence[Decision],
    reading: Reading,
) -> dict[str, Task]:
    served = _served(work, requirements, reading)
    by_title = {each.title: each.id for each in risks}
    found: dict[str, Task] = {}
    for number, each in enumerate(work):
        use = each.use
        titles = [use.fill(risk.title) for risk in use.concept.risks] if use else []
        own = [by_title[title] for title in titles if title in by_title]
        found[each.key] = Task(
            each.key,
            each.title,
            each.detail,
            BUILDER,
            tuple(each.needs),
            acceptance=tuple(each.acceptance),
            requirements=tuple(served[each.key]),
            decisions=tuple(d.id for d in decisions) if number == 0 else (),
            risks=tuple(own),
            scope=tuple(path for path, _ in each.files),
        )
    return found


def _requirements(passages: Sequence[tuple[str, str]], asked: Asked) -> tuple[Requirement, ...]:
    """Return a requirement for each passage; those beyond the bound share the last one."""
    found: list[Requirement] = []
    for where, words in passages or [("goal", asked.goal)]:
        origin = Origin(where, words)
        if len(found) == REQUIREMENTS_MAX:
            last = found[-1]
            found[-1] = msgspec.structs.replace(
                last, text=f"{last.text} {words}", origins=(*last.origins, origin)
            )
            continue
        is_limit = where.startswith("constraint") or _LIMIT.match(words) is not None
        source = f"{where}: “{words}”"
        number = f"R{len(found) + 1}"
        kind: Literal["function", "constraint"] = "constraint" if is_limit else "function"
        found.append(Requirement(number, words, kind, source, (origin,)))
    return tuple(found)


def _served(
    work: Sequence[Work], requirements: Sequence[Requirement], reading: Reading
) -> dict[str, list[str]]:
    """Return the requirements of each task; each requirement has at least one task."""
    numbers = {" ".join(each.split()): n for n, each in enumerate(reading.sentences)}
    served: dict[str, list[str]] = {each.key: [] for each in work}
    for requirement in requirements:
        own = {numbers[o.words] for o in requirement.origins if o.words in numbers}
        keys = [each.key for each in work if own.intersection(each.sentences)]
        for key in keys or [_most_alike(work[:-1] or work, requirement.text).key]:
            served[key].append(requirement.id)
    for names in served.values():
        names += [] if names else [requirements[0].id]
    return served


def _most_alike(work: Sequence[Work], text: str) -> Work:
    """Return the task that shares most words with a text."""
    words = set(_LONG_WORD.findall(text.lower()))

    def shared(each: Work) -> int:
        words_of_task = f"{each.title} {each.detail} {' '.join(each.use.words) if each.use else ''}"
        return len(words.intersection(_LONG_WORD.findall(words_of_task.lower())))

    return max(work, key=shared)
