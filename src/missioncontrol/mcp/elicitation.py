"""Asking the person at a client: whether it can be done there, and how much they are shown."""

from missioncontrol.domain.errors import Rejected
from missioncontrol.mcp.server import Ctx

SHOWN_MAX = 16_000
"""Characters that a person is asked to read at a client; longer ones are read elsewhere."""


def refuse_unasked(ctx: Ctx, text: str, *, hint: str) -> None:
    """Refuse a client that can put no form before a person, and a text too long for one.

    A client that says nothing of forms or addresses means forms: that is how it was before there
    were both. `hint` says where else a person answers.

    Raises:
        Rejected: `mcp.no_elicitation`, `mcp.too_long`.
    """
    able = ctx.client_capabilities
    asks = able.elicitation if able is not None else None
    if asks is None or (asks.form is None and asks.url is not None):
        raise Rejected(
            "mcp.no_elicitation",
            "This client can't ask the person who uses it, and only that person decides.",
            hint=hint,
        )
    if len(text) > SHOWN_MAX:
        raise Rejected(
            "mcp.too_long",
            f"It is longer than a person is shown here ({SHOWN_MAX:,} characters).",
            hint=hint,
        )
