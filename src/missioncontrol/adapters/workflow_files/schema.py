"""The JSON Schema of workflow files, for completion and checks in editors."""

import json
from collections.abc import Mapping
from typing import Any

from missioncontrol.domain.agent import EFFECTS, MEANINGS
from missioncontrol.domain.definition import vocabulary as words
from missioncontrol.domain.definition.definition import (
    AGENT_NAME,
    CALL,
    CONCURRENCY,
    NAME,
    WORKFLOW_NAME,
)
from missioncontrol.domain.definition.input_reading import PATTERN_MAX
from missioncontrol.domain.definition.quantities import COST, DURATION, TOKENS_MAX
from missioncontrol.domain.definition.step_reading import (
    APPROVERS_MAX,
    ATTEMPTS_MAX,
    ITEMS_MAX,
    ROUNDS_MAX,
)
from missioncontrol.domain.definition.value_reader import (
    INPUTS_MAX,
    RESERVED,
    STEPS_MAX,
    VERSIONS_MAX,
)
from missioncontrol.domain.plan import BUILDER, ROLES
from missioncontrol.domain.step import ApprovalRule, Repeat, Retry
from missioncontrol.domain.workflow import CONCURRENCY_MAX

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
AGENTS = ("planner", *(role for role in ROLES if role != BUILDER), "command")
"""Offered for completion; any registered agent is valid."""


def json_schema() -> Schema:
    """Return the schema: every key with its description, values and bounds."""
    return {
        "$schema": DIALECT,
        "$id": "urn:missioncontrol:workflow",
        "title": "Mission Control workflow",
        "description": "Steps, the order in which they need each other, and what they may do.",
        **_object(
            words.WORKFLOW,
            {
                "name": _text(WORKFLOW_NAME),
                "version": _whole(1, VERSIONS_MAX),
                "description": _sentence(20_000),
                "inputs": _named({"$ref": "#/$defs/input"}, INPUTS_MAX),
                "budget": {"$ref": "#/$defs/budget"},
                "concurrency": {**_whole(1, CONCURRENCY_MAX), "default": CONCURRENCY},
                "timeout": {"$ref": "#/$defs/duration"},
                "outputs": _named({}, INPUTS_MAX),
                "steps": _steps(),
            },
            required=["name", "steps"],
        ),
        "$defs": _definitions(),
    }


def json_schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _definitions() -> dict[str, Schema]:
    return {
        "duration": _duration(),
        "condition": _condition(),
        "people": _one_or_list(_sentence(200), APPROVERS_MAX, least=1),
        "budget": _budget(),
        "input": _input(),
        "step": _step(),
        "approval": _approval(),
        "retry": _retry(),
        "timeouts": _timeouts(),
        "concurrency": _concurrency(),
        "repeat": _repeat(),
    }


def _object(
    keys: Mapping[str, str], schemas: Mapping[str, Schema], required: list[str] | None = None
) -> Schema:
    """Return an object with these keys and no others, each with its description."""
    properties = {key: {"description": meaning, **schemas[key]} for key, meaning in keys.items()}
    known: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**known, "required": required} if required else known


def _text(pattern: str, most: int | None = None) -> Schema:
    bound = {} if most is None else {"maxLength": most}
    return {"type": "string", "pattern": f"^(?:{pattern})$", **bound}


def _sentence(most: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _one_or_list(one: Schema, most: int, least: int = 0) -> Schema:
    bounds = {"minItems": least, "maxItems": most} if least else {"maxItems": most}
    several = {"type": "array", "items": one, "uniqueItems": True, **bounds}
    return {"anyOf": [one, several]}


def _named(one: Schema, most: int) -> Schema:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME}$"},
        "additionalProperties": one,
        "maxProperties": most,
    }


def _steps() -> Schema:
    steps = _named({"$ref": "#/$defs/step"}, STEPS_MAX)
    names = {"pattern": f"^{NAME}$", "not": {"enum": list(RESERVED)}}
    return {**steps, "propertyNames": names, "minProperties": 1}


def _duration() -> Schema:
    return {
        "description": "30s, 10m, 1h30m, 2d, 500ms, or a number of seconds.",
        "anyOf": [_text(f"(?=.*[1-9])(?:{DURATION})"), {"type": "number", "exclusiveMinimum": 0}],
        "examples": ["30s", "10m", "1h30m", "2d"],
    }


def _condition() -> Schema:
    return {
        "anyOf": [{"type": "string", "minLength": 1}, {"type": "boolean"}],
        "examples": ["steps.test.output.passed", "failure()", "always()"],
    }


def _budget() -> Schema:
    cost = {"anyOf": [_text(COST), {"type": "number", "minimum": 0}], "examples": ["2.00 USD"]}
    found = _object(words.BUDGET, {"cost": cost, "tokens": _whole(0, TOKENS_MAX)})
    return {**found, "minProperties": 1}


def _input() -> Schema:
    types = ["string", "integer", "number", "boolean", "path", "list", "object", "any"]
    return _object(
        words.INPUT,
        {
            "type": {"enum": types, "default": "string"},
            "description": _sentence(20_000),
            "default": {},
            "pattern": _sentence(PATTERN_MAX),
            "enum": {"type": "array", "minItems": 1, "uniqueItems": True},
            "required": {"type": "boolean"},
        },
    )


def _step() -> Schema:
    key = _text(NAME)
    agent = {"anyOf": [{"enum": list(AGENTS)}, _text(AGENT_NAME)]}
    effects = [{"const": name, "description": MEANINGS[name].meaning} for name in EFFECTS]
    step = _object(
        words.STEP,
        {
            "title": _sentence(300),
            "agent": agent,
            "capability": _text(AGENT_NAME),
            "workflow": _text(CALL),
            "needs": _one_or_list(key, STEPS_MAX),
            "with": {"type": "object"},
            "if": {"$ref": "#/$defs/condition"},
            "for_each": {
                "anyOf": [{"type": "string", "minLength": 1}, {"type": "array"}],
                "maxItems": ITEMS_MAX,
                "examples": ["${{ steps.survey.output.packages }}"],
            },
            "risk": {"enum": ["read", "write", "irreversible"]},
            "effects": _one_or_list({"anyOf": effects}, len(effects)),
            "approval": {"$ref": "#/$defs/approval"},
            "retry": {"$ref": "#/$defs/retry"},
            "timeout": {"$ref": "#/$defs/timeouts"},
            "concurrency": {"$ref": "#/$defs/concurrency"},
            "on_failure": {"anyOf": [{"enum": ["stop", "continue"]}, key], "default": "stop"},
            "budget": {"$ref": "#/$defs/budget"},
            "model": _sentence(200),
            "repeat": {"$ref": "#/$defs/repeat"},
            "artifacts": _one_or_list(_sentence(300), 1000),
        },
    )
    return {
        **step,
        "oneOf": [{"required": [each]} for each in words.DONE_BY],
        "dependentSchemas": {"workflow": {"properties": _no_part_of_a_call()}},
    }


def _no_part_of_a_call() -> Schema:
    return {
        "retry": False,
        "artifacts": False,
        "model": False,
        "concurrency": {"type": "integer"},
        "timeout": {"properties": {"queue": False, "heartbeat": False}},
    }


def _approval() -> Schema:
    rule = ApprovalRule()
    people = {"$ref": "#/$defs/people"}
    later = _object(
        words.ESCALATE,
        {"after": {"$ref": "#/$defs/duration"}, "to": people},
        required=["after", "to"],
    )
    form = _object(
        words.APPROVAL,
        {
            "from": {**people, "default": rule.approvers[0]},
            "count": {**_whole(1, APPROVERS_MAX), "default": rule.count},
            "expires": {"$ref": "#/$defs/duration", "default": "7d"},
            "escalate": later,
        },
    )
    return {"anyOf": [{"const": True}, form]}


def _retry() -> Schema:
    once = Retry()
    attempts = {**_whole(1, ATTEMPTS_MAX), "default": once.attempts}
    form = _object(
        words.RETRY,
        {
            "attempts": attempts,
            "backoff": {"enum": ["fixed", "exponential"], "default": "exponential"},
            "wait": {"$ref": "#/$defs/duration", "default": once.wait_seconds},
            "max_wait": {"$ref": "#/$defs/duration", "default": once.wait_seconds_max},
        },
    )
    return {"anyOf": [attempts, form]}


def _timeouts() -> Schema:
    duration = {"$ref": "#/$defs/duration"}
    return {"anyOf": [duration, _object(words.TIMEOUT, dict.fromkeys(words.TIMEOUT, duration))]}


def _concurrency() -> Schema:
    places = _whole(1, CONCURRENCY_MAX)
    form = _object(
        words.CONCURRENCY,
        {"key": _sentence(300), "limit": {**places, "default": 1}},
        required=["key"],
    )
    return {"anyOf": [places, form]}


def _repeat() -> Schema:
    return _object(
        words.REPEAT,
        {
            "until": {"$ref": "#/$defs/condition"},
            "times": {**_whole(1, ROUNDS_MAX), "default": Repeat("").times},
            "uncounted": {"$ref": "#/$defs/condition"},
        },
        required=["until"],
    )
