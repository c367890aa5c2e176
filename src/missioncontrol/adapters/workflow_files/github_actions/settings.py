"""Imports the settings of a GitHub job: limits, matrix, concurrency and name."""

import re

from missioncontrol.adapters.workflow_files.foreign.left_out import TITLE_MAX, clean_prose
from missioncontrol.adapters.workflow_files.foreign.scripts import Filling
from missioncontrol.adapters.workflow_files.github_actions.order import Job
from missioncontrol.adapters.workflow_files.github_actions.runs import minutes, shown
from missioncontrol.adapters.workflow_files.github_actions.variables import template_of

CONCURRENCY_MAX = 10_000
KEY_MAX = 300


def settle(job: Job) -> None:
    """Give the steps of a job what the job says about all of them."""
    if job.state.start is None:
        job.state.start = job.drafts[0]
    _name(job)
    if job.node.get("environment") is not None:
        job.drafts[0].asks = True
    _limit(job)
    _tolerate(job)
    _combine(job)
    _share_slot(job)
    _limit_items(job)


def note_folders(job: Job) -> None:
    """List where the scripts of a job begin, if that is another folder than on GitHub."""
    steps = job.node.get("steps")
    scripts = [draft for draft in job.drafts if draft.argv != ["true"]]
    if steps is None or not scripts or any(draft.cwd for draft in scripts):
        return
    if job.source.inputs.repository:
        reason = "It checks nothing out and began in an empty folder; here in the repository."
        job.listing.note(steps, reason)
    elif len(scripts) > 1:
        reason = "Its steps share a folder on GitHub; here each begins in one of its own."
        job.listing.note(steps, reason)


def _name(job: Job) -> None:
    name = job.node.get("name")
    title = clean_prose(name, job.listing, TITLE_MAX, shown(name.text)) if name is not None else ""
    if not title:
        return
    first = job.drafts[0]
    if len(job.drafts) == 1 and not first.title:
        first.title = title
    else:
        first.comments.insert(0, f"Job {job.name}: {title}")


def _limit(job: Job) -> None:
    node = job.node.get("timeout-minutes")
    limit = minutes(node)
    if node is not None and limit and len(job.drafts) == 1 and not job.drafts[0].timeout:
        node.carry()
        job.drafts[0].timeout = limit


def _tolerate(job: Job) -> None:
    node = job.node.get("continue-on-error")
    if node is None or not isinstance(node.value, bool):
        return
    job.state.may_fail = node.value
    if not node.value:
        node.carry()
    elif len(job.drafts) == 1:
        node.carry()
        job.drafts[0].on_failure = "continue"


def _share_slot(job: Job) -> None:
    node = job.node.get("concurrency")
    group = node.get("group") if node is not None and node.entries else node
    if node is None or group is None or not group.is_text:
        return
    cancels = node.get("cancel-in-progress")
    if cancels is not None and cancels.value is False:
        cancels.carry()
    parts = job.scope.filled(group.text)
    unclear = [part for part in parts if isinstance(part, Filling) and part.value is None]
    if unclear:
        job.listing.leave(group, unclear[0].why)
        return
    slot = template_of(parts)
    by_item = re.search(r"\$\{\{[^}]*\b(item|index)\b", slot) is not None
    holders = [draft for draft in job.drafts if draft.for_each is not None or not by_item]
    if len(slot) > KEY_MAX:
        job.listing.leave(group, f"A key has at most {KEY_MAX} characters.")
        return
    if not holders:
        job.listing.leave(group, "Nothing that is done for combinations was carried over.")
        return
    group.carry()
    for draft in holders:
        draft.slot = slot
    if len(holders) > 1:
        reason = "It is held by each step of the job in turn, and not by the job as a whole."
        job.listing.note(node, reason)


def _combine(job: Job) -> None:
    """Make the only step of a job run for each combination of its matrix."""
    draft = job.state.steps[0].draft
    node = job.node.get("strategy", "matrix")
    if job.matrix is None or node is None or draft.argv == ["true"]:
        return
    node.carry()
    draft.for_each = list(job.matrix.combinations)


def _limit_items(job: Job) -> None:
    """Say how many combinations are done at once."""
    draft = job.state.steps[0].draft
    if draft.for_each is None:
        return
    most = job.node.get("strategy", "max-parallel")
    limit = (most.whole if most is not None else None) or 0
    if draft.slot:
        if most is not None:
            job.listing.leave(most, "A step has a key or a number of places, and not both.")
        if draft.cwd:
            draft.remark("Combinations with different keys work in one folder at once.")
    elif most is not None and 1 <= limit <= CONCURRENCY_MAX:
        most.carry()
        draft.concurrency = limit
    elif draft.cwd:
        draft.concurrency = 1
        draft.remark("One combination at a time, because all of them work in one folder.")
