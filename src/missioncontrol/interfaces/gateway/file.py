"""The file in which a home says where its gateway passes calls on to, and what callers may do."""

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.secrets import SECRET_ITSELF
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream

FILE_BYTES_MAX = 1024 * 1024
ADDRESS = re.compile(r"https?://[^/\s]")


Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


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
