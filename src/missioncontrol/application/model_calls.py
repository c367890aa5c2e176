"""Pays for model calls out of the ledger: set aside when they begin, settled when they end."""

import asyncio
from collections.abc import Callable

from missioncontrol.application.budgets import Budgets
from missioncontrol.application.journal import Journal
from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.step import Amount, Spending
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.gateway import HELD
from missioncontrol.ports.ids import Ids

ScopesOf = Callable[[str], tuple[Scope, ...]]
"""The scopes that a call of a model counts in."""

KIND = "call"
"""Reservations of calls that belong to no attempt begin so."""

ROOM_SECONDS_MAX = 20.0
"""A call waits so long for room that other work holds; after that its tool may ask again."""

LOOK_SECONDS = 0.1


class LedgerAccount:
    """Keeps the promise of `ports.gateway.Account` for a key that belongs to no attempt."""

    def __init__(
        self,
        budgets: Budgets,
        journal: Journal,
        ids: Ids,
        scopes: ScopesOf,
        *,
        room_seconds: float = ROOM_SECONDS_MAX,
    ) -> None:
        """`scopes` are asked with each call, for caps may hold by model."""
        self._budgets = budgets
        self._journal = journal
        self._ids = ids
        self._scopes = scopes
        self._room_seconds = room_seconds

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
        """See `Account.admit`. What would fit once other work has ended waits for it a while."""
        name = self._ids.new(KIND)
        worst = self._budgets.worst(Spending(model, input_tokens, output_tokens))
        await self._set_aside(name, self._scopes(model), worst)
        try:
            await self._journal.durable()
        except BaseException:
            self._budgets.settle(name)
            raise
        return name

    async def _set_aside(self, name: str, scopes: tuple[Scope, ...], worst: Amount) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._room_seconds
        while True:
            try:
                return self._budgets.reserve(name, scopes, worst)
            except MissionControlError as error:
                may_wait = self._may_wait(error, scopes, worst)
                if not may_wait or loop.time() >= until:
                    code = HELD if may_wait else error.code
                    raise AttemptFailed(
                        code, error.reason, hint=error.hint, retryable=may_wait
                    ) from error
            await asyncio.sleep(LOOK_SECONDS)

    def _may_wait(
        self, error: MissionControlError, scopes: tuple[Scope, ...], worst: Amount
    ) -> bool:
        """Whether only what others hold now stands against a call."""
        return error.code == "budget.exceeded" and self._budgets.fits_later(scopes, worst)

    def room(self, model: str) -> Amount:
        """See `Roomy.room`."""
        return self._budgets.room(self._scopes(model))

    def settle(
        self, reservation: str, usage: Usage, *, model: str, estimated: bool = False
    ) -> None:
        """See `Account.settle`."""
        try:
            if usage.tokens or usage.cost:
                self._budgets.spend(reservation, model, usage, estimated=estimated)
        finally:
            # Also where it can't be counted: nothing else would ever free what is left.
            self._budgets.settle(reservation)


def charge_interrupted(budgets: Budgets) -> None:
    """Charge calls that the end of an engine broke off, as nothing else will settle them.

    What they used is not known any more: the provider may have worked to the end. So all that was
    set aside for them counts as spent, as with every other call without a report.
    """
    for name in [name for name in budgets.ledger.live if name.startswith(f"{KIND}-")]:
        budgets.forfeit(name)
