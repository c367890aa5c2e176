"""The list of models, as each of the APIs has it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from missioncontrol.domain.routing import Asker, Routing, permitted
from missioncontrol.interfaces.gateway.refusal import Refusal

EPOCH = "1970-01-01T00:00:00Z"
"""When a model was made is not known here, and neither list may leave it out."""


def openai_list(routing: Routing, asker: Asker, known: Iterable[str], place: str) -> bytes:
    """Return the models that the asker may ask for, or the one at `place`.

    Raises:
        Refusal: 404, where there is none.
    """
    entries = [_openai(name) for name in permitted(routing, asker, known)]
    if place:
        return msgspec.json.encode(_one(entries, place))
    return msgspec.json.encode({"object": "list", "data": entries})


def anthropic_list(routing: Routing, asker: Asker, known: Iterable[str], place: str) -> bytes:
    """See `openai_list`."""
    entries = [_anthropic(name) for name in permitted(routing, asker, known)]
    if place:
        return msgspec.json.encode(_one(entries, place))
    ends = {
        "first_id": entries[0]["id"] if entries else None,
        "last_id": entries[-1]["id"] if entries else None,
    }
    return msgspec.json.encode({"data": entries, "has_more": False, **ends})


def _one(entries: list[dict[str, Any]], place: str) -> dict[str, Any]:
    name = place.removeprefix("/")
    for entry in entries:
        if entry["id"] == name:
            return entry
    reason = f"The model {name[:200]!r} is not known here by name."
    raise Refusal(404, "model.not_found", reason, hint="`GET /v1/models` lists those that are.")


def _openai(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "mission-control"}


def _anthropic(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": EPOCH}
