"""Reads what a workflow file says about one of its steps."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from missioncontrol.domain.definition import vocabulary
from missioncontrol.domain.definition.definition import (
    AGENT_NAME,
    CALL,
    NAME,
    StepDefinition,
    Timeouts,
)
from missioncontrol.domain.definition.fault import quoted
from missioncontrol.domain.definition.quantities import TOKENS_MAX, cost_of, seconds_of
from missioncontrol.domain.definition.source_location import (
    MISSING,
    Missing,
    Reader,
    Spot,
    choice,
    fields,
    measured,
    several,
    text,
    whole,
    word,
)
from missioncontrol.domain.definition.templates import MARK, is_template
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.expression import strip_delimiters
from missioncontrol.domain.person import can_decide, person
from missioncontrol.domain.step import (
    Amount,
    ApprovalRule,
    Escalation,
    Repeat,
    Retry,
    Slot,
)
from missioncontrol.domain.workflow import CONCURRENCY_MAX

ATTEMPTS_MAX = 100
ROUNDS_MAX = 1000
ITEMS_MAX = 10_000
APPROVERS_MAX = 100
NAME_IN_WORDS = "letters, digits, `_` and `-`, a letter or `_` first, at most 64"
ANYBODY = "approver"
"""The role that any number of people may have."""


def read_step(spot: Spot) -> StepDefinition:
    """Read one step; one that can't be read is still there for those that need it."""
    parts = spot.known_parts(vocabulary.STEP, "{agent: surveyor}", vocabulary.OTHER_TERMS)
    if not isinstance(spot.value, dict):
        return StepDefinition()
    found = fields(parts, _STEP)
    _check_who(spot, parts)
    if "workflow" in parts:
        _check_call(parts)
    if "concurrency" in parts:
        found.update(_read_concurrency(parts["concurrency"], has_items="for_each" in parts))
    return StepDefinition(**found)


def _check_who(spot: Spot, parts: Mapping[str, Spot]) -> None:
    named = [key for key in vocabulary.DONE_BY if key in parts]
    if not named:
        spot.refuse(
            "It does not say who does it.", "Give `agent: NAME`, `capability: …` or `workflow: …`."
        )
    for key in named[1:]:
        parts[key].refuse(
            f"`{named[0]}` says already who does it.", f"Leave `{key}` or `{named[0]}` out."
        )


def _check_call(parts: dict[str, Spot]) -> None:
    """Take down what a call has no use for: it never waits in a queue and has no attempts."""
    if "retry" in parts:
        parts["retry"].refuse(
            "A retry is of an attempt, and a called workflow has none.",
            "Use `repeat`, or put `retry` on the steps of the workflow.",
        )
    if "concurrency" in parts and isinstance(parts["concurrency"].value, dict):
        parts["concurrency"].refuse(
            "An attempt holds a key, and a called workflow has no attempt.",
            "Put it on the steps of the workflow.",
        )
    limits = parts["timeout"].value if "timeout" in parts else None
    for name, meaning in (("queue", "waits in no queue"), ("heartbeat", "has no heartbeat")):
        if isinstance(limits, dict) and name in limits:
            parts["timeout"].under(name).refuse(
                f"A called workflow {meaning}.",
                f"Put `{name}` on its steps; `run` and `total` limit the call.",
            )


def read_amount(spot: Spot) -> Amount | Missing:
    """Read a budget."""
    parts = spot.known_parts(vocabulary.BUDGET, "{cost: 2.00 USD, tokens: 400000}")
    found = fields(parts, _BUDGET)
    if isinstance(spot.value, dict) and not spot.value:
        spot.refuse("It limits nothing.", "Give `cost`, `tokens` or both.")
    return Amount(**found) if found else MISSING


def _read_inputs(spot: Spot) -> dict[str, Any] | Missing:
    if isinstance(spot.value, dict):
        return spot.value
    return spot.not_a("an object, such as {repository: /work/app}")


def read_condition(spot: Spot) -> str | Missing:
    """Read a CEL condition, with or without `${{ }}` around it."""
    if isinstance(spot.value, bool):
        return "true" if spot.value else "false"
    if not isinstance(spot.value, str):
        return spot.not_a("a condition in CEL, such as steps.test.output.passed")
    return _read_expression(spot)


def _read_expression(spot: Spot) -> str | Missing:
    try:
        source = strip_delimiters(spot.value)
    except Rejected as error:
        return spot.refuse(error.reason, error.hint)
    if not source:
        return spot.refuse("The expression is empty.", "Write one, or leave the key out.")
    if MARK in source:
        return spot.refuse(
            "${{ }} stands around a part of it.",
            "All of it is one expression: put ${{ }} around the whole, or leave it out.",
        )
    return source


def _read_items(spot: Spot) -> Any:
    if isinstance(spot.value, str):
        return _read_expression(spot)
    items = spot.items("a list, or an expression that gives one")
    if len(items) > ITEMS_MAX:
        return spot.refuse(f"It has {len(items):,} items; at most {ITEMS_MAX:,} fit.")
    for item in items:
        if is_template(item.value):
            item.refuse(
                "Items of a list are plain values; nothing in ${{ }} is worked out in them.",
                "Make all of it one expression: for_each: '${{ [inputs.a, inputs.b] }}'.",
            )
    return spot.value if isinstance(spot.value, list) else MISSING


def _read_approver(spot: Spot) -> str | Missing:
    if not isinstance(spot.value, str):
        return spot.not_a_text("the name of a person or a role")
    if person(spot.value) != ANYBODY and not can_decide(spot.value):
        return spot.refuse(
            f"{ascii(spot.value)[:80]} is no name of a person.",
            "Name people, such as alice, or the role `approver`.",
        )
    name = person(spot.value)
    if name != ANYBODY and get_close_matches(name, [ANYBODY], cutoff=0.85):
        return spot.refuse(
            f"{quoted(spot.value)} counts as a person of that name.",
            f"Did you mean the role `{ANYBODY}`, which stands for anybody?",
        )
    return spot.value


_read_approvers = several(_read_approver, "names of people or roles", APPROVERS_MAX)


def _read_approval(spot: Spot) -> ApprovalRule | Missing:
    if spot.value is True:
        return ApprovalRule()
    if spot.value is False:
        return spot.refuse(
            "No step is freed from asking by `approval: false`.",
            "Leave the key out; what can't be undone is asked for anyway.",
        )
    parts = spot.known_parts(vocabulary.APPROVAL, "{from: approver, expires: 3d}, or true")
    if not isinstance(spot.value, dict):
        return MISSING
    known = len(spot.faults.found)
    rule = ApprovalRule(**fields(parts, _APPROVAL))
    if len(spot.faults.found) == known:
        _check_rule(rule, spot, parts)
    return rule


def _check_rule(rule: ApprovalRule, spot: Spot, parts: dict[str, Spot]) -> None:
    later = rule.escalation.to if rule.escalation else ()
    people = {person(name) for name in (*rule.approvers, *later)}
    if not rule.approvers or (rule.escalation and not later):
        spot.refuse("It names no approver.", "Give one: `from: approver` or `from: [alice]`.")
    elif ANYBODY not in people and rule.count > len(people):
        parts["count"].refuse(
            f"{rule.count} must agree and only {len(people)} could: {', '.join(sorted(people))}.",
            "Name more people, or ask for fewer.",
        )
    elif rule.escalation and rule.escalation.after_seconds >= rule.expires_seconds:
        parts["escalate"].refuse(
            "The question has expired by then, so the escalation never takes effect.",
            "Escalate earlier, or set a later expiry.",
        )


def _read_escalation(spot: Spot) -> Escalation | Missing:
    parts = spot.known_parts(vocabulary.ESCALATE, "{after: 1d, to: bob}")
    found = fields(parts, _ESCALATE)
    if isinstance(spot.value, dict):
        for key in vocabulary.ESCALATE:
            if key not in spot.value:
                spot.refuse(f"It has no `{key}`.", "Write {after: 1d, to: bob}, for instance.")
    return Escalation(**found) if len(found) == len(_ESCALATE) else MISSING


def _read_retry(spot: Spot) -> Retry | Missing:
    if isinstance(spot.value, int | float):
        attempts = whole(1, ATTEMPTS_MAX)(spot)
        return attempts if isinstance(attempts, Missing) else Retry(attempts)
    parts = spot.known_parts(vocabulary.RETRY, "{attempts: 3, wait: 10s}, or a number of attempts")
    if not isinstance(spot.value, dict):
        return MISSING
    found = fields(parts, _RETRY)
    backoff = found.pop("backoff", "exponential")
    found["factor"] = 1.0 if backoff == "fixed" else Retry().factor
    # A single long wait is meant as it stands; the usual ceiling is for waits that have grown.
    ceiling = max(Retry().wait_seconds_max, found.get("wait_seconds", 0.0))
    retry = Retry(**{"wait_seconds_max": ceiling, **found})
    if retry.wait_seconds > retry.wait_seconds_max:
        parts["max_wait"].refuse("It is shorter than `wait`.", "Make it at least as long.")
    return retry


def _read_timeouts(spot: Spot) -> Timeouts | Missing:
    if isinstance(spot.value, dict):
        parts = spot.known_parts(vocabulary.TIMEOUT, "{run: 10m, total: 2h}")
        return Timeouts(**fields(parts, _TIMEOUT))
    seconds = measured(seconds_of)(spot)
    return seconds if isinstance(seconds, Missing) else Timeouts(run=seconds)


def _read_concurrency(spot: Spot, *, has_items: bool) -> dict[str, Any]:
    if isinstance(spot.value, dict):
        parts = spot.known_parts(vocabulary.CONCURRENCY, "{key: deploy, limit: 1}")
        found = fields(parts, _SLOT)
        if "key" not in spot.value:
            spot.refuse("It has no `key`.", "Name what is shared: {key: deploy, limit: 1}.")
        return {"slot": Slot(**found)} if "key" in found else {}
    limit = whole(1, CONCURRENCY_MAX)(spot)
    if isinstance(limit, Missing):
        return {}
    if not has_items:
        spot.refuse(
            "It bounds the items of `for_each`, and this step has none.",
            "Leave it out, or share places by a key: {key: deploy, limit: 1}.",
        )
    return {"concurrency": limit}


def _read_repeat(spot: Spot) -> Repeat | Missing:
    parts = spot.known_parts(vocabulary.REPEAT, "{until: output.passed, times: 5}")
    found = fields(parts, _REPEAT)
    if isinstance(spot.value, dict) and "until" not in spot.value:
        spot.refuse("It has no `until`.", "Give a condition: {until: output.passed, times: 5}.")
    return Repeat(**found) if "until" in found else MISSING


def _read_artifact(spot: Spot) -> str | Missing:
    if not isinstance(spot.value, str):
        return spot.not_a_text("the name of a file")
    parts = spot.value.split("/")
    if "\0" in spot.value or any(part in ("", ".", "..") for part in parts):
        return spot.refuse(
            "A file is named by a relative path with `/`, without empty parts, `.` and `..`.",
            "Write report.json or reports/a.json, for instance.",
        )
    if len(spot.value) > 300 or not spot.value.isprintable():
        return spot.refuse("A file's name is printable and has at most 300 characters.")
    return spot.value


def _read_call(spot: Spot) -> str | Missing:
    if isinstance(spot.value, str) and re.fullmatch(CALL, spot.value, re.ASCII):
        return spot.value
    return spot.not_a("the name of a workflow, as release-check or release-check@3")


_read_agent = word(AGENT_NAME, "a name of letters, digits and `_.:/-`, a letter or `_` first")
_read_key = word(NAME, f"the name of a step: {NAME_IN_WORDS}")

_STEP: dict[str, tuple[str, Reader[Any]]] = {
    "title": ("title", text(300)),
    "agent": ("agent", _read_agent),
    "capability": ("capability", _read_agent),
    "workflow": ("workflow", _read_call),
    "needs": ("needs", several(_read_key, "names of steps")),
    "with": ("inputs", _read_inputs),
    "if": ("condition", read_condition),
    "for_each": ("for_each", _read_items),
    "risk": ("risk", choice("read", "write", "irreversible")),
    "effects": ("effects", several(_read_agent, "names of effects")),
    "approval": ("approval", _read_approval),
    "retry": ("retry", _read_retry),
    "timeout": ("timeout", _read_timeouts),
    "on_failure": ("on_failure", word(NAME, "stop, continue or the name of a step")),
    "budget": ("budget", read_amount),
    "model": ("model", text(200)),
    "repeat": ("repeat", _read_repeat),
    "artifacts": ("artifacts", several(_read_artifact, "names of files", 1000)),
}
_BUDGET: dict[str, tuple[str, Reader[Any]]] = {
    "cost": ("cost", measured(cost_of)),
    "tokens": ("tokens", whole(0, TOKENS_MAX)),
}
_APPROVAL: dict[str, tuple[str, Reader[Any]]] = {
    "from": ("approvers", _read_approvers),
    "count": ("count", whole(1, APPROVERS_MAX)),
    "expires": ("expires_seconds", measured(seconds_of)),
    "escalate": ("escalation", _read_escalation),
}
_ESCALATE: dict[str, tuple[str, Reader[Any]]] = {
    "after": ("after_seconds", measured(seconds_of)),
    "to": ("to", _read_approvers),
}
_RETRY: dict[str, tuple[str, Reader[Any]]] = {
    "attempts": ("attempts", whole(1, ATTEMPTS_MAX)),
    "backoff": ("backoff", choice("fixed", "exponential")),
    "wait": ("wait_seconds", measured(seconds_of)),
    "max_wait": ("wait_seconds_max", measured(seconds_of)),
}
_TIMEOUT: dict[str, tuple[str, Reader[Any]]] = {
    name: (name, measured(seconds_of)) for name in vocabulary.TIMEOUT
}
_SLOT: dict[str, tuple[str, Reader[Any]]] = {
    "key": ("key", text(300)),
    "limit": ("limit", whole(1, CONCURRENCY_MAX)),
}
_REPEAT: dict[str, tuple[str, Reader[Any]]] = {
    "until": ("until", read_condition),
    "times": ("times", whole(1, ROUNDS_MAX)),
    "uncounted": ("uncounted", read_condition),
}
