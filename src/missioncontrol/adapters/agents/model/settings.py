"""The settings of a model, and the inputs of its steps."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.adapters.agents.kind_support import bad_settings, settings_of
from missioncontrol.adapters.agents.mcp.settings import Server
from missioncontrol.domain.agent import OBJECT, Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.agent import AttemptFailed

Provider = Literal["openai", "openai-responses", "anthropic", "google", "compatible"]
KEYS: dict[Provider, str] = {
    "openai": "OPENAI_API_KEY",
    "openai-responses": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "google": "GEMINI_API_KEY",
    "compatible": "",
}
"""The variable with the key if the settings name none."""

URLS: dict[Provider, str] = {
    "openai": "https://api.openai.com/v1",
    "openai-responses": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
    "compatible": "",
}

INPUTS = Shape(
    "object",
    {
        "prompt": Shape("string", description="The task. Other inputs are appended as JSON."),
        "instructions": Shape("string", required=False, description="Added to the agent's own."),
        "tools": Shape(
            "list",
            items=Shape("string"),
            required=False,
            description="Those it may use: `files.read`, `files.list`, `files.search`, or "
            "`SERVER.TOOL`. None by default.",
        ),
        "repository": Shape(
            "path", required=False, description="A directory whose files its tools may read."
        ),
    },
)
OWN = frozenset(INPUTS.fields)
_SERVER = re.compile(r"[a-z][a-z0-9_-]{0,30}")


class ToolServer(Server, frozen=True, forbid_unknown_fields=True):
    """An MCP server whose tools a step may offer to the model."""

    effects: tuple[str, ...] = ("writes_records",)  # of a call of any of its tools


class ModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `model`; the declaration's `model` is its name."""

    provider: Provider = "compatible"
    url: str = ""  # of the endpoint; by default the provider's
    key: str = ""  # the variable with the key
    instructions: str = ""
    temperature: Annotated[float, Meta(ge=0, le=5)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    seed: int | None = None
    output_tokens_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 16_384  # of one answer
    structured: Literal["tool", "native", "prompt"] = "tool"  # how an answer gets its form
    repairs: Annotated[int, Meta(ge=0, le=10)] = 2  # of an answer that does not fit
    tries: Annotated[int, Meta(ge=1, le=10)] = 3  # of a call that an endpoint could not answer
    seconds_max: Annotated[float, Meta(gt=0, le=86_400)] = 600.0  # of one call
    servers: dict[str, ToolServer] = {}

    @property
    def key_variable(self) -> str:
        """The variable with the key; empty if none is needed."""
        return self.key or KEYS[self.provider]

    @property
    def base_url(self) -> str:
        """The URL of the endpoint."""
        return self.url or URLS[self.provider]


def model_settings(declared: Declaration) -> ModelSettings:
    """Return the settings of a declared model.

    Raises:
        Rejected: `agent.bad_settings`.
    """
    found = settings_of(declared, ModelSettings)
    if not declared.model:
        raise bad_settings(declared, "the agent names no `model`.")
    if not found.base_url.startswith(("http://", "https://")):
        hint = "An OpenAI-compatible endpoint, such as Ollama's, is http://HOST:PORT/v1."
        raise bad_settings(declared, f"url is {found.url!r}.", hint=hint)
    for name, server in found.servers.items():
        if not _SERVER.fullmatch(name) or name == "files":
            raise bad_settings(declared, f"a server can't have the name {name!r}.")
        if fault := server.fault():
            raise bad_settings(declared, f"server {name!r}: {fault}.")
    return found


def input_shape(declared: Declaration) -> Shape:
    """Return the shape of the inputs of a step."""
    return INPUTS if declared.inputs == OBJECT else declared.inputs


def prompt_of(inputs: Mapping[str, Any]) -> str:
    """Return the user message: the prompt, and all other inputs as JSON.

    Raises:
        AttemptFailed: `model.no_prompt`.
    """
    prompt = inputs.get("prompt", "")
    more = {name: value for name, value in inputs.items() if name not in OWN and value is not None}
    if not isinstance(prompt, str) or not (prompt.strip() or more):
        raise AttemptFailed(
            "model.no_prompt",
            "The step has no prompt and no other input.",
            hint="Set the input `prompt` to a text.",
            retryable=False,
        )
    if not more:
        return prompt
    data = msgspec.json.format(msgspec.json.encode(more), indent=2).decode()
    return f"{prompt}\n\n{data}".strip()
