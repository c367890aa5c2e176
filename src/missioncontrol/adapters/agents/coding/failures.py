"""Failures of coding tools, with a reason and a hint."""

import re

from missioncontrol.adapters.agents.coding.session import ToolSession
from missioncontrol.ports.agent import AttemptFailed

REASON_MAX = 4_000

_RAISES = re.compile(r"`mission (?:budget|price) set [^`]{1,500}`")
"""Commands in a refusal by the gateway that raise the exhausted caps."""

_CODES = {
    401: ("sign_in", "Check the key that the agent is given."),
    402: ("budget_refused", "`mission budget show` says what is left; raise the cap or wait."),
    403: ("policy_refused", "Use a model that the policy allows, or have the policy changed."),
    404: ("unknown_model", "Check the name of the model."),
    413: ("too_large", "Make the prompt or the step smaller."),
    429: ("rate_limited", "Try again later, or run fewer attempts at once."),
}
_FINAL = frozenset({400, 401, 402, 403, 404, 413})


_REFUSALS = ("budget_refused", "policy_refused", "rate_limited", "unavailable")
"""Codes of failures in which the model never answered; the same call may succeed later."""


def may_resume(failure: AttemptFailed, *, is_refusal: bool = False) -> bool:
    """Whether the next attempt may resume the conversation of a failed one.

    It may after a refusal and, unless `is_refusal` restricts it to those, after an exit without a
    result.
    """
    word = failure.code.rpartition(".")[2]
    return word in _REFUSALS or (not is_refusal and word == "no_result")


def tool_refusal(session: ToolSession, tool: str, message: str, status: int = 0) -> AttemptFailed:
    """Return the failure of a tool that gave a reason; `status` is that of the model's answer.

    `message` contains the text of a refusal by the gateway.
    """
    code, hint = _CODES.get(status, ("unavailable" if status >= 500 else "failed", ""))
    text = " ".join(session.scrub(message).split())
    shown = text if len(text) <= REASON_MAX else f"{text[: REASON_MAX - 1]}…"
    if status == 402 and (commands := _RAISES.findall(text)):
        hint = f"{' and '.join(commands)} allows it."
    return AttemptFailed(
        f"{session.kind}.{code}",
        f"{tool} failed: {shown or 'it gave no reason'}",
        hint=hint or "`mission runs output RUN STEP` shows its output.",
        retryable=status not in _FINAL,
        detail={"status": status} if status else None,
    )


def no_result(session: ToolSession, tool: str, code: int) -> AttemptFailed:
    """Return the failure of a tool that exited without a result."""
    errors = " ".join(list(session.errors)[-3:])
    return AttemptFailed(
        f"{session.kind}.no_result",
        f"{tool} ended with status {code} and without a result. {errors}".rstrip(),
        hint="`mission runs output RUN STEP` shows its output.",
        detail={"exit_code": code},
    )
