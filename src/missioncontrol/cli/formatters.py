"""How missions, runs and files look for a person, in lines that fit the terminal."""

import json
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from missioncontrol.application.blockers import RateLimitHit
from missioncontrol.application.queries.runs import RunItem
from missioncontrol.cli.text import dollars, duration, moment, size
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.money import of_which_estimated, tokens
from missioncontrol.domain.operation import Operation
from missioncontrol.domain.status import WORDS, Status
from missioncontrol.domain.visible import one_line, visible
from missioncontrol.ports.output_store import OutputLine
from missioncontrol.ports.read_tables import MissionRow

MARKS = {
    "succeeded": ("✓", "32"),
    "done": ("✓", "32"),
    "planned": ("○", "36"),
    "ready_to_build": ("○", "36"),
    "planning": ("◐", "36"),
    "building": ("◐", "36"),
    "in_review": ("◐", "36"),
    "failed": ("✗", "31"),
    "blocked": ("◆", "35"),
    "cancelled": ("■", "34"),
    "working": ("◐", "36"),
    "stuck": ("◆", "35"),
    "resting": ("◌", "36"),
    "held": ("◇", "33"),
    "expanded": ("◐", "36"),
    "skipped": ("⊘", "2"),
    "waiting": ("◇", "33"),
    "halted": ("◇", "33"),
    "gone on from": ("!", "33"),
}
ELSE = ("○", "2")
STAGES = {
    "stopped": "Everything is stopped: nothing starts, and what worked was ended.",
    "paused": "Paused: runs may be asked for and wait; no step starts.",
    "drain": "Draining: what has begun goes on to its end; nothing new begins.",
    "all": "Everything may work.",
}
"""How far all work may go."""

WIDE = 64
"""Fewer columns have no room for what can be looked up elsewhere."""

SHOWN_MAX = 10


def colour_of(state: str) -> str:
    """Return the terminal's code for the colour of a state."""
    return MARKS.get(state, ELSE)[1]


def cut(text: str, width: int) -> str:
    """Return one line of at most `width` characters."""
    line = one_line(text)
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


def mission_lines(rows: Sequence[tuple[MissionRow, Status]], width: int) -> list[tuple[str, str]]:
    """Return (state, line) for each mission; the newest run stands for it."""
    lines = []
    for row, found in rows:
        created = f"{moment(row.created)[:16]}  " if width >= WIDE else ""
        start = f"{row.run or row.id}  {WORDS[found.word].lower():<14}  {created}"
        lines.append((found.word, start + cut(row.title, width - len(start))))
    return lines


def stage_lines(present: Operation, who: str, width: int) -> list[str]:
    """Return what holds all work up, who stopped it and what resumes it, if anything does."""
    if present.stage == "all":
        return []
    sentence = f"{STAGES[present.stage]} {who or 'A user'} set this at {moment(present.since)}"
    sentence += f": {_sentence(present.reason)}" if present.reason else "."
    others = "|".join(stage for stage in ("drain", "paused", "all") if stage != present.stage)
    return wrapped(f"{sentence} `mission engine resume --stage {others}` goes on.", width)


def status_lines(found: Iterable[Status], width: int) -> list[str]:
    """Return why runs are stuck, each cause once, and the command that makes them go on."""
    causes = {each.on: each for each in found if each.word == "stuck"}
    sentences = (f"Stuck: {each.reason} `{each.action}` resumes work." for each in causes.values())
    return [line for text in sentences for line in wrapped(text, width)]


def rate_limit_lines(brake: RateLimitHit, width: int) -> list[str]:
    """Return which rate limit keeps the next step of a run from starting, and until when."""
    limit, who = brake.limit, f"{brake.kind} {brake.name}".strip()
    starts = f"{limit.starts:,} start{'' if limit.starts == 1 else 's'}"
    most = f"A rate limit holds the next step up: {who}, at most {starts} in "
    most += f"{duration_in_words(limit.seconds)}"
    until = f"until {moment(brake.until)}" if math.isfinite(brake.until) else "for as long as it is"
    return wrapped(f"{most}, {until}. `mission engine rate-limit list` shows all limits.", width)


def run_head(view: Mapping[str, Any], status: str, width: int) -> list[str]:
    """Return the lines that say what a run is about and how it stands."""
    inputs, usage = view["inputs"], view["usage"]
    own = own_steps(view)
    done = sum(step["state"] == "succeeded" for step in own)
    steps = f"{len(own)} step{'s' if len(own) != 1 else ''}"
    state, of_run = WORDS[status].lower(), WORDS[view["status"]].lower()
    if view["mission"] and state != of_run:
        state = f"{state} (its run {of_run})"
    parts = [state, f"{done} of {steps} succeeded{_within(view)}", *_lasted(view)]
    facts = {
        "run": view["run"],
        "state": " · ".join(parts),
        "mission": view["mission"],
        "on": str(inputs.get("repository", "")),
        "created": f"{moment(view['created'])} · log position {view['position']}",
        "cost": used(usage),
        "retry of": view["retry_of"],
        "fork of": f"{view['fork_of']} from {view['forked_at']}" if view["fork_of"] else "",
        "schedule": view["schedule"],
        "ended" if view["status"] == "failed" else "cancelled": view["cancel_reason"] or "",
        "halted": (view["halt"] or {}).get("reason", ""),
        "reason": view.get("reason", "") if view["halt"] is None else "",
        "action": view.get("action", "") if view["halt"] is None else "",
    }
    name = f"{view['workflow']}@{view['version']}" if view["version"] else view["workflow"]
    lines = wrapped(str((view["mission"] and inputs.get("title")) or name), width)
    for name, text in facts.items():
        if text:
            # A path is not broken, however long: it is there to be copied.
            room = 10_000 if name == "on" else width
            lines.extend(wrapped(text, room, f"  {name:<9} ", " " * 12))
    return lines


def used(usage: Mapping[str, Any]) -> str:
    """Return what was used, as `12,900 tokens, $0.024, of which 700 tokens estimated`."""
    count = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    unpriced = None if usage["is_priced"] else usage["unpriced_tokens"]
    estimated = of_which_estimated(usage["estimated_tokens"], usage["estimated_cost"])
    return f"{tokens(count)}, {dollars(usage['cost'], unpriced)}{estimated}"


def _lasted(view: Mapping[str, Any]) -> list[str]:
    if view["ended"] is None or view["started"] is None:
        return []
    return [duration(view["ended"] - view["started"])]


def own_steps(view: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the steps of the workflow itself, without those that they became."""
    return [step for step in view["steps"] if not step["parent"]]


def _within(view: Mapping[str, Any]) -> str:
    """Say how many of the steps succeeded that steps of the workflow became, if there are any."""
    inner = [step for step in view["steps"] if step["parent"]]
    done = sum(step["state"] == "succeeded" for step in inner)
    return f", and {done:,} of {len(inner):,} that they became" if inner else ""


def gone_on_from(steps: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the failed steps that their workflow went on from, with those they became.

    A person's no is never gone on from.
    """
    by_key = {step["step"]: step for step in steps}
    found = set()
    for key, step in by_key.items():
        if step["state"] != "failed" or step["failure"]["code"].startswith("approval."):
            continue
        above: Mapping[str, Any] | None = step
        while above is not None and above["on_failure"] != "continue":
            above = by_key.get(above["parent"])
        found |= {key} if above is not None else set()
    return found


def in_families(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield steps in their order, each followed by those that it became."""
    children: dict[str, list[Mapping[str, Any]]] = {}
    for step in steps:
        children.setdefault(step["parent"], []).append(step)
    todo = [*reversed(children.get("", []))]
    while todo:
        step = todo.pop()
        yield step
        todo.extend(reversed(children.get(step["step"], [])))


def run_lines(rows: Sequence[tuple[RunItem, Status]], width: int) -> list[tuple[str, str]]:
    """Return (state, line) for each run."""
    lines = []
    words = [WORDS[status.word].lower() for _, status in rows]
    longest = max((len(word) for word in words), default=0)
    for (row, _), word in zip(rows, words, strict=True):
        created = f"{moment(row.created)[:16]}  " if width >= WIDE else ""
        name = f"{row.workflow}@{row.version}" if row.version else row.workflow
        done = f"{row.succeeded} of {row.steps} step{'' if row.steps == 1 else 's'}"
        start = f"{row.id}  {word:<{max(11, longest)}}  {created}"
        room = width - len(start)
        # Two spaces hold columns apart, which `cut` would make one.
        is_roomy = room >= len(done) + 10
        end = f"{cut(name, room - len(done) - 2)}  {done}" if is_roomy else cut(name, room)
        lines.append((word, start + end))
    return lines


def step_lines(
    step: Mapping[str, Any], room: int, width: int, *, is_gone: bool = False
) -> tuple[str, list[str]]:
    """Return the line that names a step, after its mark, and the lines that tell of it.

    `is_gone` says that it failed and the workflow went on from that.
    """
    state = step["state"]
    notes = [f"{state}; the run goes on"] if is_gone else [state] if state != "succeeded" else []
    if step["attempts"] > 1:
        notes.append(f"attempt {step['attempts']}")
    if step["rounds"]:
        notes.append(_rounds(step))
    if step.get("kept_from"):
        notes.append(f"reused from {step['kept_from']}")
    who = step["agent"] or step["calls"]
    head = f"{step['step']:<{room}}  {who:<10} {', '.join(notes)}"
    return visible(head).rstrip(), wrapped(_step_summary(step), width, "    ", "    ")


def _rounds(step: Mapping[str, Any]) -> str:
    """Say how often a step that repeats was done; a view counts the rounds before the last."""
    done = step["rounds"]
    if step["state"] in ("succeeded", "failed"):
        return f"{done + 1} rounds"
    return f"{done} round{'s' if done != 1 else ''} done, then round {done + 1}"


def _step_summary(step: Mapping[str, Any]) -> str:
    if step["state"] == "blocked":
        return f"Not begun, because {step['by']} did not succeed."
    if step["state"] == "held":
        return f"Waits for a person: `mission approvals show {step['approval']}`."
    if step["state"] == "skipped":
        return str(step["reason"])
    failure = step.get("failure", {})
    reasons = [_sentence(failure.get(part, "")) for part in ("reason", "hint")]
    return str(step.get("work", {}).get("summary") or " ".join(filter(None, reasons)))


def _sentence(text: str) -> str:
    """Return what people wrote so that another sentence may follow."""
    return f"{text}." if text and text[-1].isalnum() else text


def ending_lines(
    run: str,
    view: Mapping[str, Any],
    outputs: Mapping[str, Any] | None,
    width: int,
    *,
    is_left: bool = True,
) -> list[str]:
    """Return what a person reads when a run of a workflow has ended, or goes no further now.

    A run that no engine works on any more `is_left`.
    """
    usage, status = view["usage"], view["status"]
    reused = (view["retry_of"] or view["fork_of"]) and " (reused results not counted)"
    lines = ["", *_ending(view, width), ""]
    lines.append(f"  run     {run} ({status})")
    lines.append(f"  cost    {used(usage)}{reused}")
    lines.extend(output_lines(outputs or {}, width))
    for step in view["steps"]:
        if step["state"] == "held":
            lines.append(f"  waits   {visible(step['step'])}: mission approvals show ")
            lines[-1] += step["approval"]
    more = f"mission show {run}"
    # What waits for a person goes on by itself where an engine looks after it; what is halted
    # does so only when a person asks for it.
    is_stuck = view["ended"] is None and (is_left or status == "halted")
    more += f" · mission runs resume {run}" if is_stuck else f" · mission runs output {run}"
    return [*lines, f"  more    {more}"]


def _ending(view: Mapping[str, Any], width: int) -> list[str]:
    """Say in a sentence how it ended, or why it goes no further."""
    counts = Counter(step["state"] for step in own_steps(view))
    counted = ", ".join(f"{count} {state}" for state, count in counts.items())
    name = f"{view['workflow']}@{view['version']}" if view["version"] else view["workflow"]
    match view["status"]:
        case "waiting" | "stuck" as word:
            action = f" Next: `{view['action']}`" if view["action"] else ""
            text = f"{name} is {word} ({counted}). {view['reason']}{action}"
        case "halted":
            text = f"{name} is halted. {view['halt']['reason']}"
        case _ if view["ended"] is None:
            text = f"{name} has not ended, and no engine works on it now ({counted})."
        case status:
            text = f"{name} {'was ' if status == 'cancelled' else 'has '}{status} ({counted})."
            text += f" {_sentence(view['cancel_reason'] or '')}"
    lines = wrapped(text, width)
    bad = [s for s in view["steps"] if s["state"] == "failed" and not _is_outer(s, view["steps"])]
    gone = gone_on_from(view["steps"])
    for step in bad[:SHOWN_MAX]:
        reason = f"{step['step']}: {step['failure']['reason']}"
        is_gone = step["step"] in gone
        counted = f"! {reason} (the run goes on)" if is_gone else f"✗ {reason}"
        lines.extend(wrapped(counted, width, "  ", "    "))
        if hint := step["failure"].get("hint", ""):
            lines.extend(wrapped(_sentence(hint), width, "    ", "    "))
    if len(bad) > SHOWN_MAX:
        lines.append(f"  and {len(bad) - SHOWN_MAX:,} more")
    return lines


def _is_outer(step: Mapping[str, Any], steps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a failed step only passes on the failure of one that it became."""
    return any(s["parent"] == step["step"] and s["state"] == "failed" for s in steps)


def output_lines(outputs: Mapping[str, Any], width: int, room: int = 7) -> list[str]:
    """Return what a run hands back, each in a line; `room` is that of the word before it."""
    lines = []
    for name, value in outputs.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines.append(f"  {'output':<{room}} {cut(f'{name} = {text}', width - room - 3)}")
    return lines


def log_lines(output: Sequence[OutputLine], width: int) -> list[str]:
    """Return the output, each line behind its step, or its attempt, where there are several."""
    attempts: dict[str, set[int]] = {}
    for line in output:
        attempts.setdefault(line.step, set()).add(line.attempt)
    names = [
        f"{line.step}, attempt {line.attempt}" if len(attempts[line.step]) > 1 else line.step
        for line in output
    ]
    room = min(max(map(len, names), default=0), max(width // 3, 8))
    is_mixed = len(set(names)) > 1
    lines: list[str] = []
    for name, line in zip(names, output, strict=True):
        start = f"{cut(name, room):<{room}}  " if is_mixed else ""
        # Never broken or cut: output of programs is to be read as it was written.
        rows = visible(line.message).split("\n")
        lines.extend(f"{start}{row}".rstrip() for row in rows)
    return lines


SIZE_ROOM, NAME_ROOM_MIN = 16, 12
"""Columns beside the name of a file, and those that a name has in any case."""


def file_lines(found: Iterable[Mapping[str, Any]], width: int) -> list[str]:
    """Return the files of a run, under the step that made each."""
    rows = list(found)
    longest = max((len(visible(row["name"])) for row in rows), default=0)
    room = min(longest, max(width - SIZE_ROOM, NAME_ROOM_MIN))
    lines, step = [], ""
    for row in rows:
        if row["step"] != step:
            step = row["step"]
            lines.append(visible(step))
        start = f"  {cut(visible(row['name']), room):<{room}}  {size(row['size']):>9}  "
        if width >= WIDE:
            start += f"{row['digest'][:12]}  "
        title = cut(row.get("title", ""), width - len(start)) if width - len(start) >= 12 else ""
        lines.append((start + title).rstrip())
    return lines
