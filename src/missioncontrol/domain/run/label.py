"""What tells a run apart from others of its workflow or mission: its inputs, in a few words."""

from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.domain.plan_answers import is_answer
from missioncontrol.domain.run.events import RunCreated

LABEL_MAX = 160
VALUE_MAX = 48
VALUES_MAX = 6
PLAN_STEP = "plan"


def label_of(event: RunCreated) -> str:
    """Return the label of a run as it is created; empty where nothing tells it apart."""
    text = _of_mission(event) if event.mission else inputs_in_words(event.inputs)
    return text if len(text) <= LABEL_MAX else f"{text[: LABEL_MAX - 1]}…"


def inputs_in_words(inputs: Mapping[str, Any]) -> str:
    """Return inputs as `name: value, name: value`; long values are cut, and the rest is counted."""
    shown = [
        f"{name}: {_value(value)}" for name, value in inputs.items() if value not in ("", None)
    ]
    left = len(shown) - VALUES_MAX
    return ", ".join([*shown[:VALUES_MAX], *([f"{left} more"] if left > 0 else [])])


def _of_mission(event: RunCreated) -> str:
    inputs, is_executed = event.inputs, event.inputs.get("execute", True)
    builder = str(inputs.get("builder", ""))
    if event.fork_of and event.forked_at == PLAN_STEP:
        what = "Plan again" if not is_executed else "Plan and execute again"
        answers = [text for text in inputs.get("constraints", ()) if is_answer(text)]
        return f"{what} with {'; '.join(map(_value, answers))}" if answers else what
    if event.fork_of:
        return f"Again from {event.forked_at}"
    if event.retry_of:
        kept = len(event.kept)
        what = f"Build with {builder}" if builder else "Execute the plan"
        return f"{what}, {kept} {'result' if kept == 1 else 'results'} reused"
    if not is_executed:
        return "Plan"
    return f"Plan and build with {builder}" if builder else "Plan and execute"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    plain = " ".join(text.split())
    return plain if len(plain) <= VALUE_MAX else f"{plain[: VALUE_MAX - 1]}…"
