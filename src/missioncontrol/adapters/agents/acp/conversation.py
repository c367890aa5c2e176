"""A conversation with a program: start, sign-in, prompt, and the end of the program."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
from acp import PROTOCOL_VERSION, RequestError, connect_to_agent, text_block
from acp.schema import (
    ClientCapabilities,
    Implementation,
    InitializeResponse,
    McpServerStdio,
    PromptResponse,
    Usage,
)
from msgspec import Meta

from missioncontrol.adapters.agents.acp.client import Client
from missioncontrol.adapters.agents.acp.settings import AcpSettings, fill_placeholders
from missioncontrol.adapters.agents.attempt_process import run_program
from missioncontrol.adapters.agents.coding.session import ERROR_LINE_BYTES_MAX, ToolSession
from missioncontrol.adapters.agents.files import write_below
from missioncontrol.adapters.agents.kind_support import CLIENT_INFO, one_line
from missioncontrol.adapters.agents.output import OutputReader
from missioncontrol.adapters.processes import Program
from missioncontrol.domain.step import Risk
from missioncontrol.domain.work import Usage as Tokens
from missioncontrol.ports.agent import AttemptFailed

CANCEL_SECONDS = 2.0
LAST_WORDS_SECONDS = 0.5
WORDS_MAX = 1_000
SIGN_IN = -32000
FINAL = frozenset({SIGN_IN, -32600, -32601, -32602})


class Introduction(msgspec.Struct, frozen=True):
    """What a program reports about itself."""

    version: str
    methods: tuple[str, ...]  # of sign-in


class Conversation:
    """The conversation with the program of one attempt."""

    def __init__(self, session: ToolSession, settings: AcpSettings, persistent_home: Path) -> None:
        """`persistent_home` is used if the settings ask for it."""
        self._session = session
        self._settings = settings
        self._home = (persistent_home if settings.home == "kept" else session.home).resolve()

    async def introduce(self) -> Introduction:
        """Start the program and return its introduction.

        Raises:
            AttemptFailed: the program did not introduce itself.
        """
        async with self._open() as (_, _, response):
            return _introduction(response)

    async def prompt(self, prompt: str, risk: Risk) -> None:
        """Run one turn of the program on `prompt`.

        Raises:
            AttemptFailed: `acp.refused`, `acp.sign_in`, `acp.lost`, `acp.stopped`, or a failure
                of our side.
        """
        async with self._open() as (agent, client, response):
            session_id = await self._new_session(agent, response)
            if mode := self._settings.modes.get(risk):
                await agent.set_session_mode(session_id=session_id, mode_id=mode)
            answer = await self._turn(agent, session_id, prompt)
            client.end()
            self._count(answer)
            if answer.stop_reason != "end_turn":
                raise self._stopped(answer.stop_reason)

    async def _turn(self, agent: Any, session_id: str, prompt: str) -> PromptResponse:
        """Return the end of the turn; a cancelled program gets a moment to clean up."""
        turn = asyncio.ensure_future(
            agent.prompt(session_id=session_id, prompt=[text_block(prompt)])
        )
        try:
            ended: PromptResponse = await asyncio.shield(turn)
        except asyncio.CancelledError:
            with suppress(Exception):
                async with asyncio.timeout(CANCEL_SECONDS):
                    await agent.cancel(session_id=session_id)
                    await asyncio.wait({turn})
            raise
        finally:
            turn.cancel()
        return ended

    async def _new_session(self, agent: Any, response: InitializeResponse) -> str:
        if self._settings.sign_in:
            await agent.authenticate(method_id=self._settings.sign_in)
        session_id = await agent.new_session(
            cwd=str(self._session.cwd), mcp_servers=self._servers()
        )
        return str(session_id.session_id)

    def _servers(self) -> list[McpServerStdio]:
        """Return the MCP server of a task that only reads and answers."""
        reading = self._session.reading
        if reading is None:
            return []
        program, *arguments = reading.argv
        return [McpServerStdio(name=reading.name, command=program, args=arguments, env=[])]

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[Any, Client, InitializeResponse]]:
        """Start the program, and end it with the block in any case."""
        session, settings = self._session, self._settings
        values = self._values()
        await asyncio.to_thread(_put_files, self._home, settings.files, values)
        variables = {
            name: fill_placeholders(text, values) for name, text in settings.variables.items()
        }
        environment = {**session.environment, "HOME": str(self._home), **variables}
        own = (*session.rules.own, str(self._home))
        async with run_program(
            settings.argv,
            cwd=session.cwd,
            environment=environment,
            line=session.line,
            rules=msgspec.structs.replace(session.rules, own=own),
            chosen=variables,
        ) as program:
            client = Client(session)
            process = program.process
            agent = connect_to_agent(cast(Any, client), process.stdin, process.stdout)
            complaints = asyncio.ensure_future(
                OutputReader(program).read_lines(
                    process.stderr, session.record_error, bytes_max=ERROR_LINE_BYTES_MAX
                )
            )
            try:
                watched = _WatchedConnection(agent, client, program, self)
                async with asyncio.timeout(settings.connect_seconds_max):
                    response = await watched.initialize(
                        protocol_version=PROTOCOL_VERSION,
                        client_capabilities=ClientCapabilities(),
                        client_info=Implementation(name=CLIENT_INFO[0], version=CLIENT_INFO[1]),
                    )
                yield watched, client, response
            except TimeoutError:
                raise self.failure("late", "did not introduce itself in time.") from None
            finally:
                complaints.cancel()
                with suppress(Exception):
                    await agent.close()

    def _values(self) -> dict[str, str]:
        session = self._session
        return {
            "url": session.access.url,
            "key": session.access.key,
            "model": session.model,
            "cwd": str(session.cwd),
        }

    def _count(self, answer: PromptResponse) -> None:
        """Report the usage that the program returns, unless a gateway counts it."""
        session = self._session
        if session.is_metered:
            return
        usages = usage_by_model(answer, session.model)
        for model, tokens in usages:
            session.line.usage(tokens, model=model)
        if not usages:
            session.log("warning", "The program reports no usage, so its tokens are not counted.")

    def failure(
        self, code: str, words: str, *, hint: str = "", retryable: bool = True
    ) -> AttemptFailed:
        """Return a failure of the program, with its last errors."""
        last = " ".join(list(self._session.errors)[-3:])
        return AttemptFailed(
            f"acp.{code}",
            f"{self._settings.argv[0]!r} {words} {last}".rstrip(),
            hint=hint
            or "`mission runs output RUN STEP` shows its output. Or run it in a terminal.",
            retryable=retryable,
        )

    def refusal(self, error: RequestError) -> AttemptFailed:
        """Return an error of the protocol as a failure."""
        message = one_line(_words(error), self._session.scrub, WORDS_MAX)
        if error.code == SIGN_IN:
            hint = 'Sign in once with `home = "kept"`, or name a method as `sign_in`.'
            return self.failure(
                "sign_in", f"is not signed in: {message}", hint=hint, retryable=False
            )
        is_final = error.code in FINAL
        return self.failure("refused", f"refuses the request: {message}", retryable=not is_final)

    def misunderstood(self, error: ValueError) -> AttemptFailed:
        """Return a malformed response as a failure."""
        message = one_line(str(error), self._session.scrub)
        return self.failure("bad_answer", f"sent a malformed response: {message}")

    def _stopped(self, reason: str) -> AttemptFailed:
        words = {
            "max_tokens": "stopped: its model reached the limit of output tokens.",
            "max_turn_requests": "stopped: it reached its limit of model requests.",
            "refusal": "refuses to continue.",
            "cancelled": "reports a cancellation that was not requested.",
        }
        return self.failure("stopped", words.get(reason, f"stopped: {reason}."))


class _WatchedConnection:
    """A connection whose requests fail when the program exits or the attempt fails."""

    def __init__(
        self, agent: Any, client: Client, program: Program, conversation: Conversation
    ) -> None:
        self._agent = agent
        self._client = client
        self._program = program
        self._conversation = conversation

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._agent, name)

        async def request(**given: Any) -> Any:
            return await self._until(asyncio.ensure_future(method(**given)))

        return request

    async def _until(self, answer: "asyncio.Future[Any]") -> Any:
        exited = asyncio.ensure_future(self._program.exited())
        ends = (answer, exited, self._client.failed)
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._client.failed.done():
                self._client.failed.result()
            if not answer.done():
                # Its last response may not have been read yet.
                await asyncio.wait({answer}, timeout=LAST_WORDS_SECONDS)
            if not answer.done():
                raise self._lost(
                    f"ended with status {exited.result()} in the middle of the conversation."
                )
            return answer.result()
        except RequestError as error:
            raise self._conversation.refusal(error) from None
        except (ConnectionError, EOFError):
            raise self._lost("closed the connection.") from None
        except ValueError as error:
            raise self._conversation.misunderstood(error) from None
        finally:
            for each in (answer, exited):
                each.cancel()

    def _lost(self, words: str) -> AttemptFailed:
        return self._conversation.failure("lost", words)


def usage_by_model(answer: PromptResponse, model: str) -> list[tuple[str, Tokens]]:
    """Return usage by model: in the form of the protocol, else in that of Gemini."""
    if answer.usage is not None:
        return [(model, tokens_of(answer.usage))] if answer.usage.total_tokens else []
    try:
        quota = msgspec.convert((answer.field_meta or {}).get("quota"), _Quota)
    except msgspec.ValidationError:
        return []
    return [
        (each.model or model, Tokens(count.input_tokens, 0, count.output_tokens, cost=None))
        for each in quota.model_usage
        if (count := each.token_count).input_tokens or count.output_tokens
    ]


class _Count(msgspec.Struct, frozen=True):
    input_tokens: Annotated[int, Meta(ge=0)] = 0
    output_tokens: Annotated[int, Meta(ge=0)] = 0


class _OfModel(msgspec.Struct, frozen=True):
    model: str = ""
    token_count: _Count = _Count()


class _Quota(msgspec.Struct, frozen=True):
    model_usage: tuple[_OfModel, ...] = ()


def tokens_of(used: Usage) -> Tokens:
    """Return the usage of the protocol as ours."""
    # The protocol leaves open whether input includes cached tokens and output includes thoughts.
    # The total shows it; if it fits neither, they count as separate.
    read, written = used.cached_read_tokens or 0, used.cached_write_tokens or 0
    cached, thought = read + written, used.thought_tokens or 0
    plain = used.input_tokens + used.output_tokens
    has_cached, has_thought = next(
        (
            (has_cached, has_thought)
            for has_cached in (False, True)
            for has_thought in (False, True)
            if plain + (0 if has_cached else cached) + (0 if has_thought else thought)
            == used.total_tokens
        ),
        (False, False),
    )
    return Tokens(
        used.input_tokens + (0 if has_cached else cached),
        read,
        used.output_tokens + (0 if has_thought else thought),
        thought,
        None,
        written,
    )


def _put_files(home: Path, files: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Write the declared files into the home directory; some may contain the key."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, template in files.items():
        write_below(home, name, fill_placeholders(template, values).encode())


def _introduction(response: InitializeResponse) -> Introduction:
    if response.protocol_version != PROTOCOL_VERSION:
        reason = f"It uses version {response.protocol_version} of the protocol, not 1."
        raise AttemptFailed("acp.other_protocol", reason, hint="Install another version of it.")
    info = response.agent_info
    version = f"{info.name} {info.version}" if info else ""
    return Introduction(version[:200], tuple(each.id for each in response.auth_methods or ()))


def _words(error: RequestError) -> str:
    detail = error.data
    if isinstance(detail, dict):
        detail = detail.get("details") or detail.get("message") or detail
    return f"{error} {detail if isinstance(detail, str) else ''}".strip()
