"""The tools of a model: only those that its step names."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from mcp_types import Tool as ServerTool
from pydantic_ai import ModelRetry, Tool

from missioncontrol.adapters.agents.files import is_inside
from missioncontrol.adapters.agents.mcp.results import text_of
from missioncontrol.adapters.agents.mcp.session import find_tool, open_session, trace_meta
from missioncontrol.adapters.agents.model.settings import ModelSettings, ToolServer
from missioncontrol.ports.agent import Action, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Workshop

READ_BYTES_MAX = 64 * 1024
ENTRIES_MAX = 500
FILES_SEARCHED_MAX = 5_000
FOUND_MAX = 100
LINE_LENGTH_MAX = 300
ANSWER_LENGTH_MAX = 64 * 1024
TOOLS_MAX = 100

Call = Callable[..., Awaitable[Any]]


class Toolbox:
    """The tools of one attempt; their servers end with it."""

    def __init__(
        self,
        stack: AsyncExitStack,
        settings: ModelSettings,
        places: list[Path],
        workshop: Workshop,
        assignment: Assignment,
        line: Line,
    ) -> None:
        """`places` are the directories whose files may be read."""
        self._stack = stack
        self._settings = settings
        self._files = Files(places)
        self._workshop = workshop
        self._assignment = assignment
        self._line = line
        self._clients: dict[str, Any] = {}

    async def tools(self, names: list[str]) -> list[Tool[Any]]:
        """Return tools by name.

        Raises:
            AttemptFailed: `model.no_tool`, or as `open_session`.
        """
        if len(names) > TOOLS_MAX:
            raise _no_tool(f"{len(names)} tools", f"At most {TOOLS_MAX} are possible.")
        return [await self._tool(name) for name in dict.fromkeys(names)]

    async def _tool(self, name: str) -> Tool[Any]:
        server, _, own = name.partition(".")
        if server == "files":
            return self._files.tool(own)
        if server not in self._settings.servers or not own:
            known = ", ".join(["files", *self._settings.servers])
            raise _no_tool(name, f"Its tools begin with one of: {known}.")
        client = await self._client(server)
        found = await find_tool(client, own)
        call = self._calling(server, client, found)
        # Most models allow no dot in the name of a tool.
        shown_as = f"{server}__{own}"
        return Tool.from_schema(call, shown_as, found.description or "", found.input_schema)

    async def _client(self, server: str) -> Any:
        if server not in self._clients:
            opening = open_session(
                self._settings.servers[server], self._workshop, self._assignment, self._line
            )
            self._clients[server] = await self._stack.enter_async_context(opening)
        return self._clients[server]

    def _calling(self, name: str, client: Any, tool: ServerTool) -> Call:
        server = self._settings.servers[name]
        meta = trace_meta(self._assignment)

        async def call(**arguments: Any) -> str:
            await self._require_permission(name, server, tool, arguments)
            result = await client.call_tool(tool.name, arguments, meta=meta)
            text = text_of(result)[:ANSWER_LENGTH_MAX]
            if result.is_error:
                raise ModelRetry(text or "The tool failed without a reason.")
            return text

        return call

    async def _require_permission(
        self, name: str, server: ToolServer, tool: ServerTool, arguments: Mapping[str, Any]
    ) -> None:
        """Ask for permission; a tool that its server calls destructive counts as deleting."""
        destroys = bool(tool.annotations and tool.annotations.destructive_hint)
        effects = (*server.effects, "deletes") if destroys else server.effects
        title = f"The model calls {name}.{tool.name}"
        detail = {"server": name, "tool": tool.name, "arguments": dict(arguments)}
        verdict = await self._line.permit(Action("tool", title, detail, effects))
        if not verdict.is_allowed:
            raise ModelRetry(f"This call was denied. {verdict.reason}".rstrip())


class Files:
    """Tools that read files below some directories."""

    def __init__(self, places: list[Path]) -> None:
        """`places` are absolute."""
        self._places = places

    def tool(self, name: str) -> Tool[Any]:
        """Return a tool by its name after `files.`.

        Raises:
            AttemptFailed: `model.no_tool`.
        """
        known: dict[str, Call] = {"read": self.read, "list": self.entries, "search": self.search}
        if name not in known:
            raise _no_tool(f"files.{name}", f"There are: {', '.join(known)}.")
        if not self._places:
            hint = "Give the step a `repository`, or declare the `paths` of the agent."
            raise _no_tool(f"files.{name}", f"It may read no directory. {hint}")
        return Tool(known[name], name=f"files__{name}", takes_ctx=False)

    async def read(self, path: str, first_line: int = 1) -> str:
        """Read a text file from a line on, at most 64 KiB. The path may be relative."""
        return await asyncio.to_thread(self._read, self._within(path), max(first_line, 1))

    async def entries(self, path: str = ".") -> str:
        """List the files and directories in a directory."""
        return await asyncio.to_thread(self._list, self._within(path))

    async def search(self, text: str, pattern: str = "*") -> str:
        """Find the lines with a text, in files whose names match a pattern such as `*.py`."""
        return await asyncio.to_thread(self._search, text, pattern)

    def _within(self, path: str) -> Path:
        for place in self._places:
            if "\0" not in path and is_inside(place / path, self._places):
                return place / path
        raise ModelRetry(f"{path!r} does not lie in {', '.join(map(str, self._places))}.")

    def _read(self, path: Path, first_line: int) -> str:
        try:
            with path.open("rb") as file:
                for _ in range(first_line - 1):
                    if not file.readline(READ_BYTES_MAX):
                        break
                return file.read(READ_BYTES_MAX).decode("utf-8", "replace")
        except OSError as error:
            raise ModelRetry(f"{path} cannot be read: {error.strerror}.") from None

    def _list(self, path: Path) -> str:
        try:
            entries = list(islice(path.iterdir(), ENTRIES_MAX + 1))
        except OSError as error:
            raise ModelRetry(f"{path} cannot be listed: {error.strerror}.") from None
        names = sorted(f"{each.name}/" if each.is_dir() else each.name for each in entries)
        more = ["…"] if len(names) > ENTRIES_MAX else []
        return "\n".join(names[:ENTRIES_MAX] + more)

    def _search(self, text: str, pattern: str) -> str:
        if not text or "/" in pattern or ".." in pattern:
            raise ModelRetry("Give a text, and a pattern of names such as *.py.")
        found: list[str] = []
        for place in self._places:
            for path in islice(place.rglob(pattern), FILES_SEARCHED_MAX):
                if ".git" not in path.parts and path.is_file() and is_inside(path, self._places):
                    found += self._found_in(path, place, text)
                if len(found) >= FOUND_MAX:
                    return "\n".join([*found[:FOUND_MAX], "…"])
        return "\n".join(found) or "Nothing was found."

    def _found_in(self, path: Path, place: Path, text: str) -> list[str]:
        try:
            with path.open("rb") as file:
                content = file.read(READ_BYTES_MAX * 16).decode("utf-8", "replace")
        except OSError:
            return []
        name = path.relative_to(place).as_posix()
        lines = enumerate(content.splitlines(), 1)
        matching = (f"{name}:{n}: {line[:LINE_LENGTH_MAX]}" for n, line in lines if text in line)
        return [*islice(matching, FOUND_MAX)]


def _no_tool(name: str, hint: str) -> AttemptFailed:
    reason = f"The model can't use {name!r}."
    return AttemptFailed("model.no_tool", reason, hint=hint, retryable=False)
