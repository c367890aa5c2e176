"""The changes that a run hands in for review, and how its builder is asked to mend one."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.queries.patches import MEDIA_TYPES
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.review import Change, ReviewEvent, Reviews, decide, evolve, unknown
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.projections.work_rows import WorkRow

STREAM = "reviews"
REVIEWS: Concept[Reviews, Change, ReviewEvent] = Concept(decide, evolve, unknown)

WHOLE = "change.patch"
"""What the inspector of a round hands in: all of a change, not only what the round adds."""

BYTES_MAX = 4_000_000
"""A larger diff is downloaded, and commented on as a whole."""

REPEATS_MAX = 50
"""Runs of one chain of repetitions that are followed."""

_ROUND = re.compile(r"#(\d+)")

Way = Literal["round", "task", "retry"]
"""How a builder gets findings: the next round of the run, a further run of a task of a repository,
or a new run that repeats the step.
"""


class Proposal(msgspec.Struct, frozen=True):
    """A diff that a step of a run handed in."""

    run: str
    step: str
    round: int
    digest: str
    size: int
    name: str  # of the file


def proposals_of(run: Run, within: str) -> list[Proposal]:
    """Return the changes of a step and of all that it became, of each round one, the first first.

    An empty `within` is the whole run.
    """
    found = [each for each in _handed_in(run) if _is_within(each.step, within)]
    whole = [each for each in found if each.name == WHOLE]
    by_round = {each.round: each for each in whole or found}
    return [by_round[number] for number in sorted(by_round)]


def others_of(run: Run, shown: Proposal) -> list[Proposal]:
    """Return the changes of other steps that the same round handed in and that are not shown."""
    found = [each for each in _handed_in(run) if each.round == shown.round]
    beside = shown.step.rpartition("/")[0]
    return [
        each
        for each in found
        if shown.name != WHOLE
        and each.name != WHOLE
        and each.step != shown.step
        and each.step.rpartition("/")[0] == beside
        and each.digest != shown.digest
    ]


def _handed_in(run: Run) -> Iterator[Proposal]:
    for key, state in run.states.items():
        if not isinstance(state, Succeeded):
            continue
        for ref in state.work.artifacts:
            if ref.media_type in MEDIA_TYPES and "/" not in ref.name:
                yield Proposal(run.id, key, _round_of(run, key), ref.digest, ref.size, ref.name)


def _round_of(run: Run, key: str) -> int:
    """Return the round of a step: those of earlier runs of the same task count too."""
    scope = key.rpartition("/")[0]
    manage = run.states.get(f"{scope}/manage")
    output = manage.work.output if isinstance(manage, Succeeded) else None
    if isinstance(output, dict) and isinstance(output.get("round"), int):
        return int(output["round"])
    number = _ROUND.search(key)
    return int(number[1]) if number else 1


def _is_within(key: str, within: str) -> bool:
    return not within or key == within or key.startswith((f"{within}/", f"{within}#", f"{within}["))


async def root_of(run: Run, load: Callable[[str], Awaitable[Run]]) -> str:
    """Return the run that a run repeats, over all repetitions: comments stay with the first."""
    for _ in range(REPEATS_MAX):
        if not run.retry_of:
            break
        run = await load(run.retry_of)
    return run.id


def scope_of(row: WorkRow) -> str:
    """Return the step of its run that does an item."""
    if row.kind == "repository_task":
        return f"task-{row.id.rpartition('/')[2]}"
    return row.step


def held_for(run: Run, proposal: Proposal) -> str:
    """Return the step that waits for an approval of what happens with a change; "" for none."""
    scope = proposal.step.rpartition("/")[0]
    for key in run.held:
        if key.rpartition("/")[0] == scope and (scope or proposal.step in run.steps[key].needs):
            return key
    return ""


def way_of(run: Run, proposal: Proposal, row: WorkRow | None) -> Way:
    """Return how the builder of a change is asked to mend it.

    Raises:
        Rejected: `review.at_work`, `review.merged`, `review.not_built`, `run.no_round`.
    """
    held = held_for(run, proposal)
    if held and run.has_rounds(held):
        return "round"
    if not run.is_settled:
        what = "waits for an approval" if held else "has not ended"
        raise Rejected(
            "review.at_work",
            f"Run {run.id} {what}, and its builder can't be asked for changes now.",
            hint="Comments stay open until its change is ready for review."
            if not held
            else f"Reject the approval of step {held!r}, or wait for the end of the run.",
        )
    if row is not None and row.kind == "repository_task":
        merged = run.states.get(f"{proposal.step.rpartition('/')[0]}/merge")
        if _is_merged(merged):
            raise Rejected(
                "review.merged",
                f"The change of {row.key} is merged already.",
                hint="Create a task for what is left to do.",
            )
        return "task"
    if "prompt" not in run.steps[proposal.step].inputs:
        raise Rejected(
            "review.not_built",
            f"Step {proposal.step!r} of run {run.id} follows no instruction that findings could be "
            "added to.",
            hint=f"`mission runs retry {run.id} {proposal.step}` does it again.",
        )
    return "retry"


def _is_merged(state: object) -> bool:
    output = state.work.output if isinstance(state, Succeeded) else None
    return isinstance(output, dict) and output.get("state") == "merged"
