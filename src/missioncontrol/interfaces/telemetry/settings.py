"""Whether and how telemetry is received: read from MISSION_TELEMETRY_PORT and the like."""

from collections.abc import Mapping
from typing import get_args

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.interfaces.telemetry.policy import Contents, TelemetryPolicy

PORT = "MISSION_TELEMETRY_PORT"
KEY = "MISSION_TELEMETRY_KEY"
CONTENTS = "MISSION_TELEMETRY_CONTENTS"


class ListeningSettings(msgspec.Struct, frozen=True):
    """Where telemetry is received and metrics are served."""

    port: int  # on loopback; 0 takes one that is free
    key: str = ""  # the name of the secret that agents know that we did not start
    policy: TelemetryPolicy = TelemetryPolicy()


def listening_settings(environment: Mapping[str, str]) -> ListeningSettings | None:
    """Return how to listen; None where MISSION_TELEMETRY_PORT is not set, which is the default.

    Raises:
        Rejected: `telemetry.bad_port` or `telemetry.bad_contents`.
    """
    port = environment.get(PORT, "").strip()
    if not port:
        return None
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535):
        raise Rejected(
            "telemetry.bad_port",
            f"{PORT} is {port[:50]!r}.",
            hint="It is the number of a port, such as 4318, or 0 for any that is free.",
        )
    contents = environment.get(CONTENTS, "").strip() or "names"
    if contents not in get_args(Contents):
        raise Rejected(
            "telemetry.bad_contents",
            f"{CONTENTS} is {contents[:50]!r}.",
            hint="`names` stores no prompts and no inputs or outputs of tools; `full` does.",
        )
    policy = msgspec.convert({"contents": contents}, TelemetryPolicy)
    return ListeningSettings(int(port), environment.get(KEY, "").strip(), policy)
