"""What is configured of the gateway, and the file that says it: upstreams, limits and logs."""

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.routing import ModelCard, Routing
from missioncontrol.domain.secrets import SECRET_ITSELF
from missioncontrol.interfaces.gateway.refusal import Api
from missioncontrol.ports.call_log import Retention

LogPolicy = Literal["off", "metadata", "full"]
Some = Annotated[int, Meta(ge=1)]
Many = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0)]
Name = Annotated[str, Meta(min_length=1)]
FILE_BYTES_MAX = 1024 * 1024
ADDRESS = re.compile(r"https?://[^/\s]")
Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


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


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that `gateway.toml` says."""

    upstreams: tuple[Upstream, ...] = ()  # of several that serve a model, the first goes first
    policy: GatewayPolicy = GatewayPolicy()
    port: Port = 0  # on loopback; 0 takes one that is free, which `mission up` tells


def read_settings(path: Path) -> GatewaySettings | None:
    """Return what the file says; None where there is none.

    Raises:
        Rejected: `gateway.malformed`, naming the file and the value.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise _malformed(path, f"it is larger than {FILE_BYTES_MAX // 1024} KiB")
        data = tomllib.loads(path.read_text("utf-8"))
        found = msgspec.convert(data, GatewaySettings)
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _malformed(path, f"it is no TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise _malformed(path, str(error)) from None
    except OSError as error:
        raise _malformed(path, f"it can't be read: {error.strerror or error}") from None
    if fault := _fault_in(found):
        raise _malformed(path, fault)
    return found


def _fault_in(settings: GatewaySettings) -> str:
    routes = settings.policy.routing.routes
    kinds = {
        "upstreams": [each.name for each in settings.upstreams],
        "routes": [each.name for each in routes],
    }
    for kind, names in kinds.items():
        if len(set(names)) < len(names):
            return f"two {kind} have the same name"
    for each in settings.upstreams:
        if not ADDRESS.match(each.base_url):
            return f"the upstream {each.name!r} has the address {each.base_url!r}, no http://…"
        if SECRET_ITSELF.match(each.key):
            # It is not repeated: the message is stored and shown.
            return (
                f"the `key` of the upstream {each.name!r} looks like a key itself and has to be "
                "the name of a secret"
            )
    empty = next((route.name for route in routes if not route.models), None)
    if empty is not None:
        return f"the route {empty!r} names no model"
    if min(settings.policy.retention.days, settings.policy.retention.bytes_max) < 0:
        return "`policy.retention` is less than nothing"
    return "" if settings.upstreams else "it names no upstream"


def _malformed(path: Path, fault: str) -> Rejected:
    return Rejected(
        "gateway.malformed",
        f"{str(path)!r} can't be used: {fault}.",
        hint="The guide to the gateway shows what it takes.",
    )
