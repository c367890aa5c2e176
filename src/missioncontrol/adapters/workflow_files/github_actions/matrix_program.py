"""Joins the steps of a job with a matrix into one program."""

import shlex
from collections.abc import Sequence

from missioncontrol.adapters.workflow_files.foreign.cel import (
    Unclear,
    Value,
    template,
)
from missioncontrol.adapters.workflow_files.foreign.draft import StepDraft
from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.scripts import as_text_template
from missioncontrol.adapters.workflow_files.github_actions.conditions import (
    names_status,
    truth_of,
)
from missioncontrol.adapters.workflow_files.github_actions.expressions import (
    Call,
    Expression,
    Literally,
    Not,
    Pair,
)
from missioncontrol.adapters.workflow_files.github_actions.runs import Run, words_of
from missioncontrol.adapters.workflow_files.github_actions.scope import JobScope

WHY = (
    "Its steps are one step here, done once for each combination: they share a folder, and "
    "combinations must not mix in it."
)


def joined_step(key: str, runs: Sequence[Run], scope: JobScope, listing: LeftOut) -> StepDraft:
    """Return the step that does `runs` one after the other, each with a shell of its own."""
    lines = ["failed=0"]
    draft = StepDraft(key, [])
    draft.cwd = runs[0].cwd
    scripts = []
    for number, run in enumerate(runs, 1):
        _share(draft, run, number)
        title = run.title or words_of(run)
        scripts.append(template([run.script.text]))
        lines += [f"# {number}: {title}", _line(draft, run, number, scope, listing)]
        if run.timeout is not None:
            listing.leave(run.timeout, "A limit for one of several steps that are one here.")
    lines.append("exit $failed")
    draft.argv = ["bash", "-c", template(["\n".join(lines) + "\n"]), key, *scripts]
    return draft


def _share(draft: StepDraft, run: Run, number: int) -> None:
    """Give `draft` the variables of `run`, those that only it has under a name of their own."""
    for name, value in run.env.items():
        own = name in run.own_env or draft.env.get(name, value) != value
        draft.env[f"STEP_{number}_{name}" if own else name] = value
    for comment in run.comments:
        draft.remark(comment)
    for problem in run.problems:
        draft.hold(problem)


def _line(draft: StepDraft, run: Run, number: int, scope: JobScope, listing: LeftOut) -> str:
    call = f'{shlex.join(run.shell)} "${number}"' if number < 10 else ""
    call = call or f'{shlex.join(run.shell)} "${{{number}}}"'
    own = [name for name in run.env if f"STEP_{number}_{name}" in draft.env]
    settings = "".join(f'{name}="$STEP_{number}_{name}" ' for name in own)
    call = settings + call
    if run.cwd and run.cwd != draft.cwd:
        folder = f"STEP_{number}_FOLDER"
        draft.env[folder] = run.cwd
        call = f'(cd -- "${folder}" && {call})'
    call += " || true" if run.tolerant else " || failed=$?"
    test = _test(draft, run, number, scope, listing)
    return f"if {test}; then {call}; fi" if test else call


def _test(draft: StepDraft, run: Run, number: int, scope: JobScope, listing: LeftOut) -> str:
    """Return the shell's test for whether the step runs; the part that is known before is CEL."""
    node = run.node.get("if")
    try:
        if run.why_unclear:
            raise Unclear(run.why_unclear)
        standing, rest = _parted(run.condition)
        condition = truth_of(rest, scope)
    except Unclear as unclear:
        if node is not None:
            listing.leave(node, f"{unclear} The step does not run.")
        return "false"
    if node is not None:
        node.carry()
    if condition == "true":
        return standing
    draft.env[f"STEP_{number}_RUNS"] = as_text_template([Value(condition, "boolean")])
    test = f'[ "$STEP_{number}_RUNS" = true ]'
    return f"{standing} && {test}" if standing else test


def _parted(expression: Expression) -> tuple[str, Expression]:
    """Part a condition into the shell's test of what came before it, and all the rest."""
    parts = list(_conjuncts(expression))
    asking = [part for part in parts if names_status(part)]
    rest: Expression = Literally(True)
    for part in parts:
        if not names_status(part):
            rest = part if rest == Literally(True) else Pair("&&", rest, part)
    match asking:
        case []:
            return "[ $failed = 0 ]", rest
        case [Call(name="failure")]:
            return "[ $failed != 0 ]", rest
        case [Call(name="always") | Not(operand=Call(name="cancelled"))]:
            return "", rest
        case [Pair(operator="||", left=Call(name="success"), right=Call(name="failure"))]:
            return "", rest
    raise Unclear("It mixes how the steps before ended with other things.")


def _conjuncts(expression: Expression) -> list[Expression]:
    match expression:
        case Pair(operator="&&", left=left, right=right):
            return _conjuncts(left) + _conjuncts(right)
        case _:
            return [expression]
