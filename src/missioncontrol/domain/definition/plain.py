"""A definition as the plain values of a file again, and the digest of what it says."""

from typing import Any

import msgspec
from msgspec import UNSET

from missioncontrol.domain.canonical import digest
from missioncontrol.domain.definition.definition import (
    CONCURRENCY,
    Definition,
    Input,
    StepDefinition,
    Timeouts,
)
from missioncontrol.domain.definition.quantities import cost_in_words, duration_in_words
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.expression import strip_delimiters
from missioncontrol.domain.step import (
    ONCE,
    Amount,
    ApprovalRule,
    Escalation,
    Repeat,
    Retry,
    Slot,
)


def plain(definition: Definition) -> dict[str, Any]:
    """Return what a file would say, without what goes without saying; reading it gives the same."""
    limits: dict[str, Any] = {}
    if definition.concurrency != CONCURRENCY:
        limits["concurrency"] = definition.concurrency
    if definition.seconds_max:
        limits["timeout"] = duration_in_words(definition.seconds_max)
    fields = {
        "name": definition.name,
        "version": definition.version,
        "description": definition.description,
        "inputs": {name: plain_input(asked) for name, asked in definition.inputs.items()},
        "budget": _amount(definition.budget),
        **limits,
        "outputs": definition.outputs,
        "steps": {key: plain_step(step) for key, step in definition.steps.items()},
    }
    return {key: value for key, value in fields.items() if value or key in ("name", "steps")}


def content_digest(definition: Definition) -> str:
    """Return the SHA-256 of all that a definition says, apart from its version.

    The order of steps and inputs counts: it is the order in which they are shown.
    """
    content = plain(msgspec.structs.replace(definition, version=0))
    return digest([content, list(definition.inputs), list(definition.steps)])


def plain_input(asked: Input) -> dict[str, Any]:
    """Return what a file would say about an input."""
    fields: dict[str, Any] = {"type": asked.type}
    if asked.description:
        fields["description"] = asked.description
    if asked.default is not UNSET:
        fields["default"] = asked.default
    elif not asked.required:
        fields["required"] = False
    if asked.pattern:
        fields["pattern"] = asked.pattern
    if asked.enum:
        fields["enum"] = list(asked.enum)
    return fields


def plain_step(step: StepDefinition) -> dict[str, Any]:
    """Return what a file would say about a step."""
    fields = {
        "title": step.title,
        "agent": step.agent,
        "capability": step.capability,
        "workflow": step.workflow,
        "needs": list(step.needs),
        "if": step.condition,
        "for_each": in_marks(step.for_each) if isinstance(step.for_each, str) else step.for_each,
        "with": step.inputs,
        "risk": step.risk,
        "effects": list(step.effects),
        "approval": _approval(step.approval),
        "retry": _retry(step.retry),
        "timeout": _timeouts(step.timeout),
        "concurrency": _slot(step.slot) or step.concurrency,
        "on_failure": step.on_failure if step.on_failure != "stop" else "",
        "budget": _amount(step.budget),
        "model": step.model,
        "repeat": _repeat(step.repeat),
        "artifacts": list(step.artifacts),
    }
    is_empty_list = {"for_each"} if step.for_each == [] else set()
    return {key: value for key, value in fields.items() if value or key in is_empty_list}


def in_marks(source: str) -> str:
    """Return CEL with `${{ }}` around it, where it is the same expression then."""
    text = f"${{{{ {source} }}}}"
    try:
        return text if strip_delimiters(text) == source else source
    except Rejected:
        return source


def _amount(amount: Amount | None) -> dict[str, Any]:
    if amount is None:
        return {}
    fields: dict[str, Any] = {}
    if amount.cost is not None:
        fields["cost"] = cost_in_words(amount.cost)
    if amount.tokens is not None:
        fields["tokens"] = amount.tokens
    return fields


def _one_or_list(names: tuple[str, ...]) -> str | list[str]:
    return names[0] if len(names) == 1 else list(names)


def _approval(rule: ApprovalRule | None) -> dict[str, Any] | bool:
    if rule is None or rule == ApprovalRule():
        return rule is not None
    fields: dict[str, Any] = {"from": _one_or_list(rule.approvers)}
    if rule.count != 1:
        fields["count"] = rule.count
    fields["expires"] = duration_in_words(rule.expires_seconds)
    if rule.escalation is not None:
        fields["escalate"] = _escalation(rule.escalation)
    return fields


def _escalation(escalation: Escalation) -> dict[str, Any]:
    return {
        "after": duration_in_words(escalation.after_seconds),
        "to": _one_or_list(escalation.to),
    }


def _retry(retry: Retry) -> dict[str, Any] | int:
    if retry == ONCE:
        return 0
    if retry == Retry(retry.attempts):
        return retry.attempts
    return {
        "attempts": retry.attempts,
        "backoff": "fixed" if retry.factor == 1.0 else "exponential",
        "wait": duration_in_words(retry.wait_seconds),
        "max_wait": duration_in_words(retry.wait_seconds_max),
    }


def _timeouts(timeouts: Timeouts) -> dict[str, Any] | str | float:
    if timeouts == Timeouts(run=timeouts.run):
        return duration_in_words(timeouts.run) if timeouts.run else 0
    return {
        name: duration_in_words(seconds)
        for name, seconds in msgspec.structs.asdict(timeouts).items()
        if seconds
    }


def _slot(slot: Slot | None) -> dict[str, Any]:
    return {"key": slot.key, "limit": slot.limit} if slot else {}


def _repeat(repeat: Repeat | None) -> dict[str, Any]:
    if repeat is None:
        return {}
    uncounted = {"uncounted": repeat.uncounted} if repeat.uncounted else {}
    return {"until": repeat.until, "times": repeat.times, **uncounted}
