"""The outcome of a trial, from its run, its patch and its checks, in this order."""

from collections.abc import Sequence

import msgspec

from missioncontrol.domain.evaluation import TEXT_MAX, Checked, Judged, Outcome
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Failed, Run, Succeeded
from missioncontrol.evaluation.scenario import Caps, Scenario
from missioncontrol.evaluation.trials import STEP
from missioncontrol.guard.globs import matching

PLACES = "which files may change"
"""The name of the check that fails where an agent changed a forbidden file."""

ENDED_WELL = "that the agent ends well"
READABLE = "that what it leaves can be read"

STUCK = frozenset(
    {"step.timed_out", "step.total_timed_out", "lease.expired", "agent.hung", "agent.silent"}
)
STUCK_ENDS = ("too_many_turns", "stopped", "silent", "nothing_done")
OVER = frozenset({"budget.exceeded", "budget.beyond_limit", "budget.insufficient"})
OVER_ENDS = ("budget_refused",)
BETWEEN = (
    "budget",
    "worktree",
    "lease",
    "program",
    "usage",
    "agent",
    "artifact",
    "step",
    "attempt",
    "line",
)
"""First words of the codes of faults that are not the agent's own, as are `BETWEEN_ENDS`."""

BETWEEN_ENDS = (
    "bad_input",
    "bad_cwd",
    "late",
    "no_model",
    "not_found",
    "not_installed",
    "other_protocol",
    "policy_refused",
    "rate_limited",
    "secret_in_argv",
    "secret_in_env",
    "sign_in",
    "unavailable",
    "unknown_model",
    "wrong_version",
)
UNREADABLE_ENDS = ("patch_too_large", "patch_unfaithful")
NO_ROOM = "No space left"
NAMED_MAX = 5


class Left(msgspec.Struct, frozen=True):
    """The changes of an agent."""

    patch: bytes
    files: tuple[str, ...]


def spent_in(run: Run) -> Judged:
    """Return a judgement that holds only the usage of the run."""
    begun = run.started_at
    until = run.settled_at or run.at
    seconds = max(until - begun, 0.0) if begun is not None else 0.0
    # An unknown price hides the known part of a bill, and never counts as 0.
    cost = run.usage.cost
    return Judged("error", tokens=run.usage.tokens, cost=cost, seconds=round(seconds, 3))


def by_run(run: Run, caps: Caps) -> tuple[Outcome | None, str, str]:
    """Return how a trial ended as far as its run says: outcome, reason, and the check it failed.

    No outcome means that its agent ended well, and that its changes decide.
    """
    state = run.states.get(STEP)
    if over := _over(run, caps):
        return "over_budget", over, ""
    if isinstance(state, Succeeded):
        return None, "", ""
    if isinstance(state, Failed):
        return _by_failure(state.failure)
    if run.halt is not None:
        words = f"It could not begin or go on: {run.halt.reason}"
        return ("over_budget" if run.usage.tokens or run.fence else "error"), words, ""
    if run.status in ("waiting", "held") or run.held:
        return "stuck", "It waited for a person, and a trial has none.", ""
    return "error", f"Its run ended as {run.status} before the agent did.", ""


def _over(run: Run, caps: Caps) -> str:
    used = run.usage
    if caps.tokens is not None and used.tokens > caps.tokens:
        return f"It used {used.tokens:,} tokens; its cap is {caps.tokens:,}."
    if caps.cost is not None and used.cost is not None and used.cost > caps.cost:
        return f"It cost {used.cost:,} micro-dollars; its cap is {caps.cost:,}."
    return ""


def _by_failure(failure: Failure) -> tuple[Outcome, str, str]:
    reason = " ".join(failure.reason.split())[:TEXT_MAX]
    first, _, last = failure.code.partition(".")
    if failure.code in OVER or last in OVER_ENDS:
        return "over_budget", reason, ""
    if failure.code in STUCK or last in STUCK_ENDS:
        return "stuck", reason, ""
    if last in UNREADABLE_ENDS:
        return "failed", reason, READABLE
    if first in BETWEEN or last in BETWEEN_ENDS:
        return "error", f"{failure.code}: {reason}", ""
    return "failed", reason, ENDED_WELL


def by_tree(reason: str) -> tuple[Outcome, str, str]:
    """Return the outcome of a trial whose tree can't be read, which only its agent could change.

    An agent must not void a trial by breaking its tree.
    """
    if NO_ROOM in reason:
        return "error", reason[:TEXT_MAX], ""
    return "failed", f"What it left can't be read: {reason}"[:TEXT_MAX], READABLE


def by_files(scenario: Scenario, left: Left) -> tuple[Outcome | None, str, str]:
    """Return how a trial ended as far as the changed files say; see `by_run`."""
    if not left.patch:
        return "stuck", "It changed no file.", ""
    wrong = matching(scenario.forbidden, left.files)
    if scenario.allowed:
        fine = set(matching(scenario.allowed, left.files))
        wrong += [path for path in left.files if path not in fine and path not in wrong]
    if not wrong:
        return None, "", ""
    more = f" and {len(wrong) - NAMED_MAX:,} more" if len(wrong) > NAMED_MAX else ""
    names = ", ".join(wrong[:NAMED_MAX])
    return "failed", f"It changed what it may not: {names}{more}."[:TEXT_MAX], PLACES


def by_checks(checked: Sequence[Checked]) -> tuple[Outcome, str, str]:
    """Return how a trial ended by its checks."""
    for each in checked:
        if not each.passed:
            words = f"{each.name!r} ended with status {each.exit_code}."
            if not each.exit_code:
                words = f"{each.name!r} did not print the expected text."
            return "failed", words, each.name
    return "passed", "", ""
