"""An execution with everything that governs it, over any journal: for tests and simulations."""

from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.approvals import Approvals
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.execution import Execution, Governance
from missioncontrol.application.journal import Journal
from missioncontrol.application.scope import Scopes
from missioncontrol.domain.agent import AgentCard
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.ids import Ids
from missioncontrol.ports.prices import Prices

EXPRESSIONS = CelExpressions()
"""Compiled expressions are worth keeping from one world to the next."""


def governed(
    journal: Journal,
    artifacts: ArtifactStore,
    ids: Ids,
    *,
    cards: dict[str, AgentCard] | None = None,
    prices: Prices | None = None,
) -> Execution:
    """Return an execution whose services are in its `governance`."""
    known = cards if cards is not None else {}
    approvals = Approvals(journal, ids, cards=known.get)
    budgets = Budgets(journal, prices or GenaiPrices())
    governance = Governance(Scopes(EXPRESSIONS), approvals, budgets, known.get)
    return Execution(journal, artifacts, ids, governance)
