"""Each operation in a real home: permission, key, bounds, If-Match and audit."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from missioncontrol import operations
from missioncontrol.adapters.os_user import os_user
from missioncontrol.application.requests import PREFIX
from missioncontrol.declarations import Operation
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.principal import Asking
from tests.console.houses import House, console_house, principal
from tests.surfaces.examples import BEYOND, EXAMPLES, HOUSES, PREPARED

AnyOperation = Operation[Any, Any]
ROUTED = [each for each in operations.every() if "http" in each.surfaces]
BOUND = [each for each in ROUTED if each.name in BEYOND]
each_operation = pytest.mark.parametrize("operation", ROUTED, ids=lambda each: each.name)


class World:
    """One home for all tests of this module, in a loop of its own."""

    def __init__(self, runner: asyncio.Runner, house: House) -> None:
        self.runner, self.house = runner, house

    def run(
        self, check: Callable[[httpx.AsyncClient], Awaitable[None]], role: Any = "admin"
    ) -> None:
        async def checked() -> None:
            # As the owner, who may do all that an admin may, and change workspaces of a root.
            name = os_user() if role == "admin" else "alice"
            async with self.house.client(role, name=name) as client:
                await check(client)

        self.runner.run(checked())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("operations")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        environment = {"CLAUDE_CONFIG_DIR": str(root / "claude")}
        house = runner.run(stack.enter_async_context(console_house(root, environment)))
        (house.held.home.root / "console.toml").write_text("webhooks_inside = true\n")
        HOUSES.append(house)
        yield World(runner, house)
        HOUSES.pop()
        runner.run(stack.aclose())


async def prepared(
    client: httpx.AsyncClient, operation: AnyOperation
) -> tuple[str, dict[str, Any]]:
    """Return the id of what is changed, and what is said; see `PREPARED`."""
    prepare, given = EXAMPLES[operation.name]
    id_ = await prepare(client)
    return id_, {name: id_ if value == PREPARED else value for name, value in given.items()}


def address(operation: AnyOperation, id_: str, given: Mapping[str, Any] = {}) -> str:
    places = {name: given.get(name, "x") for name in operation.in_path}
    return f"/api/v1{operation.address(id_, places)}"


async def sent(
    client: httpx.AsyncClient,
    operation: AnyOperation,
    id_: str,
    given: Mapping[str, Any],
    **headers: str,
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    left = {name: value for name, value in given.items() if name not in operation.in_path}
    params = {name: value for name, value in left.items() if operation.takes_in_query(name)}
    body = {name: value for name, value in left.items() if name not in params}
    values: dict[str, Any] = {"params": params, **({} if operation.in_address else {"json": body})}
    where = address(operation, id_, given)
    return await client.request(operation.method, where, headers=named, **values)


def answer_of(answer: httpx.Response, operation: AnyOperation) -> Any:
    """Return what stays the same when a request is repeated: no secrets.

    What the console adds (`finish`) is as it is by then.
    """
    found = answer.json() if answer.content and operation.finish is None else {}
    return {name: value for name, value in found.items() if name not in operation.shown_once}


async def length(world: World) -> int:
    """Count the events that people caused: the engine writes its own at any time."""
    rows = await world.house.held.store.read(after=0, limit=10_000)
    return sum(row.actor.startswith("user:") for row in rows)


@each_operation
def test_it_is_done_once_under_its_key_and_stands_in_the_audit(
    world: World, operation: AnyOperation
) -> None:
    async def check(client: httpx.AsyncClient) -> None:
        id_, given = await prepared(client, operation)
        key = f"once-{operation.name}"
        first = await sent(client, operation, id_, given, idempotency_key=key)
        usual = 204 if operation.answer_type is type(None) else 200
        assert first.status_code == (201 if operation.creates else usual), first.text
        assert ("no-store" in first.headers.get("cache-control", "")) == bool(operation.shown_once)
        before = await length(world)
        again = await sent(client, operation, id_, given, idempotency_key=key)
        assert again.status_code == first.status_code
        assert answer_of(again, operation) == answer_of(first, operation)
        assert await length(world) == before
        rows = await world.house.held.store.read(after=0, limit=10_000)
        taken = [json.loads(row.body) for row in rows if row.type == "request_taken"]
        assert taken[-1]["verb"] == operation.name
        await sent(client, operation, id_, given, idempotency_key=f"{key}-2")
        assert await length(world) > before  # Another key asks for it again.

    world.run(check)


@pytest.mark.parametrize(
    "operation",
    [each for each in ROUTED if each.permission != "sign_in"],
    ids=lambda each: each.name,
)
def test_it_is_refused_without_its_permission(world: World, operation: AnyOperation) -> None:
    async def check(client: httpx.AsyncClient) -> None:
        async with world.house.client("admin", name="root") as admin:
            id_, given = await prepared(admin, operation)
        await world.house.know(principal("auditor"))
        before = await length(world)
        answer = await sent(client, operation, id_, given)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission.missing")
        # The engine looks again: what the console says of permissions is no more than the log's.
        permissions: Any = (operation.permission,)
        claimed = Asking(f"claim-{operation.name}", permissions, "password", "session-x", "")
        with pytest.raises(MissionControlError) as refused:
            await world.house.held.executor.perform(
                operation.name, operation.arguments(id_, given), "user:vera", claimed
            )
        assert refused.value.code == "permission.missing"
        assert await length(world) == before

    world.run(check, "auditor")


@each_operation
def test_it_is_refused_to_agents_unless_it_says_otherwise(
    world: World, operation: AnyOperation
) -> None:
    async def check(client: httpx.AsyncClient) -> None:
        arguments = operation.arguments(*await prepared(client, operation))
        by_agent = {**arguments, "on_behalf": "user:root"}
        executor = world.house.held.executor
        if operation.by_agents:
            await executor.perform(operation.name, by_agent, "agent:coder")
            return
        with pytest.raises(MissionControlError) as refused:
            await executor.perform(operation.name, by_agent, "agent:coder")
        assert refused.value.code == "actor.by_agent"

    world.run(check)


@pytest.mark.parametrize("operation", BOUND, ids=lambda each: each.name)
def test_what_breaks_a_bound_changes_nothing_on_any_way_in(
    world: World, operation: AnyOperation
) -> None:
    async def check(client: httpx.AsyncClient) -> None:
        id_ = await EXAMPLES[operation.name][0](client)
        before, beyond = await length(world), BEYOND[operation.name]
        answer = await sent(client, operation, id_, beyond)
        assert answer.status_code == 400
        ask = await client.post(
            f"/api/v1/asks/{operation.name}", json=operation.arguments(id_, beyond)
        )
        assert (ask.status_code, ask.json()["code"]) == (422, f"{operation.noun}.bad_input")
        assert await length(world) == before

    world.run(check)


@pytest.mark.parametrize(
    "operation", [each for each in ROUTED if each.unless_changed], ids=lambda each: each.name
)
def test_it_is_stale_under_the_tag_of_an_older_state(world: World, operation: AnyOperation) -> None:
    seen = operation.unless_changed
    assert seen is not None

    async def check(client: httpx.AsyncClient) -> None:
        id_, given = await prepared(client, operation)
        place = f"/api/v1{seen.target.address(seen.route, id_)}"
        tag = (await client.get(place)).headers["etag"]
        stale = await sent(client, operation, id_, given, if_match='W/"older"')
        assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")
        done = await sent(client, operation, id_, given, if_match=tag)
        assert done.status_code == 200, done.text

    world.run(check)


def test_a_request_of_an_earlier_release_is_not_done_again(world: World) -> None:
    """Earlier releases stored it by the name of an internal struct, also in the digest."""
    operation, key = operations.find("decision.accept"), "from-before"
    assert operation is not None

    async def check(client: httpx.AsyncClient) -> None:
        id_, given = await prepared(client, operation)
        text = f"DecisionAsked\nPOST /api/v1/decisions/{id_}/accept?\n" + json.dumps(
            given, separators=(",", ":")
        )
        request = hashlib.sha256(f"user:alice\n{key}".encode()).hexdigest()[:32]
        asking = Asking(
            request,
            ("operate",),
            "password",
            "session-alice",
            "",
            "",
            hashlib.sha256(text.encode()).hexdigest(),
        )

        async def answered() -> Any:
            return {"id": id_, "status": "as it was"}

        office = world.house.held.command_bus
        await office.requests.do("DecisionAsked", asking, "user:alice", answered)
        before = await length(world)
        again = await sent(client, operation, id_, given, idempotency_key=key)
        assert again.json() == {"id": id_, "status": "as it was"}
        assert await length(world) == before
        different = await sent(client, operation, id_, {"reason": "no"}, idempotency_key=key)
        assert different.json()["code"] == "request.another"
        assert await world.house.held.store.read_stream(PREFIX + request, limit=9)

    world.run(check)


def test_a_name_that_nothing_declares_is_refused(world: World) -> None:
    async def check(client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/asks/decision.forget", json={})
        assert answer.json()["code"] == "control.unknown_verb"

    world.run(check)
