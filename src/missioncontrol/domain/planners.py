"""Who makes the plan of a mission: our own rules, the model that is configured, or an agent."""

from collections.abc import Mapping

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Spending

LOCAL, MODEL = "local", "model"
PROGRAMS: Mapping[str, str] = {
    "codex": "codex",
    "claude-code": "claude",
    "claude": "claude",
    "opencode": "acp",
}
"""Programs that plan without being declared as agents, and their kinds."""

KINDS = frozenset(PROGRAMS.values())
AGENT_SECONDS_MAX = 1_800.0
"""For planning by an agent or a model that was asked for: it reads with tools."""


def is_agent(planner: str) -> bool:
    """Whether the plan is made by an agent."""
    return planner not in ("", LOCAL, MODEL)


def planning_seconds(planner: str, usual: float) -> float:
    """Return how long planning may take by default; `usual` is that without an agent."""
    return usual if planner in ("", LOCAL) else max(usual, AGENT_SECONDS_MAX)


def planner_spending(
    planner: str, card: AgentCard | None, of_model: Spending | None
) -> Spending | None:
    """Return what a plan can use; None where no model is asked.

    `card` is that of the agent called `planner`, `of_model` what the configured model can use.

    Raises:
        Rejected: `mission.no_planner`.
    """
    if planner == LOCAL:
        return None
    if planner == MODEL and of_model is None:
        raise Rejected(
            "mission.no_planner",
            "No model is configured that could plan.",
            hint="Set MISSION_MODEL_URL, MISSION_MODEL_NAME and MISSION_MODEL_KEY.",
        )
    if not is_agent(planner):
        return of_model
    if card is not None and card.kind in KINDS:
        # Each call is set aside when it is made: a whole plan's worst case is unknown.
        return Spending(card.spending.model if card.spending else "", by_call=True)
    if card is None and planner in PROGRAMS:
        return Spending(by_call=True)
    what = f"of kind {card.kind}" if card is not None else "not known"
    raise Rejected(
        "mission.no_planner",
        f"Agent {planner[:80]!r} is {what} and can't plan.",
        hint=f"Name {LOCAL}, {MODEL}, {', '.join(sorted(PROGRAMS))}, or an agent of kind "
        f"{', '.join(sorted(KINDS))}; `mission agent list` names the agents.",
    )
