"""Settings of the span export, from MISSION_OTLP_ENDPOINT and related variables."""

import re
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import urlsplit

import msgspec

from missioncontrol.domain.errors import Rejected

ENDPOINT = "MISSION_OTLP_ENDPOINT"
HEADERS = "MISSION_OTLP_HEADERS"
PROTOCOL = "MISSION_OTLP_PROTOCOL"
TRACES_PATH = "/v1/traces"

Protocol = Literal["http/protobuf", "http/json"]

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class OtlpSettings(msgspec.Struct, frozen=True):
    """The receiver of spans and how to reach it."""

    endpoint: str  # the full address, with `/v1/traces`
    headers: dict[str, str] = {}  # header → name in the store of secrets
    protocol: Protocol = "http/json"
    spans_max: int = 10_000  # in the queue; further ones are made from the log later
    batch_max: int = 512
    batch_seconds: float = 1.0  # how long a batch waits for more spans
    request_seconds: float = 10.0
    wait_seconds: float = 0.5  # before the first retry; each later wait is twice as long …
    wait_seconds_max: float = 30.0  # … up to this, also where the receiver requests more
    close_seconds: float = 5.0  # to send queued spans when the engine closes


def otlp_settings(environment: Mapping[str, str]) -> OtlpSettings | None:
    """Return the settings; None where MISSION_OTLP_ENDPOINT is not set, which is the default.

    Raises:
        Rejected: `telemetry.bad_endpoint`, `telemetry.bad_headers` or `telemetry.bad_protocol`.
    """
    endpoint = environment.get(ENDPOINT, "").strip()
    if not endpoint:
        return None
    protocol = environment.get(PROTOCOL, "").strip() or "http/json"
    if protocol not in get_args(Protocol):
        raise Rejected(
            "telemetry.bad_protocol",
            f"{PROTOCOL} is {protocol!r}.",
            hint=f"It is one of {' and '.join(get_args(Protocol))}.",
        )
    return msgspec.convert(
        {
            "endpoint": _address(endpoint),
            "headers": _headers(environment.get(HEADERS, "")),
            "protocol": protocol,
        },
        OtlpSettings,
    )


def _address(endpoint: str) -> str:
    """Return the address for spans: as OpenTelemetry defines, the path follows the base address."""
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.username is not None or parts.query or parts.fragment:
        shown = "an address with a name or a password" if "@" in endpoint else repr(endpoint[:200])
        raise Rejected(
            "telemetry.bad_endpoint",
            f"{ENDPOINT} is {shown}.",
            hint=f"Give http://HOST:PORT or https://HOST; secrets belong into {HEADERS}.",
        )
    base = endpoint.rstrip("/")
    return base if base.endswith(TRACES_PATH) else base + TRACES_PATH


def _headers(text: str) -> dict[str, str]:
    """Parse `header=secret,header=secret`, where a secret is given by its name."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        header, _, secret = (side.strip() for side in part.partition("="))
        if not _HEADER.fullmatch(header) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", secret):
            raise Rejected(
                "telemetry.bad_headers",
                f"{HEADERS} has a part that is not HEADER=SECRET; it is not shown here.",
                hint="Name a secret, not its value: `authorization=otlp` sends the secret `otlp`.",
            )
        found[header.lower()] = secret
    return found
