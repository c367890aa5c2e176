"""Random workflow files, with conditions whose truth can be worked out without an engine."""

import hashlib
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

INPUTS: dict[str, Any] = {
    "yes": {"type": "any", "default": True},
    "no": {"type": "any", "default": False},
    "few": {"type": "any", "default": [1]},
    "word": {"type": "any", "default": "text"},
}


class Broken(Exception):
    """An expression that can't be worked out."""


class Standing(NamedTuple):
    """What a condition can see."""

    success: bool
    failure: bool
    outputs: Mapping[str, Any]  # of the steps around it


def _breaks(_: Standing) -> bool:
    raise Broken


CONDITIONS: dict[str, Callable[[Standing], bool]] = {
    "inputs.yes": lambda s: True,
    "inputs.no": lambda s: False,
    "success()": lambda s: s.success,
    "always()": lambda s: True,
    "always() && inputs.no": lambda s: False,
    "failure()": lambda s: s.failure,
    "failure() || success()": lambda s: s.failure or s.success,
    "inputs.few[9] == 1": _breaks,
    "inputs.word": _breaks,
    "always() && inputs.few[9] == 1": _breaks,
}
WEIGHTS = (12, 2, 4, 10, 1, 6, 6, 1, 1, 1)


def above(key: str, least: int) -> Callable[[Standing], bool]:
    """Return what `steps.KEY.output.v > LEAST` comes to."""

    def holds(standing: Standing) -> bool:
        output = standing.outputs.get(key)
        if not isinstance(output, dict) or "v" not in output:
            raise Broken
        return bool(output["v"] > least)

    return holds


class Family(NamedTuple):
    """A workflow, those that it calls, and what their conditions come to."""

    top: dict[str, Any]
    called: list[dict[str, Any]]  # each before those that call it
    conditions: dict[str, Callable[[Standing], bool]]

    @property
    def texts(self) -> list[str]:
        """The files of all of them, the top one last."""
        return [json.dumps(each) for each in (*self.called, self.top)]


def random_family(chance: Random, size: int) -> Family:
    """Return a workflow of `size` steps that may call two small ones, one the other."""
    conditions = dict(CONDITIONS)
    called: list[dict[str, Any]] = []
    for name in ("inner", "outer"):
        known = [each["name"] for each in called]
        called.append(_workflow(chance, name, chance.randint(1, 4), known, conditions))
    known = [each["name"] for each in called]
    return Family(_workflow(chance, "top", size, known, conditions), called, conditions)


def _workflow(
    chance: Random,
    name: str,
    size: int,
    callable_: list[str],
    conditions: dict[str, Callable[[Standing], bool]],
) -> dict[str, Any]:
    steps: dict[str, Any] = {}
    keys = [f"s{n}" for n in range(size)]
    for number, key in enumerate(keys):
        steps[key] = _step(chance, keys, number, steps, callable_, conditions)
    outputs = {"v": chance.choice(["${{ 5 }}", _by_state(keys[-1]), _by_output(keys[-1])])}
    return {
        "name": name,
        "inputs": INPUTS,
        "concurrency": chance.choice([1, 7, 64]),
        "outputs": outputs,
        "steps": steps,
    }


def _by_state(key: str) -> str:
    return f"${{{{ steps.{key}.state == 'succeeded' ? 9 : 0 }}}}"


def _by_output(key: str) -> str:
    return f"${{{{ steps.{key}.output.v }}}}"


def _step(
    chance: Random,
    keys: list[str],
    number: int,
    before: dict[str, Any],
    callable_: list[str],
    conditions: dict[str, Callable[[Standing], bool]],
) -> dict[str, Any]:
    near = keys[max(0, number - 12) : number]
    needs = chance.sample(near, min(len(near), chance.choice([0, 1, 1, 2, 3])))
    step: dict[str, Any] = {"needs": needs} if needs else {}
    if callable_ and chance.random() < 0.06:
        step["workflow"] = chance.choice(callable_)
    else:
        step["agent"] = "hand"
    if chance.random() < 0.3:
        step["if"] = _condition(chance, needs, conditions)
    if chance.random() < 0.1:
        step["for_each"] = _items(chance, needs)
        if chance.random() < 0.5:
            step["concurrency"] = chance.randint(1, 2)
    if chance.random() < 0.1:
        step["repeat"] = {"until": chance.choice(["output.v > 6", "output.v >= 0", "output.w"])}
        step["repeat"]["times"] = chance.randint(1, 3)
    if "agent" in step and chance.random() < 0.2:
        step["retry"] = {"attempts": chance.randint(2, 3), "wait": "1ms", "max_wait": "1ms"}
    if chance.random() < 0.3:
        later = keys[number + 1 : number + 6]
        step["on_failure"] = chance.choice(["continue", "continue", *later])
    return step


def _condition(
    chance: Random, needs: list[str], conditions: dict[str, Callable[[Standing], bool]]
) -> str:
    if needs and chance.random() < 0.3:
        key, least = chance.choice(needs), chance.randint(-1, 8)
        text = chance.choice(["", "always() && "]) + f"steps.{key}.output.v > {least}"
        conditions[text] = above(key, least)
        return text
    return chance.choices(list(CONDITIONS), WEIGHTS)[0]


def _items(chance: Random, needs: list[str]) -> Any:
    if needs and chance.random() < 0.5:
        return f"${{{{ steps.{chance.choice(needs)}.output.list }}}}"
    return list(range(chance.randint(0, 3)))


class Deed(NamedTuple):
    """What an attempt comes to."""

    fails: bool
    is_final: bool
    output: dict[str, Any]
    tokens: int


def deed(key: str, attempt: int) -> Deed:
    """Return what attempt `attempt` under an idempotency key comes to: always the same."""
    drawn = hashlib.sha256(f"{key} {attempt}".encode()).digest()
    output = {"v": drawn[2] % 10, "list": list(range(drawn[3] % 3))}
    return Deed(drawn[0] < 18, drawn[1] < 50, output, drawn[4] % 5)
