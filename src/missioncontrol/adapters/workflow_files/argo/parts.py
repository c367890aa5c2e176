"""The imported result of an Argo task, as later tasks can refer to it."""

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import (
    Unclear,
    Value,
    all_of,
    any_of,
    ended_in,
    member,
    negated,
    state_in,
)
from missioncontrol.adapters.workflow_files.foreign.draft import StepDraft


class Part(msgspec.Struct, eq=False):
    """What became of one task: a step, or the steps of the template that it names."""

    start: StepDraft  # skipped where the task was left out
    steps: list[StepDraft]
    ends: list[str]  # the steps that together tell how it went
    is_optional: bool = False  # a `when` may leave it out, and what follows runs all the same
    is_strict: bool = False  # what follows runs only where this ran
    is_plain: bool = True  # its last steps tell how all of it went
    is_group: bool = False  # a template of tasks, which is done where none failed for good
    has_items: bool = False
    is_clear: bool = True  # neither it nor anything before it may be left out
    after: list["Part"] = []  # what it waits for

    @property
    def must_run(self) -> list[str]:
        """The conditions under which it was not left out against its workflow's intention."""
        held = [step for step in self.steps if step.is_unclear]
        starts = [self.start] if self.is_strict or not self.is_plain else []
        keys = dict.fromkeys(each.key for each in [*starts, *held])
        if self.is_optional and not self.start.is_unclear:
            keys.pop(self.start.key, None)
        return [f"{member('steps', key)}.state != 'skipped'" for key in keys]


class Entry(msgspec.Struct):
    """What the first steps of a template wait for."""

    needs: list[str] = []
    condition: str = "true"
    after: list[Part] = []


def after_all(before: list[Part], condition: str) -> Entry:
    """Return what follows tasks of which some may be left out: it looks at all that led there."""
    if all(part.is_clear for part in before):
        return Entry([key for part in before for key in part.ends], condition, before)
    reached = _reached(before)
    needs = [key for part in reached for key in part.ends]
    ran = [each for part in reached for each in part.must_run]
    return Entry(needs, all_of(["!failure()", *ran, condition]), before)


def _reached(parts: list[Part]) -> list[Part]:
    """Return `parts` and what they waited for, up to those whose own condition asked for that."""
    found: dict[int, Part] = {}
    todo = list(parts)
    while todo:
        part = todo.pop(0)
        if id(part) not in found:
            found[id(part)] = part
            todo += [] if part.is_strict else part.after
    return list(found.values())


def ended(part: Part, result: str) -> str:
    """Return the condition that a task has ended with a result, as `depends` names it.

    Raises:
        Unclear: there is no such condition.
    """
    match result:
        case "Succeeded" | "Failed" | "" if part.is_group:
            return _group_ended(part, result)
        case "Succeeded":
            return state_in(part.start.key, "succeeded")
        case "Failed":
            return state_in(part.start.key, "failed")
        case "":
            good = ["succeeded"]
            good += ["skipped"] if part.is_optional else []
            good += ["failed"] if part.start.on_failure == "continue" else []
            return state_in(part.start.key, *good)
    raise Unclear(f"{result!r} has no counterpart here.")


def _group_ended(part: Part, result: str) -> str:
    if part.is_optional:
        raise Unclear("It asks for the result of a group that may be left out.")
    soft = {step.key for step in part.steps if step.on_failure == "continue"}
    failed = ended_in([step.key for step in part.steps if step.key not in soft], "failed")
    if result == "Failed":
        return failed
    if not part.is_plain:
        began = state_in(part.start.key, "succeeded")
        return all_of([began, negated(failed), *part.must_run])
    ends = [("succeeded", "failed") if key in soft else ("succeeded",) for key in part.ends]
    return all_of([state_in(key, *good) for key, good in zip(part.ends, ends, strict=True)])


def handed_back(part: Part, names: list[str]) -> Value:
    """Return what a task is seen as by those after it; `names` say what of it.

    Raises:
        Unclear: there is nothing of the kind here.
    """
    match names:
        case ["outputs", "result"] if not part.is_group and not part.has_items:
            return _result(part)
        case ["status"]:
            return _status(part)
    raise Unclear("That task hands back nothing of the kind here.")


def _result(part: Part) -> Value:
    source = f"{member('steps', part.start.key)}.output.stdout.trim()"
    if not part.is_optional and part.start.on_failure != "continue":
        return Value(source, "string")
    ran = state_in(part.start.key, "succeeded")
    return Value(f"{ran} ? {source} : ''", "string", tight=False)


def _status(part: Part) -> Value:
    cases = {"Succeeded": ended(part, "Succeeded"), "Failed": ended(part, "Failed")}
    if len(part.ends) == 1:
        cases["Skipped"] = state_in(part.ends[0], "skipped")
    source = f"({cases['Failed']}) ? 'Failed' : ({cases['Succeeded']}) ? 'Succeeded' : 'Skipped'"
    return Value(source, "string", tuple(cases), tight=False, cases=cases)


def workflow_status(part: Part) -> Value:
    """Return how the whole workflow ended, as the handler of its exit sees it."""
    ends = [step for step in part.steps if step.key in part.ends]
    hard = [step.key for step in ends if step.on_failure != "continue"]
    soft = [step.key for step in ends if step.on_failure == "continue"]
    failed = any_of([ended_in(hard, "failed", "blocked"), ended_in(soft, "blocked")])
    cases = {"Succeeded": negated(failed), "Failed": failed, "Error": "false"}
    source = f"({failed}) ? 'Failed' : 'Succeeded'"
    return Value(source, "string", ("Succeeded", "Failed"), tight=False, cases=cases)
