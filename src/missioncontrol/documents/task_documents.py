"""The documents of a task as they begin: headings, and what somebody said of it."""

from missioncontrol.documents.outlining import meant
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.process import PhaseRule

BRIEF = "brief"
NAMES: dict[TaskDocument, str] = {
    "prd": "requirements",
    "tasks": "task list",
    "spec": "spec",
    "plan": "action plan",
}


def beginning(kind: TaskDocument, title: str, brief: str, rule: PhaseRule) -> str:
    """Return a document with its headings; the brief stands below the heading of that name."""
    parts = [f"# {meant(title)}: {NAMES[kind]}"]
    has_place = any(heading.lower() == BRIEF for heading in rule.headings)
    said = brief.strip() if kind == "prd" else ""
    if said and not has_place:
        parts.append(said)
    for heading in rule.headings:
        parts.append(f"## {heading}")
        if said and heading.lower() == BRIEF:
            parts.append(said)
    return "\n\n".join(parts) + "\n"
