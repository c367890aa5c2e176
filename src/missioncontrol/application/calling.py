"""Pays for model calls out of the ledger: set aside when they begin, settled when they end."""

from collections.abc import Callable

from missioncontrol.application.budgets import Budgets
from missioncontrol.application.journal import Journal
from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.ids import Ids

ScopesOf = Callable[[str], tuple[Scope, ...]]
"""The scopes that a call of a model counts in."""


class LedgerAccount:
    """Keeps the promise of `ports.gateway.Account` for a key that belongs to no attempt."""

    def __init__(self, budgets: Budgets, journal: Journal, ids: Ids, scopes: ScopesOf) -> None:
        """`scopes` are asked with each call, for caps may hold by model."""
        self._budgets = budgets
        self._journal = journal
        self._ids = ids
        self._scopes = scopes

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
        """See `Account.admit`."""
        name = self._ids.new("call")
        worst = self._budgets.worst(Spending(model, input_tokens, output_tokens))
        try:
            self._budgets.reserve(name, self._scopes(model), worst)
        except MissionControlError as error:
            raise AttemptFailed(
                error.code, error.reason, hint=error.hint, retryable=False
            ) from error
        try:
            await self._journal.durable()
        except BaseException:
            self._budgets.settle(name)
            raise
        return name

    def settle(self, reservation: str, usage: Usage, *, model: str) -> None:
        """See `Account.settle`."""
        if usage.tokens or usage.cost:
            self._budgets.spend(reservation, model, usage)
        self._budgets.settle(reservation)
