"""Converts the result of a tool into output and artifacts of a step."""

import base64
import binascii
import mimetypes
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.adapters.agents.command_inputs import Scrub
from missioncontrol.adapters.agents.kind_support import one_line
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.work import ArtifactRef
from missioncontrol.ports.agent import AttemptFailed, Line

if TYPE_CHECKING:
    from mcp_types import CallToolResult

FILES_MAX = 50
WORDS_MAX = 2_000


def output_of(result: "CallToolResult", shape: Shape) -> Any:
    """Return the structured content, else the text, parsed as JSON unless text is declared."""
    if result.structured_content is not None:
        return result.structured_content
    text = text_of(result)
    if shape.kind in ("any", "string", "path"):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text  # The check of the output reports it, with the text.


def text_of(result: "CallToolResult") -> str:
    """Return all text of a result."""
    from mcp_types import EmbeddedResource, TextContent, TextResourceContents

    found = []
    for block in result.content:
        if isinstance(block, TextContent):
            found.append(block.text)
        elif isinstance(block, EmbeddedResource) and isinstance(
            block.resource, TextResourceContents
        ):
            found.append(block.resource.text)
    return "\n".join(found)


def refuse_failure(result: "CallToolResult", tool: str, scrub: Scrub) -> None:
    """Raise if a result reports an error.

    Raises:
        AttemptFailed: `mcp.tool_failed`.
    """
    if result.is_error:
        message = one_line(text_of(result), scrub, WORDS_MAX) or "It gave no reason."
        hint = "`mission runs output RUN STEP` shows the output of the server."
        raise AttemptFailed("mcp.tool_failed", f"The tool {tool!r} failed: {message}", hint=hint)


def files_of(result: "CallToolResult", tool: str, line: Line) -> tuple[ArtifactRef, ...]:
    """Store images, audio and other binary content as artifacts."""
    from mcp_types import AudioContent, BlobResourceContents, EmbeddedResource, ImageContent

    stored: list[ArtifactRef] = []
    for block in result.content[:FILES_MAX]:
        if isinstance(block, ImageContent | AudioContent):
            stored.append(_store(len(stored), block.data, block.mime_type, tool, line))
        elif isinstance(block, EmbeddedResource) and isinstance(
            block.resource, BlobResourceContents
        ):
            media = block.resource.mime_type or "application/octet-stream"
            stored.append(_store(len(stored), block.resource.blob, media, tool, line))
    return tuple(stored)


def _store(number: int, data: str, media: str, tool: str, line: Line) -> ArtifactRef:
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error:
        reason = f"The tool {tool!r} returned a file that is not valid base64."
        raise AttemptFailed("mcp.bad_file", reason) from None
    suffix = mimetypes.guess_extension(media) or ".bin"
    name = f"{tool}-{number + 1}{suffix}".replace("/", "-")
    return line.keep(name, content, media_type=media, title="", obtained=f"the tool {tool}")
