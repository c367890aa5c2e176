"""Turns an order into the brief of a specialist: the step's own inputs, then those of the run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from missioncontrol.domain.agent import AgentCard, misfit
from missioncontrol.domain.building import CHANGES
from missioncontrol.domain.estimates import Actual, Recalled
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.scaffolding import COMMITS
from missioncontrol.ports import wire
from missioncontrol.ports.agent import Assignment, AttemptFailed, Upstream
from missioncontrol.specialists.cards import CARDS
from missioncontrol.specialists.specialist import HINT, Brief, Delivered, Submitted


def brief_of(name: str, order: wire.Order, seconds: float) -> Brief:
    """Return the brief for the specialist `name`.

    A goal that is not given stays empty: then the brief lists no files that it mentions.

    Raises:
        AttemptFailed: `NAME.bad_input`, or `NAME.no_repository` where its path is relative.
    """
    assignment = order.assignment
    given = inputs_of(CARDS[name], assignment)
    plan = _plan(name, given, assignment)
    return Brief(
        goal=given.get("goal", ""),
        title=given.get("title") or f"{assignment.workflow}: {assignment.step}",
        constraints=tuple(given.get("constraints", ())),
        context=given.get("context", ""),
        repository=_repository(name, given),
        plan=plan,
        task=_task(plan, assignment.step),
        upstream={
            key: _delivered(up, order.files)
            for key, up in assignment.upstream.items()
            if _plan_in(up) is None
        },
        seconds_max=seconds,
        planner=given.get("planner", ""),
        builder=given.get("builder", ""),
        changes=given.get(CHANGES, ""),
        commits=given.get(COMMITS, ""),
        scaffold=given.get("scaffold", ""),
        package=given.get("package", ""),
        kind=given.get("kind", ""),
        recalled=_parse_items(name, given, "recalled", Recalled),
        silenced=tuple(map(str, given.get("silenced", ()))),
        memory=given.get("memory", True),
        actuals=_parse_items(name, given, "actuals", Actual),
        commission=given.get("commission", {}),
        former=given.get("former", {}),
        line=given.get("line", {}),
        submitted=_submitted(given),
        run=assignment.run,
        step=assignment.step,
    )


def inputs_of(card: AgentCard, assignment: Assignment) -> dict[str, Any]:
    """Return what the step gives, over what the run gives; null counts as not given.

    An input of the run may have a name of ours and mean something else; then it is passed over.

    Raises:
        AttemptFailed: `NAME.bad_input`.
    """
    fields = card.inputs.fields
    own = {key: value for key, value in assignment.inputs.items() if value is not None}
    # The specialist itself reports what is missing, in words of its own.
    shape = msgspec.structs.replace(
        card.inputs,
        fields={key: msgspec.structs.replace(f, required=False) for key, f in fields.items()},
    )
    if fault := misfit(own, shape):
        raise AttemptFailed(
            f"{card.name}.bad_input",
            f"An input of the {card.name} does not fit: {fault}.",
            hint=f"It takes {', '.join(fields)}.",
            retryable=False,
        )
    shared = {
        key: assignment.run_inputs[key]
        for key in card.from_run
        if key in assignment.run_inputs and not misfit(assignment.run_inputs[key], fields[key])
    }
    return {**shared, **own}


T = TypeVar("T")


def _parse_items(name: str, given: Mapping[str, Any], field: str, kind: type[T]) -> tuple[T, ...]:
    try:
        return msgspec.convert(tuple(given.get(field, ())), tuple[kind, ...])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        reason = f"The input `{field}` of the {name} does not fit: {error}."
        raise AttemptFailed(f"{name}.bad_input", reason, retryable=False) from None


def _repository(name: str, given: Mapping[str, Any]) -> Path | None:
    path = Path(given["repository"]) if "repository" in given else None
    if path is not None and not path.is_absolute():
        reason = f"The repository {str(path)!r} is a relative path, and a step starts nowhere."
        raise AttemptFailed(f"{name}.no_repository", reason, hint=HINT, retryable=False)
    return path


def _submitted(given: Mapping[str, Any]) -> Submitted:
    """Return the declared data of a commit; its shape was checked against the card already."""
    names = Submitted.__struct_fields__
    return msgspec.convert({name: given[name] for name in names if name in given}, Submitted)


def _plan(name: str, given: Mapping[str, Any], assignment: Assignment) -> Plan | None:
    """Return the plan that the step gives, else that of a planner among its needs."""
    if "plan" in given:
        try:
            return msgspec.convert(given["plan"], Plan)
        except msgspec.ValidationError as error:
            reason = f"The input `plan` of the {name} is no plan: {error}."
            hint = "Give `${{ steps.KEY.output.plan }}` of a planner."
            raise AttemptFailed(f"{name}.bad_input", reason, hint=hint, retryable=False) from None
    found = (_plan_in(upstream) for upstream in assignment.upstream.values())
    return next((plan for plan in found if plan is not None), None)


def _plan_in(upstream: Upstream) -> Plan | None:
    output = upstream.work.output
    if not isinstance(output, dict) or "plan" not in output:
        return None
    try:
        return msgspec.convert(output["plan"], Plan)
    except msgspec.ValidationError:
        return None  # Another author's step with an output of that name.


def _task(plan: Plan | None, key: str) -> Task | None:
    return next((task for task in plan.tasks() if task.key == key), None) if plan else None


def _delivered(upstream: Upstream, files: Mapping[str, str]) -> Delivered:
    paths = {ref.name: Path(files[ref.digest]) for ref in upstream.work.artifacts}
    return Delivered(upstream.state, upstream.work, paths, upstream.error)
