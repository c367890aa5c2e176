"""The permission that each verb needs of a signed-in user; a verb missing here is forbidden.

The console refuses before it asks. The work itself repeats the check, so that no way around
the console, and no mistake in it, is a way around this.
"""

from typing import Any

from missioncontrol.application.approvals import Spoken
from missioncontrol.application.asks import OnBehalfCommand
from missioncontrol.application.elevations import ElevationWished
from missioncontrol.application.repositories import RepositoryTaskAsked
from missioncontrol.application.tracing import TraceAsked
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.person import is_agent
from missioncontrol.domain.principal import Asking, Needed

NEEDED: dict[str, Needed] = {
    "BeginMission": "operate",
    "CarryOut": "operate",
    "SaveWorkflow": "operate",
    "SpecAsked": "approve",
    "PatternsLearned": "operate",
    "PatternAsked": "operate",
    "RepositoryAsked": "govern",
    "RepositoryTaskAsked": "operate",
    "TasksAsked": "operate",
    "SignOffAsked": "approve",
    "EvaluationAsked": "operate",
    "TrialAsked": "operate",
    "TrialEnded": "operate",
    "Spoken": "approve",
    "AnswerGiven": "approve",
    "StopAll": "stop",
    "StartAll": "govern",
    "ChangeLimit": "govern",
    "CapChange": "govern",
    "ElevationWished": "operate",
    "TraceAsked": "approve",
    "ExportNoted": "read",
    "AlertAsked": "operate",
    "FindingsTaken": "sign_in",
    "DigestTaken": "sign_in",
    "WorkerDrained": "govern",
    "WorkersListed": "read",
}

LOOKS = frozenset({"WorkersListed"})
"""Verbs that change nothing; they leave nothing in the record."""

SHOWN_ONCE: dict[str, tuple[str, ...]] = {}
"""Fields of answers that are secrets: nothing keeps them."""


class NotPermitted(MissionControlError):
    """The caller lacks the permission."""

    status = 403


def refuse_agents(ask: Any, actor: str) -> None:
    """Refuse an agent what only people may ask for: all that changes what the agent is held to.

    An agent may look, begin work, take up and end work of the people it acts for, and stop all.

    Raises:
        Rejected: `actor.by_agent`.
    """
    is_allowed = isinstance(ask, OnBehalfCommand)
    refuse_agent(actor, by_agents=is_allowed)


def refuse_agent(actor: str, *, by_agents: bool) -> None:
    """Refuse an agent what only people may ask for.

    Raises:
        Rejected: `actor.by_agent`.
    """
    if is_agent(actor) and not by_agents:
        raise Rejected(
            "actor.by_agent",
            f"This was asked for by an agent at work ({actor}), and an agent may only begin "
            "runs, end those of the person it acts for, and stop everything.",
            hint="A person does that, in a terminal of their own.",
        )


def refuse_unpermitted(ask: Any, actor: str, asking: Asking) -> None:
    """Refuse what goes beyond the permissions of the caller.

    Raises:
        NotPermitted: `permission.missing`, or `permission.undeclared` where no user may.
    """
    verb = type(ask).__name__
    needed = _needed(ask)
    if needed is None:
        raise NotPermitted("permission.undeclared", f"No signed-in user may request {verb}.")
    refuse_missing(needed, actor, asking)


def refuse_missing(needed: Needed, actor: str, asking: Asking) -> None:
    """Refuse who does not have a permission.

    Raises:
        NotPermitted: `permission.missing`.
    """
    if needed != "sign_in" and needed not in asking.permissions:
        raise NotPermitted(
            "permission.missing",
            f"{actor!r} may not do this: it needs the permission {needed!r}.",
            hint="An admin of this workspace gives roles.",
        )


def refuse_without_sign_in(ask: Any, *, is_confined: bool) -> None:
    """Refuse a decision in a name that nothing proves, where steps could give it as well.

    Raises:
        Rejected: as `refuse_unproven`.
    """
    refuse_unproven(_needed(ask), is_confined=is_confined)


def refuse_unproven(needed: Needed | None, *, is_confined: bool) -> None:
    """Refuse what needs the permission to approve in a name that nothing proves.

    Steps that are not confined can read the data directory, and so act as the user of the
    operating system. Only a session or a token then tells a person from a program.

    Raises:
        Rejected: `approval.sign_in`.
    """
    if is_confined or needed != "approve":
        return
    raise Rejected(
        "approval.sign_in",
        "Steps are not confined on this machine, so a name that is typed here proves nothing, "
        "and decisions need a person who is signed in.",
        hint="Decide in the console (`mission up` prints a link that signs you in), or with a "
        "token: `mission user token new decide --scope read --scope approve` makes one, then "
        "`MISSION_TOKEN=TOKEN mission approvals approve ID --reason TEXT --server URL`, where URL "
        "is the console's.",
    )


def _needed(ask: Any) -> Needed | None:
    match ask:
        case Spoken(verb="withdraw"):
            return "operate"  # It takes one's own question back.
        case ElevationWished(verb="approve" | "refuse"):
            return "approve"
        case ElevationWished(verb="end"):
            return "stop"  # It narrows what an agent may do.
        case TraceAsked(verb="assign" | "scope"):
            return "operate"  # Who sees to a risk, what a task is to change; no waiver.
        case RepositoryTaskAsked(verb="done"):
            return "approve"  # The person who marks it done has checked the work.
    return NEEDED.get(type(ask).__name__)
