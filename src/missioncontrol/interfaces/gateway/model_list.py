"""The list of models, as each of the APIs has it."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec

from missioncontrol.interfaces.gateway.refusal import Refusal
from missioncontrol.interfaces.gateway.settings import Upstream

EPOCH = "1970-01-01T00:00:00Z"
"""When a model was made is not known here, and neither list may leave it out."""

LISTED_MAX = 2_000
WILD = frozenset("*?[")


def names_served(upstreams: Sequence[Upstream], priced: Callable[[], Iterable[str]]) -> list[str]:
    """Return the models that upstreams serve and whose names are known, each once.

    Those with a card, those that an upstream lists by name, and of `priced` what a pattern of an
    upstream matches; no upstream is called for them where there is no pattern.
    """
    found = [card.name for each in upstreams for card in each.cards]
    found += [name for each in upstreams for name in each.models if not WILD.intersection(name)]
    if any(WILD.intersection(name) for each in upstreams for name in each.models):
        found += [name for name in priced() if any(each.serves(name) for each in upstreams)]
    return list(dict.fromkeys(found))


def openai_list(names: Iterable[str]) -> bytes:
    """Return the list of models."""
    entries = [_openai(name) for name in islice(names, LISTED_MAX)]
    return msgspec.json.encode({"object": "list", "data": entries})


def anthropic_list(names: Iterable[str]) -> bytes:
    """Return the list of models."""
    entries = [_anthropic(name) for name in islice(names, LISTED_MAX)]
    ends = {
        "first_id": entries[0]["id"] if entries else None,
        "last_id": entries[-1]["id"] if entries else None,
    }
    return msgspec.json.encode({"data": entries, "has_more": False, **ends})


def openai_entry(name: str) -> bytes:
    """Return one model."""
    return msgspec.json.encode(_openai(name))


def anthropic_entry(name: str) -> bytes:
    """Return one model."""
    return msgspec.json.encode(_anthropic(name))


def not_listed(name: str) -> Refusal:
    """Return the answer where a call for `name` would be refused."""
    reason = f"There is no model {name[:200]!r} here that this key may ask for."
    return Refusal(404, "model.not_found", reason, hint="`GET /v1/models` lists those that are.")


def _openai(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "mission-control"}


def _anthropic(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": EPOCH}
