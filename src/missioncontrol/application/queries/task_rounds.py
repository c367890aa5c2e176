"""What agents did for one task in a run: each round with its steps, and what was found."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from missioncontrol.domain.run.states import Failed, Run, Succeeded

ROUNDS_MAX = 50
FINDINGS_MAX = 100
"""Of one step; what agents say has no other bound than that of their answer."""

TEXT_MAX = 2_000
STEPS = ("manage", "build", "test", "inspect", "review", "merge")


class FindingRow(msgspec.Struct, frozen=True):
    """Something that was found, in the words of who found it."""

    message: str
    path: str
    line: int  # 0 where it is of no line
    blocks: bool  # whether the change can't go in with it
    rule: str  # "" where no rule says so


class StepRow(msgspec.Struct, frozen=True):
    """A step of a round."""

    key: str  # in the run
    name: str  # manage, build, test, inspect, review or merge
    agent: str
    state: str
    says: str  # what it hands in, or why it failed
    findings: list[FindingRow]


class RoundRow(msgspec.Struct, frozen=True):
    """One round: what was built, and what others thought of it."""

    number: int
    steps: list[StepRow]


def rounds_of(run: Run, task: int) -> list[RoundRow]:
    """Return the rounds of a task in a run, the first one first."""
    pattern = re.compile(rf"task-{task}(?:#(\d+))?/({'|'.join(STEPS)})")
    found: dict[int, list[StepRow]] = {}
    for key in run.steps:
        place = pattern.fullmatch(key)
        if place is not None:
            found.setdefault(int(place[1] or 1), []).append(_step(key, place[2], run))
    return [
        RoundRow(number, sorted(found[number], key=lambda step: STEPS.index(step.name)))
        for number in sorted(found)[:ROUNDS_MAX]
    ]


def _step(key: str, name: str, run: Run) -> StepRow:
    state = run.states[key]
    says, findings = "", list[FindingRow]()
    if isinstance(state, Failed):
        says = state.failure.reason
    elif isinstance(state, Succeeded):
        says = state.work.summary
        findings = list(_findings(state.work.output))
    word = type(state).__name__.lower()
    return StepRow(key, name, run.steps[key].agent, word, says[:TEXT_MAX], findings)


def _findings(output: Any) -> Iterator[FindingRow]:
    """Yield the findings of an answer; those of some agents lie a level below.

    An agent's answer is checked against the form before anything of it is shown.
    """
    if not isinstance(output, Mapping):
        return
    findings = output.get("findings")
    if not isinstance(findings, list):
        below = (each for each in output.values() if isinstance(each, Mapping))
        findings = next((each["findings"] for each in below if "findings" in each), None)
    for each in findings[:FINDINGS_MAX] if isinstance(findings, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("message"), str):
            line, blocks = each.get("line"), each.get("blocking")
            yield FindingRow(
                each["message"][:TEXT_MAX],
                _text(each.get("path")),
                line if isinstance(line, int) else 0,
                blocks if isinstance(blocks, bool) else True,
                _text(each.get("rule")),
            )


def _text(value: Any) -> str:
    return value[:TEXT_MAX] if isinstance(value, str) else ""
