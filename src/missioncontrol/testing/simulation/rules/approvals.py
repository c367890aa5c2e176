"""Approvals as the log tells them: who was asked what, who had a say, and what came of it."""

import hashlib
import json
from typing import Any

from missioncontrol.testing.simulation.rules import hold

Data = dict[str, Any]
ANYBODY = "approver"
FINAL = {
    "approval_granted": "approved",
    "approval_rejected": "rejected",
    "changes_requested": "changed",
    "approval_expired": "expired",
    "approval_withdrawn": "withdrawn",
}
PERSON_EVENTS = frozenset(
    {
        "approval_given",
        "approval_rejected",
        "changes_requested",
        "approval_deferred",
        "approval_delegated",
    }
)
"""What only people with a say may do."""

TINY = 0.000_01


def plainly(actor: str) -> str:
    """Return the name by which a person counts."""
    return actor.removeprefix("user:").casefold()


def digest_of(subject: Any) -> str:
    """Return the SHA-256 of the one form in which a value is hashed."""
    text = json.dumps(_whole(subject), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _whole(value: Any) -> Any:
    """Return a value in which 2.0 is 2, as it is for everybody who reads JSON."""
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class ApprovalBook:
    """One approval."""

    def __init__(self, data: Data, at: float) -> None:
        """It was asked `at` (seconds since the epoch)."""
        self.told = data
        self.digest: str = data["digest"]
        self.subject: Data = data["subject"]
        self.answer = ""
        self.answered_in = 0  # the transaction
        self.inputs: Data = {}  # those that were asked for
        rule = data["rule"]
        self.count: int = rule.get("count", 1)
        self.approvers = [plainly(name) for name in rule.get("approvers", [ANYBODY])]
        self.agreed: list[tuple[str, str]] = []  # who, and for whom
        self.delegated: dict[str, str] = {}
        self.deferred = 0.0
        self.escalated = False
        self.writers = {
            plainly(name)
            for name in (data["author"], data.get("on_behalf", ""), *data.get("edited_by", ()))
        } - {""}
        self.authors = {plainly(data["author"]), plainly(data.get("on_behalf", ""))} - {""}
        hold(digest_of(self.subject) == self.digest, "the digest is that of what is shown")
        expires = at + rule.get("expires_seconds", 7 * 86_400.0)
        hold(abs(data["expires"] - expires) < TINY, f"it expires at {expires}")
        if "escalation" in rule:
            escalates = at + rule["escalation"]["after_seconds"]
            hold(abs(data["escalates"] - escalates) < TINY, f"it is escalated at {escalates}")

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return not self.answer

    def can_decide(self, name: str) -> bool:
        """Whether a person may decide now."""
        if name in self.delegated:
            return False
        holders = {self._holder(each) for each in self.approvers}
        return name in holders or ANYBODY in holders

    def _holder(self, name: str) -> str:
        while name in self.delegated:
            name = self.delegated[name]
        return name

    def take(self, kind: str, data: Data, at: float, actor: str) -> None:
        """Take an event of this approval in.

        Raises:
            Violation: it breaks a rule.
        """
        hold(self.is_open, f"an approval has one answer, and this one was {self.answer}")
        if kind in PERSON_EVENTS:
            self._refuse_stranger(data, at, actor)
        handler = getattr(self, f"_{kind}", None)
        if handler is not None:
            handler(data, at)
        self.answer = FINAL.get(kind, "")

    def _refuse_stranger(self, data: Data, at: float, actor: str) -> None:
        name, behalf = plainly(data["by"]), plainly(data.get("on_behalf", ""))
        hold(data["by"] == actor, "who speaks is who is written down")
        hold(data["reason"].strip(), "each decision has a reason")
        hold(at < self.told["expires"], "no decision is made after the time is over")
        hold(self.can_decide(name), f"{name} has no say")
        hold(not {name, behalf} & self.authors, f"{name} asked for it and can't decide")

    def _approval_given(self, data: Data, _: float) -> None:
        name, behalf = plainly(data["by"]), plainly(data.get("on_behalf", ""))
        hold(not {name, behalf} & self.writers, f"{name} wrote it and can't agree")
        used = {each for pair in self.agreed for each in pair} - {""}
        hold(not {name, behalf} & used, f"the say of {name} was used already")
        self.agreed.append((name, behalf))

    def _approval_granted(self, data: Data, _: float) -> None:
        by = [plainly(name) for name in data["by"]]
        hold(by == [name for name, _ in self.agreed], "those who agreed are written down")
        hold(len(set(by)) == len(by) >= self.count, f"{self.count} different people have to agree")
        hold(data["digest"] == self.digest, "what is granted is what was shown")

    def _changes_requested(self, data: Data, _: float) -> None:
        hold(data["inputs"] != self.subject["inputs"], "other inputs are asked for")
        self.inputs = data["inputs"]

    def _approval_deferred(self, data: Data, at: float) -> None:
        hold(at < data["until"] < self.told["expires"], "a deferral gives no more time")
        self.deferred = data["until"]

    def _deferral_ended(self, data: Data, at: float) -> None:
        hold(self.deferred == data["until"] <= at + TINY, "a deferral lasts its time")
        self.deferred = 0.0

    def _approval_delegated(self, data: Data, _: float) -> None:
        giver, taker = plainly(data["by"]), plainly(data["to"])
        hold(taker not in self.writers, f"{taker} wrote it and can't agree")
        hold(taker not in self.delegated, "a say does not come back to who gave one away")
        hold(giver not in [name for name, _ in self.agreed], "a say that was used is gone")
        self.delegated[giver] = taker

    def _approval_escalated(self, data: Data, at: float) -> None:
        escalation = self.told["rule"]["escalation"]
        hold(not self.escalated, "it is escalated once")
        hold(at + TINY >= self.told["escalates"], "it is escalated when no decision was made")
        hold(data["to"] == escalation["to"], "it is escalated to those who are named")
        self.escalated = True
        self.approvers += [plainly(name) for name in data["to"]]

    def _approval_expired(self, _: Data, at: float) -> None:
        hold(at + TINY >= self.told["expires"], "it expires when its time is over")

    def _approval_withdrawn(self, data: Data, _: float) -> None:
        by = {plainly(data["by"]), plainly(data.get("on_behalf", ""))}
        hold(data["by"] == "engine" or by & self.authors, "its author, or its run, takes it back")
