"""Tools, resources and prompts that say fixed things: the kinds of content, progress and errors."""

import asyncio
import base64
import json
from typing import Annotated, Any

from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)
from pydantic import Field

from missioncontrol.mcp.server import Ctx, Server

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4"
    "2mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
)
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
MOMENT_SECONDS = 0.05
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
"""The declared input of a tool that a client receives, word for word."""


def test_simple_text() -> str:
    """Say a text."""
    return "This is a simple text response for testing."


def test_image_content() -> list[ImageContent]:
    """Show an image."""
    return [ImageContent(type="image", data=PNG, mime_type="image/png")]


def test_audio_content() -> list[AudioContent]:
    """Return a sound."""
    return [AudioContent(type="audio", data=WAV, mime_type="audio/wav")]


def test_embedded_resource() -> list[EmbeddedResource]:
    """Hand a resource over."""
    return [_resource("test://embedded-resource", "This is an embedded resource content.")]


def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
    """Say, show and hand over at once."""
    return [
        TextContent(type="text", text="Multiple content types test:"),
        ImageContent(type="image", data=PNG, mime_type="image/png"),
        _resource("test://mixed", '{"test": "data", "value": 123}', "application/json"),
    ]


async def test_tool_with_logging(ctx: Ctx) -> str:
    """Log three lines on the way."""
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.info(line)
        await asyncio.sleep(MOMENT_SECONDS)
    return "Three lines were logged."


async def test_logging_tool(ctx: Ctx) -> str:
    """Log a line where the request wants lines."""
    await ctx.info("A line")
    return "A line was logged, where it was wanted."


async def test_tool_with_progress(ctx: Ctx) -> str:
    """Report progress three times on the way."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100, f"{done} of 100")
        await asyncio.sleep(MOMENT_SECONDS)
    return "All of it is done."


def test_error_handling() -> str:
    """Fail."""
    raise RuntimeError("This tool intentionally returns an error for testing")


def test_missing_capability() -> str:
    """Refuse a client that can't sample."""
    raise MCPError(
        code=MISSING_REQUIRED_CLIENT_CAPABILITY,
        message="The client has to be able to sample.",
        data={"requiredCapabilities": {"sampling": {}}},
    )


async def test_trigger_tool_change(ctx: Ctx) -> str:
    """Say that the list of tools is another one."""
    await ctx.notify_tools_changed()
    return "The notification was sent."


async def test_trigger_prompt_change(ctx: Ctx) -> str:
    """Say that the list of prompts is another one."""
    await ctx.notify_prompts_changed()
    return "The notification was sent."


def test_custom_header(
    value: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Test-Value"})],
) -> str:
    """Take what stands in a header of the request, too."""
    return value


def json_schema_2020_12_tool(name: str = "") -> str:
    """Take what a schema with less usual words allows."""
    return name


def greet(name: str) -> str:
    """Greet a person by name."""
    return f"Hello, {name}!"


TEXT_TOOLS = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_tool_with_logging,
    test_logging_tool,
    test_tool_with_progress,
    test_error_handling,
    test_missing_capability,
    test_trigger_tool_change,
    test_trigger_prompt_change,
    test_custom_header,
    json_schema_2020_12_tool,
    greet,
)


def add_resources(server: Server) -> None:
    """Hang the resources on a server."""

    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        """A text."""
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """An image."""
        return base64.b64decode(PNG)

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002 - the suite's name for it
        """The data of an id."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        """A text that a client may watch."""
        return "Nothing changes here."


def add_prompts(server: Server) -> None:
    """Hang the prompts on a server."""

    @server.prompt()
    def test_simple_prompt() -> str:
        """Ask something."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """Ask something of two things."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:
        """Ask something of a resource."""
        handed = _resource(resourceUri, "Embedded resource content for testing.")
        return [UserMessage(handed), UserMessage("Please process the embedded resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        """Ask something of an image."""
        image = ImageContent(type="image", data=PNG, mime_type="image/png")
        return [UserMessage(image), UserMessage("Please analyze the image above.")]


def _resource(uri: str, text: str, kind: str = "text/plain") -> EmbeddedResource:
    content = TextResourceContents(uri=uri, mime_type=kind, text=text)
    return EmbeddedResource(type="resource", resource=content)
