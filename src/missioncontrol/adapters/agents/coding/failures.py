"""Why a tool could not do its work, in words and with a remedy."""

import re

from missioncontrol.adapters.agents.coding.session import ToolSession
from missioncontrol.ports.agent import AttemptFailed

REASON_MAX = 4_000

_RAISES = re.compile(r"`mission (?:budget|price) set [^`]{1,500}`")
"""How the gateway names the very caps that are short."""

_CODES = {
    401: ("sign_in", "Check the key that the agent is given."),
    402: ("budget_refused", "`mission budget show` says what is left; raise the cap or wait."),
    403: ("policy_refused", "Use a model that the policy allows, or have the policy changed."),
    404: ("unknown_model", "Check the name of the model."),
    413: ("too_large", "Make the prompt or the step smaller."),
    429: ("rate_limited", "Try again later, or let fewer attempts run at once."),
}
_FINAL = frozenset({400, 401, 402, 403, 404, 413})


_REFUSALS = ("budget_refused", "policy_refused", "rate_limited", "unavailable")
"""Ends of an attempt at a call that the model never answered: later the same call may pass."""


def may_resume(failure: AttemptFailed, *, is_refusal: bool = False) -> bool:
    """Whether the conversation of a failed attempt goes on in the next one.

    It does after a refusal, and unless only these count, after its program ended without a result.
    """
    word = failure.code.rpartition(".")[2]
    return word in _REFUSALS or (not is_refusal and word == "no_result")


def tool_refusal(session: ToolSession, tool: str, said: str, status: int = 0) -> AttemptFailed:
    """Return the failure of a tool that said why; `status` is that of the model's answer.

    The text of a refusal by the gateway is part of what the tool says.
    """
    code, hint = _CODES.get(status, ("unavailable" if status >= 500 else "failed", ""))
    text = " ".join(session.scrub(said).split())
    shown = text if len(text) <= REASON_MAX else f"{text[: REASON_MAX - 1]}…"
    if status == 402 and (commands := _RAISES.findall(text)):
        hint = f"{' and '.join(commands)} allows it."
    return AttemptFailed(
        f"{session.kind}.{code}",
        f"{tool} could not end its work: {shown or 'it gave no reason'}",
        hint=hint or "`mission output RUN STEP` shows what it said.",
        retryable=status not in _FINAL,
        detail={"status": status} if status else None,
    )


def no_result(session: ToolSession, tool: str, code: int) -> AttemptFailed:
    """Return the failure of a tool that ended without saying how."""
    words = " ".join(list(session.errors)[-3:])
    return AttemptFailed(
        f"{session.kind}.no_result",
        f"{tool} ended with status {code} and without a result. {words}".rstrip(),
        hint="`mission output RUN STEP` shows what it said.",
        detail={"exit_code": code},
    )
