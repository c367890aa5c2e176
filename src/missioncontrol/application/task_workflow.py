"""The workflow in which agents carry tasks of a repository out: rounds, and how tasks wait.

A round builds, tests, inspects, reviews and merges one task. What one round hands to the next are
commits, which are stored in the repository itself, and findings.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from missioncontrol.domain.agent_session import RECORDER
from missioncontrol.domain.repository.process import RECORD, MergeRule
from missioncontrol.domain.step import Amount

ROUND = "task-round"
BRANCH = "branch"
"""The step of a run of tasks that brings the branch up to its people's commits."""

NO_LINE = {"state": "", "commit": "", "onto": "", "head": "", "mend": False}
"""What a round hears of the branch where that was not brought up."""

BUILD_SECONDS_MAX = 7_200
REVIEW_SECONDS_MAX = 3_600

BUILD = (
    "Carry out the task that work.md describes, in this tree. It holds what was agreed to, what "
    "to keep to, and what was found in the round before, if there was one. Run the tests that bear "
    "on it. End with a sentence on what you changed, and one on what you left."
)
REVIEW = (
    "Review a change by another agent. The tree is as the change leaves it, change.patch "
    "is the change, and work.md the task. Look for what is wrong: a point of acceptance that does "
    "not hold, a case that breaks, something changed that the task does not ask for, a test that "
    "could not fail. What review.md says of changed tests and test settings is yours to accept: "
    "approve only where each is right. Change nothing. Answer `approve` if it can be merged as it "
    "is, else `rework` with one finding for each thing to mend, each with its file and line."
)
REVIEW_FORM = (
    json.dumps(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "What came of a review",
            "type": "object",
            "properties": {
                "verdict": {"type": "string", "enum": ["approve", "rework"]},
                "findings": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "message": {"type": "string"},
                            "path": {"type": "string"},
                            "line": {"type": "integer"},
                        },
                        "required": ["message", "path", "line"],
                        "additionalProperties": False,
                    },
                },
            },
            "required": ["verdict", "findings"],
            "additionalProperties": False,
        },
        indent=2,
    )
    + "\n"
)
"""The JSON Schema that an agent which reviews is declared with."""

CHANGE = (
    "steps.build.output.commit != '' ? steps.build.output.commit : "
    "steps.manage.output.base != steps.manage.output.onto ? steps.manage.output.base : ''"
)
"""The whole change as a commit: that of this round, or where it added nothing, of those before."""


class Cast(msgspec.Struct, frozen=True):
    """Who does what in a round."""

    builder: str  # RECORDER where the work is a session of a person, recorded to its end
    reviewer: str = ""  # "" where rules alone look at a change
    answer: str = ""  # the part of the reviewer's output that holds verdict and findings, with `.`
    reviewer_takes: frozenset[str] = frozenset()  # names of inputs
    continues: bool = False  # whether the builder continues the session of a person


def round_text(cast: Cast, rule: MergeRule, repository: str) -> str:
    """Return the workflow of one round."""
    steps: dict[str, Any] = {
        "manage": {
            "title": "Hand the task out",
            "agent": "manager",
            "with": {
                "commission": "${{ inputs.task }}",
                "former": "${{ inputs.former }}",
                "line": "${{ inputs.line }}",
            },
        },
        "build": _recorded() if cast.builder == RECORDER else _built(cast),
        "test": {
            "title": "Test the commit",
            "agent": "tester",
            "needs": ["manage", "build"],
            "with": {
                **_change(),
                "scope": "${{ inputs.task.globs }}",
                "checks": "${{ inputs.task.checks }}",
            },
        },
        "inspect": {
            "title": "Hold it against rules",
            "agent": "inspector",
            "needs": ["manage", "build", "test"],
            "with": {
                **_change(),
                "scope": "${{ inputs.task.globs }}",
                "tests": "${{ steps.test.output }}",
                "acceptance": "${{ steps.manage.output.acceptance }}",
                "accepting": rule.approval or bool(cast.reviewer),
                "guard": True,
            },
        },
    }
    if cast.reviewer:
        steps["review"] = _review(cast)
    steps["merge"] = _merge(cast, rule, repository)
    return _text(
        {
            "name": ROUND,
            "description": "Builds, tests, reviews and merges one task of a repository.",
            "inputs": {
                "repository": {"type": "path"},
                "task": {"type": "object"},
                "former": {"type": "object", "default": {}},
                "line": {"type": "object", "default": NO_LINE},
            },
            "outputs": _outputs(cast),
            "steps": steps,
        }
    )


def _built(cast: Cast) -> dict[str, Any]:
    given: dict[str, Any] = {
        "repository": "${{ inputs.repository }}",
        "base": "${{ steps.manage.output.base }}",
        "keep": True,
        "documents": ["work.md"],
        "prompt": BUILD,
    }
    if cast.continues:
        given["session"] = "${{ inputs.task.session }}"
        given["prompt"] = f"{BUILD}\n\n${{{{ inputs.task.session.instruction }}}}"
        # Later rounds begin at the commit of the round before, which has these changes.
        first = "steps.manage.output.round == 1"
        given["former"] = f"${{{{ {first} ? inputs.task.session.changes : '' }}}}"
    return {
        "title": "Build it",
        "agent": cast.builder,
        "needs": ["manage"],
        "timeout": {"run": BUILD_SECONDS_MAX},
        "effects": ["writes_repository"],
        "with": given,
    }


def _recorded() -> dict[str, Any]:
    """Return the step that records a session; it ends when its person ends that."""
    names = ("session", "program", "directory", "started")
    return {
        "title": "Record the session",
        "agent": RECORDER,
        "needs": ["manage"],
        "with": {
            **{name: f"${{{{ inputs.task.session.{name} }}}}" for name in names},
            "base": "${{ steps.manage.output.base }}",
            "without": list(RECORD),
        },
    }


def _change() -> dict[str, Any]:
    return {
        "repository": "${{ inputs.repository }}",
        "base": "${{ steps.manage.output.onto }}",
        "commit": f"${{{{ {CHANGE} }}}}",
    }


def _review(cast: Cast) -> dict[str, Any]:
    given = {
        "repository": "${{ inputs.repository }}",
        "base": f"${{{{ {CHANGE} }}}}",
        "documents": ["work.md", "change.patch", "review.md"],
        "prompt": REVIEW,
    }
    return {
        "title": "Review it",
        "agent": cast.reviewer,
        "needs": ["manage", "build", "inspect"],
        "if": "steps.inspect.output.verdict == 'approve'",
        "timeout": {"run": REVIEW_SECONDS_MAX},
        "with": {name: value for name, value in given.items() if name in cast.reviewer_takes},
    }


def _merge(cast: Cast, rule: MergeRule, repository: str) -> dict[str, Any]:
    verdicts = ["steps.inspect.output.verdict"]
    if cast.reviewer:
        verdicts.append(f"steps.review.output{cast.answer}.verdict")
    step: dict[str, Any] = {
        "title": "Merge the change",
        "agent": "merger",
        # Of what it needs, who agrees is shown the diffs: here that of the whole change.
        "needs": ["inspect", *(["review"] if cast.reviewer else [])],
        "if": " && ".join(f"{verdict} == 'approve'" for verdict in verdicts),
        "concurrency": {"key": f"merge-{repository}", "limit": 1},
        "with": {
            **_change(),
            **_gate(rule),
            "into": "${{ inputs.task.into }}",
            "scope": "${{ inputs.task.globs }}",
            "accepted": "${{ steps.inspect.output.test_changes.digest }}",
            "test_changes": "${{ steps.inspect.output.test_changes.findings }}",
            "head": "${{ inputs.line.mend ? inputs.line.head : '' }}",
            "mend": "${{ inputs.line.mend }}",
            "agreed": "${{ inputs.task.agreed }}",
            "task": "${{ string(inputs.task.number) }} ${{ inputs.task.title }}",
            "message": "${{ inputs.task.title }}",
        },
    }
    if rule.approval:
        step["approval"] = True
    return step


def _gate(rule: MergeRule) -> dict[str, Any]:
    """Return what people ask of a commit before the branch may name it."""
    return {
        "checks": [list(check) for check in rule.checks],
        "known_failures": list(rule.known_failures),
        "untested": rule.untested,
    }


def _outputs(cast: Cast) -> dict[str, str]:
    found = "steps.inspect.output.findings"
    if cast.reviewer:
        findings = f"steps.review.output{cast.answer}.findings"
        found = f"{found} + (steps.review.output == null ? [] : {findings})"
    merge = "steps.merge.output"
    return {
        "ended": f"${{{{ {merge} != null && {merge}.state == 'merged' }}}}",
        "commit": f"${{{{ {CHANGE} }}}}",
        "onto": "${{ steps.manage.output.onto }}",
        "rounds": "${{ steps.manage.output.round }}",
        "conflicts": "${{ steps.manage.output.conflicts "
        f"+ ({merge} != null && size({merge}.conflicts) > 0 ? 1 : 0) "
        "+ (size(steps.merge.findings) > 0 ? 1 : 0) }}",
        "returned": f"${{{{ {merge} != null && {merge}.state != 'merged' }}}}",
        # A person who was to approve the merge may ask for another round in its place.
        "findings": f"${{{{ {merge} == null ? {found} + steps.merge.findings "
        f": {merge}.findings }}}}",
        "merged": f"${{{{ {merge} }}}}",
    }


class BranchUpdate(msgspec.Struct, frozen=True):
    """The branch of a run of tasks, and the commits of people that it is to have first."""

    repository: str  # its id
    into: str
    head: str
    mend: bool  # whether the tasks are to mend it where it is red


def _update(update: BranchUpdate, rule: MergeRule) -> dict[str, Any]:
    return {
        "title": "Bring the branch up to date",
        "agent": "merger",
        "concurrency": {"key": f"merge-{update.repository}", "limit": 1},
        "with": {
            **_gate(rule),
            "repository": "${{ inputs.repository }}",
            "commit": "",
            "base": update.head,
            "head": update.head,
            "into": update.into,
            "mend": update.mend,
        },
    }


def tasks_text(
    name: str,
    version: int,
    waits: Mapping[int, Sequence[int]],
    titles: Mapping[int, str],
    rule: MergeRule,
    *,
    parallel: int,
    update: BranchUpdate | None = None,
    budget: Amount | None = None,
    is_recorded: bool = False,
) -> str:
    """Return the workflow of several tasks; `version` is that of the round.

    Where a session `is_recorded`, there is one round: it can't be asked to mend anything.
    """
    steps: dict[str, Any] = {BRANCH: _update(update, rule)} if update is not None else {}
    for task, earlier in waits.items():
        step: dict[str, Any] = {
            "title": f"Task {task}",
            "workflow": f"{ROUND}@{version}",
            "repeat": {
                "until": "output.ended",
                "times": 1 if is_recorded else rule.rounds,
                "uncounted": "output.conflicts",
            },
            "with": {
                "repository": "${{ inputs.repository }}",
                "task": f"${{{{ inputs.tasks['{task}'] }}}}",
                "former": f"${{{{ previous == null ? inputs.tasks['{task}'].former : previous }}}}",
            },
        }
        # However earlier tasks end, their files are free then.
        step |= {"needs": [f"task-{each}" for each in earlier], "if": "always()"} if earlier else {}
        if update is not None:
            step["with"]["line"] = f"${{{{ steps.{BRANCH}.output }}}}"
            step["needs"] = [BRANCH, *step.get("needs", ())]
            step |= {"if": f"always() && steps.{BRANCH}.state == 'succeeded'"} if earlier else {}
        steps[f"task-{task}"] = step
    found: dict[str, Any] = {
        "name": name,
        "description": "Tasks of a repository, carried out by agents.",
        "inputs": {
            "repository": {"type": "path"},
            "tasks": {"type": "object"},
        },
        "concurrency": parallel,
        "outputs": {
            f"task-{task}": f"${{{{ steps['task-{task}'].output.merged }}}}" for task in waits
        },
        "steps": steps,
    }
    if budget is not None:
        found["budget"] = budget_in_words(budget)
    return _text(found)


def budget_in_words(budget: Amount) -> dict[str, Any]:
    """Return a cap as a workflow file states it."""
    found: dict[str, Any] = {}
    if budget.cost is not None:
        found["cost"] = f"{budget.cost // 1_000_000}.{budget.cost % 1_000_000:06} USD"
    if budget.tokens is not None:
        found["tokens"] = budget.tokens
    return found


def _text(definition: dict[str, Any]) -> str:
    return json.dumps(definition, indent=2, ensure_ascii=False) + "\n"
