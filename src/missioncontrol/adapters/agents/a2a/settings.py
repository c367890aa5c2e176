"""The settings of a peer, and the message that a step sends to it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from missioncontrol.adapters.agents.kind_support import bad_settings, settings_of
from missioncontrol.domain.declaration import Declaration


class A2aSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `a2a`."""

    url: str  # its card is at /.well-known/agent-card.json there
    card: str = ""  # … or at this path
    headers: dict[str, str] = {}  # `{VARIABLE}` in a value is filled from what the agent sees
    private: bool = False  # a public name may resolve to a private address
    streaming: bool = True
    seconds_max: Annotated[float, Meta(gt=0, le=86_400)] = 60.0  # of silence in one answer
    poll_seconds: Annotated[float, Meta(gt=0, le=3600)] = 1.0
    questions: Literal["ask", "refuse"] = "ask"  # of the peer to a person, while it works
    questions_max: Annotated[int, Meta(ge=0, le=100)] = 20


def a2a_settings(declared: Declaration) -> A2aSettings:
    """Return the settings of a declared peer.

    Raises:
        Rejected: `agent.bad_settings`.
    """
    found = settings_of(declared, A2aSettings)
    parts = urlsplit(found.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.password:
        raise bad_settings(
            declared,
            f"url is {found.url!r}, which is not an http or https address without a password.",
        )
    return found


def message_parts(inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the text for the peer, and all other inputs as data."""
    prompt = inputs.get("prompt")
    text = prompt if isinstance(prompt, str) else ""
    more = {name: value for name, value in inputs.items() if value is not None}
    if text:
        more.pop("prompt")
    return text, more
