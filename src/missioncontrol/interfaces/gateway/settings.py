"""What is configured of the gateway: its upstreams, its limits, and what it writes down."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from missioncontrol.domain.routing import ModelCard, Routing
from missioncontrol.interfaces.gateway.refusal import Api
from missioncontrol.ports.call_log import Retention

LogPolicy = Literal["off", "metadata", "full"]

Some = Annotated[int, Meta(ge=1)]
Many = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0)]
Name = Annotated[str, Meta(min_length=1)]


class Upstream(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An endpoint that answers calls."""

    name: Name
    base_url: str
    """As the provider's own library takes it: https://api.openai.com/v1 (with `/v1`) and
    https://api.anthropic.com (without)."""
    api: Api
    key: str = ""  # name of the secret; empty where the endpoint asks for none
    models: tuple[str, ...] = ("*",)  # that it serves, `*` for any letters
    cards: tuple[ModelCard, ...] = ()  # what some of them are able to do
    chat_limit: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """`max_tokens` for endpoints that know no other."""

    connect_seconds: Seconds = 10.0
    first_seconds: Seconds = 600.0  # from the request to the head of its answer
    idle_seconds: Seconds = 300.0  # between two chunks of an answer
    failures_max: Some = 5  # in a row; after that it rests
    rest_seconds: Annotated[float, Meta(ge=0)] = 30.0

    def serves(self, model: str) -> bool:
        """Whether it answers for `model`."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)


class GatewayPolicy(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What callers may do, and how much of it is stored."""

    routing: Routing = Routing()
    log: LogPolicy = "full"
    retention: Retention = Retention()
    output_tokens_default: Some = 32_000  # of one answer, where the caller names no limit
    output_tokens_max: Many = 0  # no caller gets more; 0: as the caller says
    calls_per_minute: Some = 600  # of one key
    calls_at_once: Some = 64  # of one key
    calls_at_once_all: Some = 1_000
    refusals_per_minute: Some = 10  # of one key; from then on it has to wait
