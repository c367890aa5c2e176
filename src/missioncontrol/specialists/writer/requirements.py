"""For each requirement: which tasks serve it, when it is met, and where in the code it lives."""

import re

from missioncontrol.domain.plan import Decision, Requirement, Task
from missioncontrol.specialists.words import significant_words, stem
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.places import Place

PLACES_MAX = 3
_EXCLUDES = re.compile(
    r"(?i)\b(?:out of scope|not in scope|without (?:chang|touch|break|alter|modif)\w*"
    r"|(?:do not|don['\u2019]t|must not|should not|never)"
    r" (?:chang|touch|alter|modif|edit|rewrit|add|introduc)\w*"
    r"|no (?:new|changes?|other)\b|leave \w+)"
)


def criteria(requirement: Requirement, material: Material) -> list[tuple[str, Task]]:
    """Return when a requirement is met, as the tasks behind it say; handed-over tasks first.

    A task that serves several requirements says it of each by its id or in its words; where no
    task does, all that they say counts.
    """
    tasks = material.tasks_for(requirement)
    tasks = [task for task in tasks if task.is_change] or tasks
    close = [(text, task) for task in tasks for text in _own(task, requirement)]
    found = close or [(text, task) for task in tasks for text in task.acceptance]
    return list({text: (text, task) for text, task in found}.values())


def _own(task: Task, requirement: Requirement) -> list[str]:
    if len(task.requirements) == 1:
        return list(task.acceptance)
    return [
        text
        for text in task.acceptance
        if re.search(rf"\b{requirement.id}\b", text)
        or (not re.search(r"\bR\d+\b", text) and _shares(text, requirement.text))
    ]


def _shares(text: str, other: str) -> bool:
    words = {stem(word) for word in significant_words(text)}
    return bool(words & {stem(word) for word in significant_words(other)})


def places_of(requirement: Requirement, material: Material) -> list[Place]:
    """Return the code places that a requirement's words point to, else those of the whole goal."""
    paths = material.scene.by_requirement.get(requirement.id, ())
    found = [material.scene.place(path) for path in paths]
    close = [place for place in found if place is not None and place.standing == "changed"]
    return close[:PLACES_MAX] or list(material.scene.standing("changed")[:1])


def decisions_for(requirement: Requirement, material: Material) -> list[Decision]:
    """Return the decisions that shape the handed-over tasks of a requirement."""
    tasks = [task for task in material.tasks_for(requirement) if task.is_change]
    ids = {name for task in tasks for name in task.decisions}
    return [decision for decision in material.plan.decisions if decision.id in ids]


def excluded(material: Material) -> list[Requirement]:
    """Return the constraints whose own words draw a line around the work.

    What is asked for is never among them: "log only the errors" limits what is made, not where.
    """
    return [each for each in material.constraints if _EXCLUDES.search(each.text)]


def heading(requirement: Requirement) -> str:
    """Return the heading under which the specification treats a requirement."""
    return f"{requirement.id} · {' '.join(requirement.text.split()).rstrip('.')}"
