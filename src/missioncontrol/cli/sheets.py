"""How missions, runs and files look for a person, in lines that fit the terminal."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from missioncontrol.cli.text import dollars, duration, moment, size, visible
from missioncontrol.ports.read_tables import MissionRow

MARKS = {
    "succeeded": ("✓", "32"),
    "planned": ("✓", "32"),
    "failed": ("✗", "31"),
    "blocked": ("◆", "35"),
    "cancelled": ("■", "34"),
    "working": ("◐", "36"),
    "interrupted": ("◆", "35"),
    "resting": ("◌", "36"),
}
ELSE = ("○", "2")
WIDE = 64
"""Fewer columns have no room for what can be looked up elsewhere."""


def colour_of(state: str) -> str:
    """Return the terminal's code for the colour of a state."""
    return MARKS.get(state, ELSE)[1]


def cut(text: str, width: int) -> str:
    """Return one line of at most `width` characters."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= width else line[: max(width - 1, 0)].rstrip() + "…"


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Return `text` as lines of at most `width` characters, begun with `first`, then `rest`."""
    return textwrap.wrap(
        visible(text),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def mission_lines(rows: Sequence[MissionRow], width: int) -> list[tuple[str, str]]:
    """Return (state, line) for each mission; the newest run stands for it."""
    lines = []
    for row in rows:
        created = f"{moment(row.created)[:16]}  " if width >= WIDE else ""
        start = f"{row.run or row.id}  {row.status:<11}  {created}"
        lines.append((row.status, start + cut(row.title, width - len(start))))
    return lines


def run_head(view: Mapping[str, Any], status: str, width: int) -> list[str]:
    """Return the lines that say what a run is about and how it stands."""
    inputs, usage = view["inputs"], view["usage"]
    tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    steps = view["steps"]
    done = sum(step["state"] == "succeeded" for step in steps)
    parts = [status, f"{done} of {len(steps)} steps succeeded", *_lasted(view)]
    facts = {
        "run": view["run"],
        "state": " · ".join(parts),
        "mission": view["mission"],
        "on": str(inputs.get("repository", "")),
        "created": f"{moment(view['created'])} · log position {view['position']}",
        "cost": f"{tokens:,} tokens, {dollars(usage.get('cost', 0))}",
        "retry of": view["retry_of"],
        "cancelled": view["cancel_reason"] or "",
    }
    lines = wrapped(str(inputs.get("title") or view["workflow"]), width)
    for name, text in facts.items():
        if text:
            # A path is not broken, however long: it is there to be copied.
            room = 10_000 if name == "on" else width
            lines.extend(wrapped(text, room, f"  {name:<9} ", " " * 12))
    return lines


def _lasted(view: Mapping[str, Any]) -> list[str]:
    if view["ended"] is None or view["started"] is None:
        return []
    return [duration(view["ended"] - view["started"])]


def step_lines(step: Mapping[str, Any], room: int, width: int) -> tuple[str, list[str]]:
    """Return the line that names a step, after its mark, and the lines that tell of it."""
    state = step["state"]
    notes = [state] if state != "succeeded" else []
    if step["attempts"] > 1:
        notes.append(f"attempt {step['attempts']}")
    if step.get("kept_from"):
        notes.append(f"kept from {step['kept_from']}")
    head = f"{step['step']:<{room}}  {step['agent']:<10} {', '.join(notes)}"
    return visible(head).rstrip(), wrapped(_told(step), width, "    ", "    ")


def _told(step: Mapping[str, Any]) -> str:
    if step["state"] == "blocked":
        return f"Not begun, because {step['by']} did not succeed."
    failure = step.get("failure", {})
    said = f"{failure.get('reason', '')} {failure.get('hint', '')}".strip()
    return str(step.get("work", {}).get("summary") or said)


def file_lines(found: Iterable[Mapping[str, Any]], width: int) -> list[str]:
    """Return the files of a run, under the step that made each."""
    rows = list(found)
    room = max((len(visible(row["name"])) for row in rows), default=0)
    lines, step = [], ""
    for row in rows:
        if row["step"] != step:
            step = row["step"]
            lines.append(visible(step))
        start = f"  {visible(row['name']):<{room}}  {size(row['size']):>9}  "
        if width >= WIDE:
            start += f"{row['digest'][:12]}  "
        title = cut(row.get("title", ""), width - len(start)) if width - len(start) >= 12 else ""
        lines.append((start + title).rstrip())
    return lines
