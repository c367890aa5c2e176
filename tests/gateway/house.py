"""A gateway in a test: over scripted upstreams, with an account that remembers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway.keys import Caller, MemoryKeys
from missioncontrol.interfaces.gateway.server import GatewayServer
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.call_log import Call, CallQuery, Found, Retention
from tests.gateway.upstream import RawCall, ScriptedUpstream, ask

T = TypeVar("T")
SECRET = "sk-of-the-upstream-1234567890"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class OpenAccount:
    """Admits what fits under `tokens`, and remembers all that it receives."""

    def __init__(self, tokens: int = 10**9) -> None:
        self.tokens = tokens
        self.admitted: list[tuple[str, int, int]] = []
        self.settled: list[tuple[str, Usage]] = []
        self.open: set[str] = set()

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
        if input_tokens + output_tokens > self.tokens:
            raise AttemptFailed(
                "budget.exceeded",
                f"The call may need {input_tokens + output_tokens} tokens.",
                hint="Raise the cap.",
            )
        self.admitted.append((model, input_tokens, output_tokens))
        name = str(len(self.admitted))
        self.open.add(name)
        await asyncio.sleep(0)
        return name

    def settle(
        self, reservation: str, usage: Usage, *, model: str, estimated: bool = False
    ) -> None:
        self.open.remove(reservation)
        self.settled.append((model, usage))


class ListLog:
    """Keeps calls in a list."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def write(self, calls: Sequence[Call]) -> None:
        self.calls.extend(calls)

    def find(self, query: CallQuery) -> list[Found]:
        return [Found(number, call) for number, call in enumerate(self.calls)]

    def read(self, number: int) -> Call | None:
        return self.calls[number]

    def prune(self, retention: Retention, now: int) -> int:
        return 0

    def close(self) -> None:
        pass


class House:
    """An open gateway and all that is around it."""

    def __init__(self, gateway: GatewayServer, keys: MemoryKeys, log: ListLog) -> None:
        self.gateway = gateway
        self.keys = keys
        self.log = log
        self.account = OpenAccount()
        self.key = keys.issue(Caller("tests", self.account, agent="coder", run="run-1", step="a"))
        self.stopped_because = ""

    @property
    def port(self) -> int:
        return self.gateway.port

    async def ask(self, path: str, body: Any = None, **more: Any) -> RawCall:
        return await ask(self.port, path, body, **{"key": self.key, **more})

    async def written(self) -> list[Call]:
        """Close the gateway, and return what it wrote down."""
        await self.gateway.close()
        return self.log.calls


@asynccontextmanager
async def house(
    *upstreams: Upstream, policy: GatewayPolicy | None = None, **more: Any
) -> AsyncIterator[House]:
    keys, log = MemoryKeys(lambda: 0.0), ListLog()
    made: list[House] = []
    gateway = GatewayServer(
        policy or GatewayPolicy(),
        upstreams,
        keys,
        log,
        secret=lambda name: SECRET,
        stopped=lambda: made[0].stopped_because,
        **more,
    )
    made.append(House(gateway, keys, log))
    await gateway.open()
    try:
        yield made[0]
    finally:
        if gateway.port:
            await gateway.close()


def openai(upstream: ScriptedUpstream, **more: Any) -> Upstream:
    return Upstream("scripted", upstream.url + "/v1", "openai", key="upstream", **more)


def anthropic(upstream: ScriptedUpstream, **more: Any) -> Upstream:
    return Upstream("scripted", upstream.url, "anthropic", key="upstream", **more)
