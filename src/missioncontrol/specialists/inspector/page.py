"""Writes a review for a person."""

from collections.abc import Sequence
from typing import Any

from missioncontrol.specialists.markdown import code, plain


def markdown(statement: str, output: dict[str, Any]) -> str:
    """Return review.md."""
    lines = [f"# Review: {output['verdict']}", "", plain(statement), ""]
    lines += [f"- Commit: {code(output['commit'])}", f"- Base: {code(output['base'])}"]
    for head, blocking in (("To be mended first", True), ("Notes", False)):
        lines += _section(
            head, [each for each in output["findings"] if each["blocking"] is blocking]
        )
    if output["not_judged"]:
        lines += ["", "## What has to hold, and no rule can judge", ""]
        lines += [f"- [ ] {plain(each)}" for each in output["not_judged"]]
    return "\n".join(lines) + "\n"


def _section(head: str, findings: Sequence[dict[str, Any]]) -> list[str]:
    if not findings:
        return []
    return ["", f"## {head}", "", *(_line(each) for each in findings)]


def _line(each: dict[str, Any]) -> str:
    place = f"{each['path']}:{each['line']}" if each["line"] else each["path"]
    where = f"{code(place)}: " if place else ""
    return f"- {where}{plain(each['message'])}. {plain(each['remedy'])} ({code(each['rule'])})"
