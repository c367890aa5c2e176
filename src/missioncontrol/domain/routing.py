"""Which model answers a call: what is allowed, what is able, and in which order they are tried."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Risk

NAMED_MAX = 8
"""Models that a refusal names; a policy may know hundreds."""


class Needs(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a call asks of a model."""

    vision: bool = False  # it holds images
    tools: bool = False
    structured: bool = False  # its answer has to keep a JSON Schema
    input_tokens: int = 0  # at most; together with the output it has to fit into the context
    output_tokens: int = 0

    @property
    def context(self) -> int:
        """Tokens that have to fit."""
        return self.input_tokens + self.output_tokens


class ModelCard(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A declaration of what a model can do."""

    name: str
    context: int = 0  # tokens, input and output together; 0 where it is not known
    output_tokens_max: int = 0  # of one answer; 0 where it is not known
    vision: bool = False
    tools: bool = True
    structured: bool = True
    image_tokens: int = 5_000  # the most that one image takes


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Permits some agents to call some models in steps of some tiers; `*` means any letters."""

    models: tuple[str, ...]
    agents: tuple[str, ...] = ("*",)
    risks: tuple[Risk, ...] = ("read", "write", "irreversible")


class Route(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a name stands for: models that are tried one after the other."""

    name: str  # as callers ask for it; may be the name of a model, which then has fallbacks
    models: tuple[str, ...]
    by: Literal["order", "cost"] = "order"  # as listed, or the cheapest that is able first


class Routing(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The policy. Without rules every model that an upstream serves may be called."""

    rules: tuple[Rule, ...] = ()
    routes: tuple[Route, ...] = ()


class Asker(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who calls, as far as it matters here."""

    agent: str = ""
    risk: Risk = "irreversible"  # of the step; the highest where it is unknown
    models: tuple[str, ...] = ()  # that its key is good for; empty: as the rules say


Cost = Callable[[str], int | None]
"""What the worst case of the call costs with a model, in micro-dollars; None: no known price."""


def choices(
    policy: Routing,
    asked: str,
    asker: Asker,
    *,
    needs: Needs,
    cards: Mapping[str, ModelCard],
    cost: Cost,
) -> tuple[str, ...]:
    """Return the models that may answer a call for `asked`, in the order in which to try them.

    A model without a card counts as able where it was asked for by its own name: the
    upstream will say so if it is not. In a route by cost only models with a card are compared.

    Raises:
        Rejected: `model.not_allowed` or `model.unfit`, naming the model and what stands against it.
    """
    route = next((route for route in policy.routes if route.name == asked), None)
    named = (asked,) if route is None else route.models
    allowed = [model for model in named if _may_call(policy, asker, model, asked)]
    if not allowed:
        raise _not_allowed(asked, asker, named)
    is_by_cost = route is not None and route.by == "cost"
    lacks = {model: _lack(cards.get(model), needs, is_by_cost=is_by_cost) for model in allowed}
    able = [model for model in allowed if not lacks[model]]
    if not able:
        raise _unfit(asked, lacks)
    return tuple(sorted(able, key=lambda model: _dearness(cost(model))) if is_by_cost else able)


def permitted(policy: Routing, asker: Asker, names: Iterable[str]) -> list[str]:
    """Return those of `names` that the asker may ask for, each once."""
    known = dict.fromkeys((*(route.name for route in policy.routes), *names))
    return [name for name in known if _any_choice(policy, asker, name)]


def _any_choice(policy: Routing, asker: Asker, asked: str) -> bool:
    route = next((route for route in policy.routes if route.name == asked), None)
    named = (asked,) if route is None else route.models
    return any(_may_call(policy, asker, model, asked) for model in named)


def _may_call(policy: Routing, asker: Asker, model: str, asked: str) -> bool:
    """Whether key and rules both permit the asker to call `model`.

    A key that is good for a name is good for what the name stands for.
    """
    if asker.models and not (_matches(model, asker.models) or _matches(asked, asker.models)):
        return False
    return not policy.rules or any(_applies(rule, asker, model) for rule in policy.rules)


def _applies(rule: Rule, asker: Asker, model: str) -> bool:
    return (
        asker.risk in rule.risks
        and _matches(asker.agent, rule.agents)
        and _matches(model, rule.models)
    )


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _lack(card: ModelCard | None, needs: Needs, *, is_by_cost: bool) -> str:
    """Say what a model lacks for a call; empty where it lacks nothing."""
    if card is None:
        return "says nowhere what it is able to do" if is_by_cost else ""
    if needs.vision and not card.vision:
        return "takes no images"
    if needs.tools and not card.tools:
        return "calls no tools"
    if needs.structured and not card.structured:
        return "keeps no schema"
    if card.output_tokens_max and needs.output_tokens > card.output_tokens_max:
        return f"answers with at most {card.output_tokens_max:,} tokens"
    if card.context and needs.context > card.context:
        return f"has a context of {card.context:,} tokens"
    return ""


def _dearness(cost: int | None) -> tuple[bool, int]:
    """Sort what has no price last; what costs the same stays as it was listed."""
    return cost is None, cost or 0


def _not_allowed(asked: str, asker: Asker, named: tuple[str, ...]) -> Rejected:
    who = f"Agent {asker.agent!r}" if asker.agent else "This key"
    through = f" (which stands for {_listed(named)})" if named != (asked,) else ""
    return Rejected(
        "model.not_allowed",
        f"{who} may not call the model {asked!r}{through} in a step of tier {asker.risk}.",
        hint=f"It may call {_listed(asker.models)}."
        if asker.models
        else "Ask for another model, or allow this one in the policy of the gateway.",
    )


def _unfit(asked: str, lacks: Mapping[str, str]) -> Rejected:
    reasons = "; ".join(f"{model!r} {lack}" for model, lack in list(lacks.items())[:NAMED_MAX])
    return Rejected(
        "model.unfit",
        f"No model that may answer for {asked!r} fits this call: {reasons}.",
        hint="Ask for another model, or ask for less.",
    )


def _listed(names: Iterable[str]) -> str:
    shown = [repr(name) for name in names]
    more = len(shown) - NAMED_MAX
    return ", ".join(shown[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
