"""The settings of a service over HTTP."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from missioncontrol.adapters.agents.kind_support import bad_settings, settings_of
from missioncontrol.domain.declaration import Declaration

Method = Literal["POST", "PUT", "PATCH", "GET", "DELETE"]
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
OURS = re.compile(
    r"mission-.*|idempotency-key|host|content-length|transfer-encoding|connection|accept-encoding"
    r"|traceparent|tracestate",
    re.IGNORECASE,
)
"""Headers that a declaration can't set."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Seconds = Annotated[float, Meta(gt=0, le=7 * 86_400)]
Bytes = Annotated[int, Meta(ge=1, le=64 * 1024 * 1024)]


class HttpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `http`."""

    url: str
    method: Method = "POST"
    headers: dict[str, str] = {}  # `{VARIABLE}` in a value is filled from what the agent sees
    signing_secret: str = ""  # the variable with the key of the signature
    seconds_max: Seconds = 60.0  # of one request
    total_seconds_max: Seconds = 3600.0  # of all of them, with the waits between
    tries: Annotated[int, Meta(ge=1, le=10)] = 3
    repeatable: bool | None = None  # None: as the method says; True: it honours Idempotency-Key
    poll_seconds: Annotated[float, Meta(gt=0, le=3600)] = 1.0  # unless Retry-After says otherwise
    cancels: bool = False  # DELETE on the address of the answer ends work that was accepted
    request_bytes_max: Bytes = 1024 * 1024
    answer_bytes_max: Bytes = 1024 * 1024
    private: bool = False  # a public name may resolve to a private address
    ca_file: str = ""  # certificates to trust instead of the usual ones
    usage: bool = False  # the member `usage` of the answer is counted
    health: str = ""  # a path that answers GET with 2xx where the service works

    @property
    def may_repeat(self) -> bool:
        """Whether a request may be repeated after it may have been executed."""
        return self.method in REPEATABLE if self.repeatable is None else self.repeatable


def http_settings(declared: Declaration) -> HttpSettings:
    """Return the settings of a declared service.

    Raises:
        Rejected: `agent.bad_settings`.
    """
    found = settings_of(declared, HttpSettings)
    if fault := _fault_of_url(found.url):
        raise bad_settings(declared, f"url is {found.url!r}, {fault}.")
    for name, value in found.headers.items():
        if not _TOKEN.fullmatch(name) or OURS.fullmatch(name) or re.search(r"[\r\n\0]", value):
            raise bad_settings(declared, f"headers cannot set {name!r}.")
    if found.health and not found.health.startswith("/"):
        raise bad_settings(declared, f"health is {found.health!r}, which is not a path.")
    return found


def _fault_of_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "which is not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "which is not an http or https URL"
    if parts.username or parts.password:
        return "which holds a password; give it in `headers`, as `{VARIABLE}`"
    return "which has a fragment" if parts.fragment else ""
