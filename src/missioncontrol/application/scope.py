"""What an expression of a step sees: inputs, earlier steps, its item, its run."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.expression import filled, references, strip_delimiters
from missioncontrol.domain.run.needs_outcome import standing
from missioncontrol.domain.run.states import Failed, Run, Skipped, StepState, Succeeded
from missioncontrol.domain.step import Step, name_in
from missioncontrol.ports.expressions import Expressions, Standing

ROUND = re.compile(r"#[0-9]+$")


class Outputs(msgspec.Struct, frozen=True):
    """What a run hands back, by name."""

    values: dict[str, Any] = msgspec.field(default_factory=dict)
    faults: dict[str, Rejected] = msgspec.field(default_factory=dict)  # why others are not there


class Scopes:
    """Evaluates expressions in the scope of a step."""

    def __init__(self, expressions: Expressions) -> None:
        """`expressions` knows the language and nothing of runs."""
        self._expressions = expressions

    def value(self, run: Run, step: Step, source: str, **more: Any) -> Any:
        """Return what `source` comes to for `step`; `more` are further names.

        Raises:
            Rejected: `expression.failed`.
        """
        source = strip_delimiters(source)
        names = self._names(run, step, step.scope, source)
        return self._expressions.evaluate(source, {**names, **more}, standing_of(run, step))

    def filled(self, run: Run, step: Step, template: Any, *, within: str | None = None) -> Any:
        """Return `template` with its expressions replaced; `within` is another scope than its own.

        Raises:
            Rejected: `expression.failed`.
        """
        scope = step.scope if within is None else within

        def evaluate(source: str) -> Any:
            names = self._names(run, step, scope, source)
            return self._expressions.evaluate(source, names, standing_of(run, step))

        return filled(template, evaluate)

    def foreseen(self, run: Run, template: Any, names: Mapping[str, Any]) -> Any:
        """Return `template` filled in by `names` and what is known of the run from its beginning.

        Raises:
            Rejected: `expression.failed`.
        """
        known = {**names, "run": _run(run)}
        return filled(template, lambda source: self._expressions.evaluate(source, known))

    def outputs(self, run: Run) -> Outputs:
        """Return what the run hands back, and why the rest of it can't be worked out."""

        def evaluate(source: str) -> Any:
            names = {
                "inputs": dict(run.inputs),
                "steps": _steps(run, "", source),
                "run": _run(run),
            }
            return self._expressions.evaluate(source, names)

        found = Outputs()
        for name, template in run.outputs.items():
            try:
                found.values[name] = filled(template, evaluate)
            except Rejected as error:
                found.faults[name] = error
        return found

    def _names(self, run: Run, step: Step, scope: str, source: str) -> dict[str, Any]:
        """Return the names that `source` may use; of the steps, only those that it names."""
        return {
            "inputs": inputs_in(run, scope),
            "steps": _steps(run, scope, source),
            "item": step.item,
            "index": step.index,
            "run": _run(run),
            "previous": run.previous.get(step.key),
        }


def inputs_in(run: Run, scope: str) -> Mapping[str, Any]:
    """Return the inputs of the run, or of the call whose steps live in `scope`."""
    return dict(run.inputs) if not scope else run.inputs_of.get(ROUND.sub("", scope), {})


def standing_of(run: Run, step: Step) -> Standing:
    """Say how the needs of `step` ended, for `success()` and `failure()`."""
    kinds = {standing(run, need) for need in step.needs}
    return Standing(success=kinds <= {"good"}, failure="failed" in kinds)


def _steps(run: Run, scope: str, source: str) -> dict[str, Any]:
    named = {ref.path[1] for ref in references(source) if ref.path[0] == "steps" and ref.path[1:]}
    found = {}
    for name in named:
        key = name_in(scope, str(name))
        if key in run.states:
            found[str(name)] = _seen(run.states[key])
    return found


def _seen(state: StepState) -> dict[str, Any]:
    """Return what other steps see of a step; a failure that is gone on from has no output."""
    work = state.work if isinstance(state, Succeeded) else None
    failure = state.failure if isinstance(state, Failed) else None
    return {
        "state": type(state).__name__.lower(),
        "output": work.output if work is not None else None,
        "error": failure.reason if failure is not None else "",
        "findings": msgspec.to_builtins([*state.findings]) if isinstance(state, Skipped) else [],
        "artifacts": {
            ref.name: {
                "name": ref.name,
                "digest": ref.digest,
                "size": ref.size,
                "media_type": ref.media_type,
            }
            for ref in (work.artifacts if work is not None else ())
        },
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "workflow": run.workflow,
        "version": run.version,
        "author": run.author,
        "trigger": run.trigger,
    }
