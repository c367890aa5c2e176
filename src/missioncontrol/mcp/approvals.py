"""Tools for approvals: the queue, one in full, and a person's yes or no at the client.

The model that calls a tool decides about nothing. What would run is put before the person by
elicitation, with its digest, and their answer is what the home receives.
"""

from typing import Annotated, Any, TypedDict

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Elicit, Resolve
from pydantic import BaseModel, Field

from missioncontrol.application.queries.approvals import ApprovalView, shown
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.mcp.bounds import Cursor, Limit, bounded
from missioncontrol.mcp.elicitation import refuse_unasked
from missioncontrol.mcp.server import Ctx, client_of, reach_of

ONCE_ONLY = ("approval.agreed", "approval.counted")
"""What stands against a second yes of the same person, and not against their no."""

REASON_MAX = 4_000
Approval = Annotated[str, Field(max_length=300, description="Id of an approval: approval-….")]


class Agreement(BaseModel):
    """What a person is asked who may agree."""

    agree: bool = Field(description="Yes: exactly this may run.")
    reason: str = Field(min_length=1, max_length=REASON_MAX, description="Why; stored forever.")


class Refusal(BaseModel):
    """What a person is asked who says no."""

    refuse: bool = Field(description="Yes, refuse it: that is final, and its step fails.")
    reason: str = Field(min_length=1, max_length=REASON_MAX, description="Why; stored forever.")


class Answered(TypedDict):
    """What came of asking the person."""

    approval: str
    state: str  # waiting, deferred, approved, rejected, …
    digest: str
    told: bool  # whether the person's answer was sent to the home
    words: str


async def list_approvals(
    ctx: Ctx,
    run: Annotated[str, Field(max_length=300, description="Only of this run.")] = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """List what waits for a person, the most urgent first."""
    async with client_of(ctx) as client:
        return bounded(await client.approvals.list(run=run).page(cursor, limit))


async def show_approval(ctx: Ctx, approval: Approval) -> dict[str, Any]:
    """Show exactly what would run, its digest, why a person is asked, and who may answer."""
    async with client_of(ctx) as client:
        return bounded(await client.approvals.get(approval))


async def _looked(approval: str, ctx: Ctx) -> ApprovalView:
    """Return what a person is asked about, where they may decide and can be asked here.

    Raises:
        Forbidden: `permission.missing`.
        Rejected: `approval.by_agent`, `approval.settled`, `mcp.no_elicitation`, `mcp.too_long`, and
            why the person may not decide, which they see before they read anything.
    """
    reach_of(ctx).refuse_agents_at_work()
    reach_of(ctx).refuse_without("approve", ctx)
    async with client_of(ctx) as client:
        found = await client.approvals.get(approval)
    if not found.is_open:
        raise Rejected(
            "approval.settled", f"{approval} is {found.state}; it needs no answer any more."
        )
    if found.objection and found.objection_code not in ONCE_ONLY:
        raise Rejected(found.objection_code, found.objection)
    refuse_unasked(ctx, shown(found.subject), hint=_other_ways(approval))
    return found


async def _looked_to_agree(found: Annotated[ApprovalView, Resolve(_looked)]) -> ApprovalView:
    """Return it where the person has not agreed by now."""
    if found.objection:
        raise Rejected(found.objection_code, found.objection)
    return found


def _agreement(
    found: Annotated[ApprovalView, Resolve(_looked_to_agree)],
) -> Elicit[Agreement]:
    return Elicit(_question(found, "May exactly this run?"), Agreement)


def _refusal(found: Annotated[ApprovalView, Resolve(_looked)]) -> Elicit[Refusal]:
    return Elicit(_question(found, "Is this to be refused?"), Refusal)


async def approve(
    ctx: Ctx,
    approval: Approval,
    found: Annotated[ApprovalView, Resolve(_looked_to_agree)],
    form: Annotated[ElicitationResult[Agreement], Resolve(_agreement)],
) -> Answered:
    """Ask the person at this client whether exactly what is shown may run, and tell their yes.

    Only a person answers. A client that can't ask one is refused.
    """
    if not isinstance(form, AcceptedElicitation) or not form.data.agree:
        return _left(found)
    async with client_of(ctx) as client:
        now = await client.approvals.approve(approval, digest=found.digest, reason=form.data.reason)
    return _recorded(now)


async def reject(
    ctx: Ctx,
    approval: Approval,
    found: Annotated[ApprovalView, Resolve(_looked)],
    form: Annotated[ElicitationResult[Refusal], Resolve(_refusal)],
) -> Answered:
    """Ask the person at this client whether what is shown is to be refused, and tell their no."""
    if not isinstance(form, AcceptedElicitation) or not form.data.refuse:
        return _left(found)
    async with client_of(ctx) as client:
        now = await client.approvals.reject(approval, reason=form.data.reason)
    return _recorded(now)


def _other_ways(approval: str) -> str:
    return (
        f"A person reads it with `mission approvals show {approval}` and decides with "
        f"`mission approvals approve`, or on the console's page /approvals/{approval}."
    )


def _question(found: ApprovalView, what: str) -> str:
    """Return what a person reads before they answer; the same as long as the same is asked."""
    warnings = []
    if found.suspicious:
        warnings.append("Characters in it hide or imitate others; they are written out below.")
    if not found.digest_fits:
        warnings.append("It holds secrets, which are shown nowhere and are part of the digest.")
    lines = [
        f"{what} {found.title} (step {found.step} of {found.run}, {found.risk})",
        *found.why,
        *warnings,
        f"SHA-256 {found.digest}",
    ]
    return "\n".join([*map(visible, lines), shown(found.subject)])


def _left(found: ApprovalView) -> Answered:
    return Answered(
        approval=found.approval,
        state=found.state,
        digest=found.digest,
        told=False,
        words="The user of the client did not confirm, and it waits as before.",
    )


def _recorded(now: ApprovalView) -> Answered:
    return Answered(
        approval=now.approval,
        state=now.state,
        digest=now.digest,
        told=True,
        words=f"The answer is recorded; the approval is {now.state}.",
    )
