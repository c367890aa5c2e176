"""The form in which the caps that a run is halted for are raised."""

from collections.abc import Mapping, Sequence

from missioncontrol.application.budgets import CapChange
from missioncontrol.application.queries.halts import Need
from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.errors import Conflict, Rejected
from missioncontrol.domain.money import micro_dollars

DIGITS_MAX = 16


def cap_changes(needs: Sequence[Need], form: Mapping[str, str], reason: str) -> list[CapChange]:
    """Return what caps are to be, as a form says: `cap.KEY` holds dollars or tokens.

    Raises:
        Conflict: `run.halted_otherwise`, where other caps stand in the way by now.
        Rejected: `budget.bad_amount` or `money.malformed`.
    """
    if not needs or {f"cap.{need.key}" for need in needs} - set(form):
        raise Conflict(
            "run.halted_otherwise",
            "These caps no longer block the run.",
            hint="Reload the run.",
        )
    return [_change(need, form[f"cap.{need.key}"], reason) for need in needs]


def _change(need: Need, text: str, reason: str) -> CapChange:
    scope = Scope(need.scope, need.name)
    if need.unit == "cost":
        return CapChange(scope, reason, need.period, cost=micro_dollars(text, "The cap"))
    return CapChange(scope, reason, need.period, tokens=_tokens(text))


def _tokens(text: str) -> int:
    plain = "".join(text.split()).replace(",", "")
    if not plain.isdecimal() or len(plain) > DIGITS_MAX:
        raise Rejected(
            "budget.bad_amount",
            f"{text[:40]!r} is no number of tokens.",
            hint="Write it like 400000.",
        )
    return int(plain)
