"""What a step's own words mean: whether it is plain, looks at failures, and what it becomes."""

import json
import re
from typing import Any

Step = dict[str, Any]
"""A step as the log tells it, without what it leaves unsaid."""

LOOKS_ON = re.compile(r"\b(always|failure)\(\)")
DROPPED_BY_ITEMS = (
    "needs",
    "runs_after",
    "when",
    "for_each",
    "concurrency",
    "handles",
    "on_failure",
    "total_seconds_max",
)
"""What holds for a step as a whole and not for each of its items."""


def is_plain(step: Step) -> bool:
    """Whether nothing has to be worked out before it starts."""
    worked_out = ("when", "body", "slots", "handles", "approval", "for_each")
    if any(step.get(name) not in (None, "", []) for name in worked_out) or "for_each" in step:
        return False
    return not has_expressions(step.get("inputs", {}))


def in_short(step: Step) -> Step:
    """Return a step without what says nothing, so that two can be compared."""
    says_something = ("index", "item", "for_each", "approval", "spending")
    return {
        name: value
        for name, value in step.items()
        if name in says_something or value not in (None, "", 0, [], {})
    }


def has_expressions(template: Any) -> bool:
    """Whether anything in a value is to be worked out."""
    return "${{" in json.dumps(template)


def looks_on(step: Step) -> bool:
    """Whether it looks at how its needs ended, and so runs on after a failure."""
    return LOOKS_ON.search(step.get("when", "")) is not None


def becomes_others(step: Step) -> bool:
    """Whether it becomes other steps and has no attempts of its own."""
    return bool(step.get("body")) or step.get("for_each") is not None


def of_items(run: str, step: Step, prefix: str, items: list[Any]) -> list[Step]:
    """Return the steps that a step with `for_each` has to become."""
    inherited = {name: value for name, value in step.items() if name not in DROPPED_BY_ITEMS}
    if step.get("concurrency") and not step.get("body"):
        shared: Step = {"key": f"{run}/{step['key']}"}
        if step["concurrency"] != 1:
            shared["limit"] = step["concurrency"]
        inherited["slots"] = [*inherited.get("slots", ()), shared]
    return [
        {
            **inherited,
            "key": f"{prefix}[{index}]",
            "parent": step["key"],
            "index": index,
            **({} if item is None else {"item": item}),
        }
        for index, item in enumerate(items)
    ]


def of_call(step: Step, prefix: str) -> list[Step]:
    """Return the steps that a step which calls a workflow has to become."""

    def within(names: list[str]) -> list[str]:
        return [f"{prefix}/{name}" for name in names]

    return [
        {
            **inner,
            "key": f"{prefix}/{inner['key']}",
            **{name: within(inner[name]) for name in ("needs", "handles") if inner.get(name)},
            "parent": step["key"],
            "scope": prefix,
        }
        for inner in step["body"]
    ]
