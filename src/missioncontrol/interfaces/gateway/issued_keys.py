"""Keys that people issued, as the gateway looks at them: each with the account it calls on."""

from missioncontrol.application.budgets import Budgets
from missioncontrol.application.gateway_keys import GatewayKeys
from missioncontrol.application.journal import Journal
from missioncontrol.application.model_calls import LedgerAccount
from missioncontrol.domain.budget.scopes import WORKSPACE, Scope, scopes_of
from missioncontrol.domain.gateway_key import KeyIssued
from missioncontrol.interfaces.gateway.keys import Caller
from missioncontrol.ports.ids import Ids


class IssuedKeys:
    """Keeps `interfaces.gateway.keys.Keys` for keys that stand in the log."""

    def __init__(self, keys: GatewayKeys, budgets: Budgets, journal: Journal, ids: Ids) -> None:
        """All are shared with the engine."""
        self._keys = keys
        self._budgets = budgets
        self._journal = journal
        self._ids = ids
        self._callers: dict[str, Caller] = {}  # by digest; as many as there are keys

    def find(self, key: str) -> Caller | None:
        """See `Keys.find`."""
        issued = self._keys.find(key)
        if issued is None:
            return None
        if issued.digest not in self._callers:
            self._forget_revoked()
            self._callers[issued.digest] = self._caller(issued)
        return self._callers[issued.digest]

    def _caller(self, issued: KeyIssued) -> Caller:
        account = LedgerAccount(
            self._budgets, self._journal, self._ids, lambda model: _scopes(issued, model)
        )
        return Caller(
            name=issued.name,
            account=account,
            agent=issued.agent,
            run=issued.run,
            step=issued.step,
            models=issued.models,
            calls_per_minute=issued.calls_per_minute,
        )

    def _forget_revoked(self) -> None:
        present = {issued.digest for issued in self._keys.ring.keys.values()}
        self._callers = {key: c for key, c in self._callers.items() if key in present}


def _scopes(issued: KeyIssued, model: str) -> tuple[Scope, ...]:
    if issued.run:
        return scopes_of(
            issued.run, issued.workflow, step=issued.step, agent=issued.agent, model=model
        )
    agent = (Scope("agent", issued.agent),) if issued.agent else ()
    return (WORKSPACE, *agent, Scope("model", model))
