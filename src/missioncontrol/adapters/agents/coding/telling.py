"""Where a tool may tell what it does, as its environment says it in the words of OpenTelemetry."""

from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"


class Listener(msgspec.Struct, frozen=True):
    """A receiver of OTLP over HTTP."""

    endpoint: str  # without `/v1/traces`
    headers: dict[str, str]
    is_json: bool


def listener_in(environment: Mapping[str, str]) -> Listener | None:
    """Return the receiver that the variables name; None where there is none over HTTP."""
    endpoint = environment.get(ENDPOINT, "").rstrip("/")
    protocol = environment.get(PROTOCOL, "http/protobuf")
    if not endpoint or not protocol.startswith("http/"):
        return None
    pairs = (part.partition("=") for part in environment.get(HEADERS, "").split(",") if part)
    headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    return Listener(endpoint, headers, protocol == "http/json")
