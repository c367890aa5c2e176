"""A small sound plan, and ways to spoil it."""

from typing import Any

import msgspec

from missioncontrol.domain.plan import (
    Architecture,
    Component,
    Decision,
    ExpectedArtifact,
    Option,
    Phase,
    Plan,
    Relation,
    Requirement,
    Risk,
    Task,
)


def a_task(key: str, **changes: Any) -> Task:
    """Return a sound task."""
    fields: dict[str, Any] = {
        "title": f"Do {key}",
        "detail": f"What {key} is about.",
        "role": "surveyor",
        "acceptance": ("It is measured.",),
        "requirements": ("R1",),
    }
    return Task(key, **{**fields, **changes})


def a_plan(*tasks: Task, **changes: Any) -> Plan:
    """Return a sound plan of `tasks`, by default a survey and a report on it."""
    chosen = tasks or (
        a_task("survey", artifacts=(ExpectedArtifact("survey.md", "text/markdown"),)),
        a_task("report", role="writer", needs=("survey",), risks=("K1",), decisions=("D1",)),
    )
    fields: dict[str, Any] = {
        "goal": "Make search fast.",
        "title": "Faster search",
        "summary": "Measure, then change.",
        "kinds": ("performance",),
        "stack": ("Python",),
        "phases": (Phase("work", "Work", "All of it", chosen),),
        "requirements": (Requirement("R1", "Search answers within 50 ms"),),
        "risks": (Risk("K1", "The index grows", "low", "high", "Watch it"),),
        "decisions": (
            Decision("D1", "Index", "Trigrams", "Any language", "Size", (Option("None", "Slow"),)),
        ),
        "architecture": Architecture(
            (Component("store", "Store", "store"), Component("api", "API", "interface")),
            (Relation("api", "store", "asks"),),
        ),
    }
    return Plan(**{**fields, **changes})


def without(plan: Plan, **changes: Any) -> Plan:
    """Return `plan` with `changes`."""
    return msgspec.structs.replace(plan, **changes)
