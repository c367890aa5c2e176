"""Checks that tasks cover every requirement, constraint, decision and risk, without clashes."""

import re
from collections.abc import Iterator
from itertools import combinations

from missioncontrol.domain.plan import Decision, Requirement, Risk, Task
from missioncontrol.domain.work import Finding
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import Check, check
from missioncontrol.specialists.uncovered_sentences import uncovered_sentences
from missioncontrol.specialists.words import significant_words, stem

ONLOOKERS = frozenset({"writer", "reviewer"})
"""They name every requirement, so their naming it answers nothing."""
MATCHED_SHARE_MIN = 0.8
_FORBIDS = re.compile(
    r"(?i)\b(?:no|not|never|without|avoid|don['\u2019]t|cannot|forbidden|nothing)\b"
)


def requirement_checks(case: Case) -> Iterator[Check]:
    """Yield the checks of what the plan promises."""
    plan = case.plan
    count = len(plan.requirements)
    yield check("requirement-tasks", "requirements against tasks", count, _uncovered(case))
    yield check(
        "goal-sentences",
        "sentences of the goal against the requirements derived from it",
        1,
        _uncovered_goal(case),
    )
    yield check(
        "requirement-sections",
        "requirements against headings of specification.md",
        count if case.documents else 0,
        _unspecified(case),
    )
    held = [each for each in plan.requirements if each.kind == "constraint"]
    given = len(case.brief.constraints)
    yield check(
        "constraints",
        "constraints against requirements, acceptance, risk checks and decisions",
        max(len(held), given),
        [*_lost(case), *_unanswered(case, held)],
    )
    yield check(
        "decisions",
        "decisions against each other and against constraints",
        len(plan.decisions),
        [*_clashing(plan.decisions), *_forbidden(case, held)],
    )
    yield check("risks", "risks against mitigations and tasks", len(plan.risks), _open(case))


def _uncovered(case: Case) -> Iterator[Finding]:
    for each in case.plan.requirements:
        serving = [task for task in case.plan.tasks() if each.id in task.requirements]
        if not serving:
            yield Finding(
                "review.requirement-uncovered",
                "high",
                f"No task serves {each.id}: {each.text}",
                detail=f"Asked in {each.source}" if each.source else "",
                remedy=f"Add a task for {each.id} to the plan, or say who waived it.",
            )
        elif case.handed_over and not any(task.is_change for task in serving):
            keys = ", ".join(task.key for task in serving)
            yield Finding(
                "review.requirement-not-built",
                "medium",
                f"{each.id} is only looked at, no task brings it about: {each.text}",
                detail=f"Its tasks are {keys}; none of them is handed over.",
                remedy=f"Add {each.id} to a task that changes the repository.",
            )


def _uncovered_goal(case: Case) -> Iterator[Finding]:
    for text in uncovered_sentences([case.brief.goal], case.plan.requirements):
        yield Finding(
            "review.goal-unsaid",
            "medium",
            f"The goal says “{text}”, and no requirement was derived from it",
            remedy=f"Decide whether “{text}” asks for something; if so, plan again with it.",
        )


def _unspecified(case: Case) -> Iterator[Finding]:
    text = case.documents.get("specification.md")
    if text is None:
        return  # That the document is missing is the finding of another check.
    headings = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    for each in case.plan.requirements:
        if not re.search(rf"\b{re.escape(each.id)}\b", headings):
            yield Finding(
                "review.requirement-unspecified",
                "high",
                f"No section of specification.md treats {each.id}: {each.text}",
                remedy=f"Write the section for {each.id}, or run the writer's task again.",
            )


def _lost(case: Case) -> Iterator[Finding]:
    """Find constraints that were given with the goal and that no requirement repeats."""
    stated = {
        word for each in case.plan.requirements for word in _stems(f"{each.text} {each.source}")
    }
    for text in case.brief.constraints:
        words = _stems(text)
        if words and len(words & stated) < MATCHED_SHARE_MIN * len(words):
            yield Finding(
                "review.constraint-lost",
                "high",
                f"The plan has no requirement for the constraint “{text}”",
                detail=f"Missing from every requirement: {', '.join(sorted(words - stated))}.",
                remedy="Plan again with this constraint, or say who waived it.",
            )


def _unanswered(case: Case, held: list[Requirement]) -> Iterator[Finding]:
    for each in held:
        if not any(_answers(task, each) for task in case.plan.tasks()) and not any(
            _shares(f"{one.title} {one.choice} {one.reason}", each.text)
            for one in case.plan.decisions
        ):
            yield Finding(
                "review.constraint-unanswered",
                "medium",
                f"Nothing shows how {each.id} will hold: {each.text}",
                detail="No acceptance, risk check or decision speaks of it.",
                remedy=f"Add a check for {each.id} to the acceptance of a task.",
            )


def _answers(task: Task, requirement: Requirement) -> bool:
    if task.role in ONLOOKERS or requirement.id not in task.requirements:
        return False
    return any(
        requirement.id in text or _shares(text, requirement.text)
        for text in (*task.acceptance, *task.risk_checks)
    )


def _clashing(decisions: tuple[Decision, ...]) -> Iterator[Finding]:
    for one, other in combinations(decisions, 2):
        reason = _clash(one, other)
        if reason:
            yield Finding(
                "review.decision-contradiction",
                "high",
                f"{one.id} and {other.id} contradict each other",
                detail=reason,
                remedy=f"Decide again: keep {one.id} or {other.id}.",
            )


def _clash(one: Decision, other: Decision) -> str:
    if _plain(one.title) == _plain(other.title) and _plain(one.choice) != _plain(other.choice):
        return f"Both decide “{one.title}”: “{one.choice}” and “{other.choice}”."
    for chosen, refused in ((one, other), (other, one)):
        for option in refused.alternatives:
            if _plain(option.title) == _plain(chosen.choice):
                return f"{chosen.id} chooses “{chosen.choice}”, which {refused.id} did not take."
    return ""


def _forbidden(case: Case, held: list[Requirement]) -> Iterator[Finding]:
    """Find choices that use all the words of a constraint which forbids them."""
    for each in held:
        words = _stems(each.text)
        if len(words) < 2 or not _FORBIDS.search(each.text):
            continue
        for decision in case.plan.decisions:
            if words <= _stems(decision.choice) and not _FORBIDS.search(decision.choice):
                yield Finding(
                    "review.decision-against-constraint",
                    "high",
                    f"{decision.id} chooses what {each.id} forbids",
                    detail=f"“{decision.choice}” against “{each.text}”.",
                    remedy=f"Decide {decision.id} again, or have {each.id} waived.",
                )


def _open(case: Case) -> Iterator[Finding]:
    for risk in case.plan.risks:
        if not risk.mitigation.strip():
            yield Finding(
                "review.risk-unmitigated",
                "high" if risk.impact == "high" else "medium",
                f"{risk.id} has no mitigation: {risk.title}",
                detail=risk.because,
                remedy=f"Say what is done about {risk.id}.",
            )
        if not _is_handled(risk, case):
            yield Finding(
                "review.risk-unchecked",
                "medium" if risk.impact == "high" else "low",
                f"No task takes up {risk.id}: {risk.title}",
                detail=f"Its mitigation is: {risk.mitigation}" if risk.mitigation else "",
                remedy=f"Add {risk.id} to the risks of the task that can check it.",
            )


def _is_handled(risk: Risk, case: Case) -> bool:
    return any(risk.id in task.risks and task.role not in ONLOOKERS for task in case.plan.tasks())


def _stems(text: str) -> set[str]:
    return {stem(word) for word in significant_words(text)}


def _shares(text: str, other: str) -> bool:
    return bool(_stems(text) & _stems(other))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
