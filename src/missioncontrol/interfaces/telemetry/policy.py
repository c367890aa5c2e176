"""Whether and how telemetry of others is received, and how much of it is stored."""

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from missioncontrol.domain.errors import Rejected

Contents = Literal["names", "full"]
"""Names, numbers and durations alone; or all content, with prompts and tool outputs."""
ALLOWED = frozenset(
    {
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.system",
        "gen_ai.request.model",
        "gen_ai.request.max_tokens",
        "gen_ai.response.model",
        "gen_ai.response.id",
        "gen_ai.response.finish_reasons",
        "gen_ai.agent.id",
        "gen_ai.agent.name",
        "gen_ai.conversation.id",
        "gen_ai.tool.name",
        "gen_ai.tool.type",
        "gen_ai.tool.call.id",
        "gen_ai.workflow.name",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.reasoning.output_tokens",
        "error.type",
        "exception.type",
        "event.name",
        "http.request.method",
        "http.response.status_code",
        "server.address",
        "server.port",
        # What follows is how Codex and Claude Code name the same things.
        "attempt",
        "cache_creation_tokens",
        "cache_read_tokens",
        "cached_token_count",
        "call_id",
        "conversation.id",
        "cost_usd",
        "decision",
        "duration_ms",
        "event.kind",
        "input_token_count",
        "input_tokens",
        "model",
        "output_token_count",
        "output_tokens",
        "reasoning_token_count",
        "session.id",
        "source",
        "status_code",
        "success",
        "tool_name",
        "tool_token_count",
    }
)
"""Attributes that hold no content: those not reviewed yet are left out until they are."""
PORT = "MISSION_TELEMETRY_PORT"
KEY = "MISSION_TELEMETRY_KEY"
CONTENTS = "MISSION_TELEMETRY_CONTENTS"


class TelemetryPolicy(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is stored, and how much of it."""

    contents: Contents = "names"
    allowed: tuple[str, ...] = ()  # attributes besides `ALLOWED`
    every_span: bool = False  # also those inside a tool that say nothing of models and tools
    lines_per_run_max: int = 20_000
    value_max: int = 200  # characters of one value; in `full` of a content ten times as many
    attributes_max: int = 64  # of one line
    bytes_max: int = 4 * 1024 * 1024  # of one request as it comes
    inflated_bytes_max: int = 16 * 1024 * 1024  # of one that came compressed
    messages_max: int = 250_000  # of one request: spans, attributes, values and so on
    items_max: int = 10_000  # spans or log records of one request
    requests_at_once: int = 8
    request_seconds_max: float = 30.0  # until all of it has come

    def keeps(self, key: str) -> bool:
        """Whether an attribute of that name is stored."""
        return self.contents == "full" or key in ALLOWED or key in self.allowed


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
