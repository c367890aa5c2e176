"""Which trials an evaluation has, in which order, and as which run each is carried out."""

import hashlib
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from missioncontrol.domain.canonical import digest
from missioncontrol.domain.evaluation import SEED, EvaluationBegun, Played, Subject
from missioncontrol.domain.money import plain_dollars
from missioncontrol.evaluation.scenario import Caps

QUEUE_SECONDS_MAX = 300.0
"""An agent that takes no step for so long is not there; that is not the trial's fault."""

SEEDS = 2**31
STEP = "build"


class Trial(msgspec.Struct, frozen=True):
    """One scenario, once."""

    number: int
    scenario: int  # place among those of the plan
    repetition: int  # from 0
    seed: int  # its own; two agents get the same ones


def trials_of(begun: EvaluationBegun) -> list[Trial]:
    """Return all trials in the order in which they are carried out; numbers are theirs for good.

    The order is drawn by the seed, so that what changes on a machine with time is spread over all
    scenarios alike.
    """
    pairs = [(s, r) for r in range(begun.repeat) for s in range(len(begun.scenarios))]
    order = list(range(len(pairs)))
    Random(begun.seed).shuffle(order)  # noqa: S311 - an order, and no secret
    ids = [each.id for each in begun.scenarios]
    return [Trial(n, *pairs[n], _seed(begun.seed, ids[pairs[n][0]], pairs[n][1])) for n in order]


def _seed(seed: int, scenario: str, repetition: int) -> int:
    text = f"{seed}/{scenario}/{repetition}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % SEEDS


def plan_of(
    evaluation: str, subject: Subject, scenarios: Sequence[Played], repeat: int, seed: int
) -> EvaluationBegun:
    """Return the beginning of an evaluation, with the digest of its plan."""
    plan = digest(
        {
            "subject": msgspec.to_builtins(subject),
            "scenarios": msgspec.to_builtins(scenarios),
            "repeat": repeat,
            "seed": seed,
        }
    )
    return EvaluationBegun(evaluation, plan, subject, tuple(scenarios), repeat, seed)


def workflow_of(subject: Subject, caps: Caps, fixed: Mapping[str, str]) -> tuple[str, str]:
    """Return the name and the text of the workflow whose runs are trials of one scenario.

    Its name is a digest of its content, so that saving it again changes nothing. `fixed` are
    variables of a program that was named on the spot.
    """
    step: dict[str, Any] = {
        "title": "Do the task",
        "agent": subject.name,
        "with": _given(subject, fixed),
        "timeout": {
            "run": caps.seconds,
            "heartbeat": min(caps.quiet_seconds, caps.seconds),
            "queue": QUEUE_SECONDS_MAX,
            # The clock of an attempt stops while it waits for an answer; this one goes on.
            "total": caps.seconds + QUEUE_SECONDS_MAX,
        },
        "on_failure": "stop",
    }
    if budget := _budget(caps):
        step["budget"] = budget
    content: dict[str, Any] = {
        "description": "A trial of an evaluation.",
        "inputs": {
            "task": {"type": "string"},
            "tree": {"type": "path"},
            "home": {"type": "path"},
            SEED: {"type": "integer"},
        },
        "steps": {STEP: step},
    }
    name = f"trial-{digest(content)[:16]}"
    return name, msgspec.json.format(msgspec.json.encode({"name": name, **content})).decode()


def _given(subject: Subject, fixed: Mapping[str, str]) -> dict[str, Any]:
    task, tree = "${{ inputs.task }}", "${{ inputs.tree }}"
    if not subject.argv:
        return {"prompt": task, "repository": tree}
    argv = [each.replace("${{", "$${{") for each in subject.argv]
    home = "${{ inputs.home }}"
    return {
        "argv": argv,
        "repository": tree,
        "stdin": task,
        "reports": True,
        "output": "text",
        "env": {"HOME": home, "TMPDIR": f"{home}/temporary", **fixed},
    }


def _budget(caps: Caps) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if caps.tokens is not None:
        found["tokens"] = caps.tokens
    if caps.cost is not None:
        found["cost"] = f"{plain_dollars(caps.cost)} USD"
    return found
