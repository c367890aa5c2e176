"""Which models may answer a call, how long an answer may be, and what no call may ask for."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.routing import Asker, ModelCard, choices
from missioncontrol.domain.step import Amount
from missioncontrol.interfaces.gateway.call_request import Asked
from missioncontrol.interfaces.gateway.dialects import Dialect
from missioncontrol.interfaces.gateway.refusal import Refusal
from missioncontrol.interfaces.gateway.settings import GatewayPolicy

UNGOVERNED = (
    ("background", True, "continues where the gateway can't meter or stop it"),
    ("service_tier", "priority", "costs more than the price that is reserved"),
    ("speed", "fast", "costs more than the price that is reserved"),
)
"""Fields with values of theirs that no call may have, and what is against them."""


class PriceList(Protocol):
    """What the choice of a model needs of the gateway."""

    policy: GatewayPolicy

    def cards(self) -> dict[str, ModelCard]: ...
    def cost(self, model: str, input_tokens: int, output_tokens: int) -> int | None: ...


def names_for(call: Asked, asker: Asker, house: PriceList) -> tuple[str, ...]:
    """Return the models that may answer, the first choice first, and refuse what we can't govern.

    Raises:
        Rejected: `call.ungoverned`, or as `choices`.
    """
    _refuse_ungoverned(call)
    cards = house.cards()
    output = output_max(call, ModelCard(""), house.policy)
    return choices(
        house.policy.routing,
        call.model,
        asker,
        needs=call.needs(0 if call.output_tokens is None else output),
        cards=cards,
        cost=lambda model: house.cost(
            model, call.input_tokens(cards.get(model, ModelCard(model))), output
        ),
    )


def output_max(call: Asked, card: ModelCard, policy: GatewayPolicy) -> int:
    """Return the limit of one answer in tokens: the caller's, or the default, at most ours."""
    most, default = policy.output_tokens_max, policy.output_tokens_default
    if card.output_tokens_max:
        default = min(default, card.output_tokens_max)
    wanted = default if call.output_tokens is None else call.output_tokens
    return min(wanted, most) if most else wanted


ANSWER_MIN = 256
"""Tokens of the shortest answer that is worth a call."""


def answer_min(call: Asked, output: int) -> int:
    """Return the shortest limit of an answer that is of use: what thinks needs more than that."""
    thinking = call.fields.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else 0
    return min(output, ANSWER_MIN + (budget if isinstance(budget, int) else 0))


def longest(room: Amount, tokens: int, most: int, cost: Callable[[int], int | None]) -> int:
    """Return how many output tokens fit into `room` beside `tokens` of input, at most `most`.

    `cost` tells in micro-dollars what a call with so many output tokens costs.
    """
    if room.tokens is not None:
        most = min(most, room.tokens - tokens)
    left, low = room.cost, 0
    if left is None:
        return max(0, most)
    while low < most:
        middle = (low + most + 1) // 2
        price = cost(middle)
        if price is not None and price <= left:
            low = middle
        else:
            most = middle - 1
    return low


def _refuse_ungoverned(call: Asked) -> None:
    for name, value, fault in UNGOVERNED:
        given = call.fields.get(name)
        if given == value or (value is True and given):
            raise Rejected(
                "call.ungoverned",
                f"A call with `{name}`: {msgspec.json.encode(value).decode()} {fault}.",
                hint=f"Ask without `{name}`.",
            )
    if call.has_audio:
        raise Rejected(
            "call.ungoverned",
            "Audio costs more than the price of text, which is the one that is reserved.",
            hint="Ask with text, and for text.",
        )


def too_old() -> Refusal:
    """Return the refusal of a stream to a caller that could not read it."""
    reason = "A stream comes in chunks, and HTTP/1.0 knows none."
    return Refusal(400, "call.old_http", reason, hint="Use HTTP/1.1, or ask without `stream`.")


def unserved(dialect: Dialect, model: str) -> Refusal:
    """Return the refusal of a model that no upstream serves."""
    return Refusal(
        404,
        "model.not_found",
        f"No upstream here serves the model {model!r} over the {dialect.name} endpoint.",
        hint="`GET /v1/models` lists those that are known by name.",
    )
