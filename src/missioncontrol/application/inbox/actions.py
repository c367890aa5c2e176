"""What can be done with items of each kind: its name, key, permission, and what it issues."""

from collections.abc import Iterator
from typing import NamedTuple

from missioncontrol.application.inbox.items import Action, State, Waiting
from missioncontrol.domain.inbox import Kind
from missioncontrol.domain.principal import Permission, Principal

NEEDS_REASON = ("reason",)


class Rule(NamedTuple):
    """One thing that can be done."""

    name: str
    title: str
    key: str
    operation: str  # of the declarations, or a command of the engine
    permission: Permission | None = None  # None: any person who is signed in
    needs: tuple[str, ...] = ()
    is_final: bool = False
    is_decision: bool = True  # it settles the item, so only those may who can


DECISIONS: dict[Kind, tuple[Rule, ...]] = {
    "approval": (
        Rule("approve", "Approve", "a", "approval.approve", "approve"),
        Rule(
            "request-changes",
            "Request changes",
            "c",
            "approval.request-changes",
            "approve",
            ("inputs", "reason"),
        ),
        Rule(
            "reject",
            "Reject and fail the step",
            "r",
            "approval.reject",
            "approve",
            NEEDS_REASON,
            is_final=True,
        ),
    ),
    "question": (Rule("answer", "Answer", "a", "question.answer", "approve", ("answer",)),),
    "elevation": (
        Rule("approve", "Grant", "a", "elevation.approve", "approve"),
        Rule("reject", "Refuse", "r", "elevation.refuse", "approve", NEEDS_REASON, is_final=True),
    ),
    "stuck": (Rule("start", "Start", "a", "agent.start", "govern"),),
    "halt": (
        Rule("raise", "Raise the cap", "a", "run.raise-caps", "govern"),
        Rule("cancel", "Cancel the run", "r", "run.cancel", "operate", NEEDS_REASON, is_final=True),
    ),
    "failed": (Rule("retry", "Retry from the failed step", "a", "run.retry", "operate"),),
    "sign-off": (Rule("sign", "Sign off", "a", "document.sign", "approve"),),
    "plan": (
        Rule("start", "Start", "a", "mission.execute", "operate"),
        Rule("answer", "Plan with the answers", "", "mission.begin", "operate", ("answer",)),
    ),
    "task": (
        Rule("start", "Start", "a", "work_item.start", "operate"),
        Rule("finish", "Mark as done", "a", "work_item.finish", "approve"),
    ),
    "comment": (Rule("resolve", "Resolve all", "r", "review.resolve", "approve"),),
    "alert": (
        Rule("acknowledge", "Acknowledge", "a", "alert.acknowledge", "operate"),
        Rule("resolve", "Resolve", "r", "alert.resolve", "operate", ("note",)),
    ),
    "decision": (
        Rule("accept", "Accept", "a", "decision.accept", "operate"),
        Rule("reject", "Reject", "r", "decision.reject", "operate", NEEDS_REASON, is_final=True),
    ),
    "slow": (),  # It is over when the item leaves its stage; the board has what can be done.
    "session": (Rule("adopt", "Adopt into a run", "a", "agent_session.adopt", "operate"),),
}

DISMISSED: tuple[Kind, ...] = ("failed", "plan", "task", "slow", "comment", "session")

SNOOZE = Rule("snooze", "Snooze", "s", "inbox.snooze", is_decision=False)
DISMISS = Rule("dismiss", "Dismiss", "r", "inbox.dismiss", is_decision=False)
ASSIGN = Rule("assign", "Delegate", "d", "inbox.assign", needs=("to",), is_decision=False)
DELEGATE = Rule(
    "delegate", "Delegate", "d", "approval.delegate", "approve", ("to", "reason"), is_decision=True
)
COMMENT = Rule("comment", "Comment", "m", "inbox.comment", needs=("text",), is_decision=False)
MUTE = Rule("mute", "Mute", "", "inbox.mute", is_decision=False)
RESTORE = Rule("restore", "Return to the inbox", "u", "inbox.restore", is_decision=False)


def actions_of(item: Waiting, state: State, who: Principal, objection: str) -> tuple[Action, ...]:
    """Return what `who` may do with an item, and what they may not, with the reason.

    `objection` says why they can't settle it; it is empty where they can.
    """
    return tuple(_action(item, rule, who, objection) for rule in _rules(item, state))


def _rules(item: Waiting, state: State) -> Iterator[Rule]:
    if item.may_act:
        for rule in DECISIONS[item.kind]:
            # A run is cancelled by itself, not with all others that met the same cap.
            is_meant = not item.actions or rule.name in item.actions
            if is_meant and (rule.name != "cancel" or item.count == 1):
                yield rule
    if item.kind in DISMISSED and state == "open":
        yield DISMISS
    if state != "open":
        yield RESTORE
    else:
        yield SNOOZE
    yield DELEGATE if item.kind == "approval" else ASSIGN
    yield COMMENT
    if state != "muted":
        yield MUTE


def _action(item: Waiting, rule: Rule, who: Principal, objection: str) -> Action:
    why = missing(rule.permission, who)
    if not why and rule.is_decision:
        why = objection
    title = item.title_of_action if rule.key == "a" and item.title_of_action else rule.title
    return Action(
        rule.name, title, rule.key, rule.operation, not why, why, rule.needs, rule.is_final
    )


def missing(needed: Permission | None, who: Principal) -> str:
    """Return why a person's roles don't allow something; "" where they do."""
    if needed is None or who.may(needed):
        return ""
    return f"Your roles don't have the permission {needed!r}."
