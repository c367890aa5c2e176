"""The endpoints of models, each with the client library of its provider."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial

import httpx2
from pydantic_ai.models import Model

from missioncontrol.adapters.agents.model.settings import ModelSettings
from missioncontrol.extras import require_extra
from missioncontrol.ports.agent import AttemptFailed

NO_KEY = "none"
"""Many local servers need no key, but the clients require one."""

_LIBRARIES = {"anthropic": "anthropic", "google": "google.genai"}
"""The client library of a provider; all others are spoken to by that of OpenAI."""


async def open_model(
    stack: AsyncExitStack,
    settings: ModelSettings,
    name: str,
    *,
    url: str,
    key: str,
    headers: Mapping[str, str],
) -> Model:
    """Return a model whose connections close with `stack`.

    `headers` are sent with every call.

    Raises:
        AttemptFailed: `model.not_installed`.
    """
    require_extra(
        "agents",
        f"A model of {settings.provider!r}",
        _LIBRARIES.get(settings.provider, "openai"),
        code="model.not_installed",
        refuse=partial(AttemptFailed, retryable=False),
    )
    match settings.provider:
        case "anthropic":
            return await _anthropic(stack, settings, name, url, key, headers)
        case "google":
            return await _google(stack, settings, name, url, key, headers)
        case "openai" | "openai-responses" | "compatible":
            return await _openai(stack, settings, name, url, key, headers)


async def _openai(
    stack: AsyncExitStack,
    settings: ModelSettings,
    name: str,
    url: str,
    key: str,
    headers: Mapping[str, str],
) -> Model:
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai import OpenAIProvider

    client = AsyncOpenAI(
        base_url=url,
        api_key=key or NO_KEY,
        max_retries=0,
        timeout=settings.seconds_max,
        default_headers=headers,
    )
    provider = OpenAIProvider(openai_client=await stack.enter_async_context(client))
    if settings.provider == "openai-responses":
        return OpenAIResponsesModel(name, provider=provider)
    if settings.provider == "compatible":
        # Not all servers such as Ollama and vLLM support these two. The limit of output tokens has
        # to reach every server, because the budget reserves only that many.
        profile = OpenAIModelProfile(
            openai_chat_supports_max_completion_tokens=False,
            openai_supports_strict_tool_definition=False,
        )
        return OpenAIChatModel(name, provider=provider, profile=profile)
    return OpenAIChatModel(name, provider=provider)


async def _anthropic(
    stack: AsyncExitStack,
    settings: ModelSettings,
    name: str,
    url: str,
    key: str,
    headers: Mapping[str, str],
) -> Model:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = AsyncAnthropic(
        base_url=url,
        api_key=key or NO_KEY,
        max_retries=0,
        timeout=settings.seconds_max,
        default_headers=headers,
    )
    await stack.enter_async_context(client)
    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))


async def _google(
    stack: AsyncExitStack,
    settings: ModelSettings,
    name: str,
    url: str,
    key: str,
    headers: Mapping[str, str],
) -> Model:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    client = await stack.enter_async_context(
        httpx2.AsyncClient(timeout=settings.seconds_max, headers=dict(headers))
    )
    provider = GoogleProvider(api_key=key or NO_KEY, base_url=url, http_client=client)
    return GoogleModel(name, provider=provider)


async def list_models(settings: ModelSettings, *, key: str) -> list[str]:
    """Return the names of the models of an endpoint, which costs nothing.

    Raises:
        AttemptFailed: `model.unreachable`, `model.sign_in` or `model.refused`.
    """
    url, headers = _models_request(settings, key)
    try:
        async with httpx2.AsyncClient(timeout=20.0) as client:
            response = await client.get(url, headers=headers)
    except httpx2.HTTPError as error:
        reason = f"{url} cannot be reached: {error}."
        hint = "Start the endpoint, or check `url` in the settings of the agent."
        raise AttemptFailed("model.unreachable", reason, hint=hint) from None
    if response.status_code in (401, 403):
        raise AttemptFailed(
            "model.sign_in",
            f"{url} refuses the key (status {response.status_code}).",
            hint=f"Put a valid key into {settings.key_variable or 'the variable named by `key`'}.",
            retryable=False,
        )
    if response.status_code != 200:
        reason = f"{url} answers with status {response.status_code}."
        raise AttemptFailed("model.refused", reason, hint="Check `url` in the settings.")
    return _names(response)


def _names(response: httpx2.Response) -> list[str]:
    try:
        content = response.json()
    except ValueError:
        return []
    entries = (
        (content.get("data") or content.get("models") or []) if isinstance(content, dict) else []
    )
    names = [entry.get("id") or entry.get("name") or "" for entry in entries]
    return [name.removeprefix("models/") for name in names if name]


def _models_request(settings: ModelSettings, key: str) -> tuple[str, dict[str, str]]:
    base = settings.base_url.rstrip("/")
    match settings.provider:
        case "anthropic":
            return f"{base}/v1/models", {"x-api-key": key, "anthropic-version": "2023-06-01"}
        case "google":
            return f"{base}/v1beta/models", {"x-goog-api-key": key}
        case "openai" | "openai-responses" | "compatible":
            return f"{base}/models", {"Authorization": f"Bearer {key or NO_KEY}"}
