"""The file in which a home says where its gateway passes calls on to, and what callers may do."""

import tomllib
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream

FILE_BYTES_MAX = 1024 * 1024


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that `gateway.toml` says."""

    upstreams: tuple[Upstream, ...] = ()  # of several that serve a model, the first goes first
    policy: GatewayPolicy = GatewayPolicy()
    port: int = 0  # on loopback; 0 takes one that is free, which `mission up` tells


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
    names = [each.name for each in found.upstreams]
    if len(set(names)) < len(names):
        raise _malformed(path, "two upstreams have the same name")
    return found


def _malformed(path: Path, fault: str) -> Rejected:
    return Rejected(
        "gateway.malformed",
        f"{str(path)!r} can't be used: {fault}.",
        hint="The guide to the gateway shows what it takes.",
    )
