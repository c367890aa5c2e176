"""The official libraries of both providers take the gateway for their provider."""

import asyncio
import json
from importlib import import_module
from typing import Any

import pytest

from missioncontrol.domain.routing import Routing, Rule
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream
from missioncontrol.testing.scripted_models import Reply, ToolCall, serving
from tests.gateway.answers import chat_stream, messages_stream, responses_stream
from tests.gateway.house import House, anthropic, house, openai, run
from tests.gateway.upstream import Script, scripted


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """Import them for these tests alone, and before the clock of the first: it takes seconds."""
    for name in ("anthropic", "openai", "openai.types.responses"):
        import_module(name)


def openai_sdk() -> Any:
    return import_module("openai")


def anthropic_sdk() -> Any:
    return import_module("anthropic")


def openai_client(ours: House) -> Any:
    return openai_sdk().AsyncOpenAI(base_url=f"http://127.0.0.1:{ours.port}/v1", api_key=ours.key)


def anthropic_client(ours: House) -> Any:
    return anthropic_sdk().AsyncAnthropic(
        base_url=f"http://127.0.0.1:{ours.port}", api_key=ours.key
    )


HI: Any = [{"role": "user", "content": "Hi"}]
REPLY = Reply("Hello there", input_tokens=100, cached_tokens=40, output_tokens=20)


def test_chat_completions_whole_and_streamed() -> None:
    async def main() -> None:
        with serving(REPLY) as models:
            upstream = Upstream("scripted", models.url, "openai")
            async with house(upstream) as ours, openai_client(ours) as client:
                ask = {"model": "gpt-4o", "messages": HI}
                whole = await client.chat.completions.create(**ask)
                assert whole.choices[0].message.content == "Hello there"
                stream = await client.chat.completions.create(**ask, stream=True)
                chunks = [chunk async for chunk in stream]
                deltas = [each.choices[0].delta.content or "" for each in chunks]
                assert "".join(deltas) == "Hello there"
                assert all(chunk.usage is None for chunk in chunks)
                used = [usage for _, usage in ours.account.settled]
                assert used[0] == used[1]
                assert (used[0].input_tokens, used[0].output_tokens) == (100, 20)

    run(main())


def test_responses_with_a_tool_whole_and_streamed() -> None:
    async def main() -> None:
        reply = Reply("Look", calls=(ToolCall("shell", {"cmd": "ls"}),))
        tool: Any = {"type": "function", "name": "shell", "parameters": {"type": "object"}}
        with serving(reply) as models:
            upstream = Upstream("scripted", models.url, "openai")
            async with house(upstream) as ours, openai_client(ours) as client:
                ask = {"model": "gpt-5", "input": "Hi", "tools": [tool]}
                whole = await client.responses.create(**ask)
                assert whole.output_text == "Look"
                stream = await client.responses.create(**ask, stream=True)
                events = [event async for event in stream]
                assert events[-1].type == "response.completed"
                used = [usage for _, usage in ours.account.settled]
                assert used[0] == used[1]
                assert used[0].cached_tokens == 40
                for call in await ours.written():
                    assert (call.answer, call.offered) == ("Look", ("shell",))
                    assert [(each.name, json.loads(each.arguments)) for each in call.called] == [
                        ("shell", {"cmd": "ls"})
                    ]

    run(main())


def test_messages_with_a_tool_whole_and_streamed() -> None:
    async def main() -> None:
        reply = Reply("Look", calls=(ToolCall("Bash", {"command": "ls"}),), cache_write_tokens=10)
        tool: Any = {"name": "Bash", "input_schema": {"type": "object"}}
        with serving(reply) as models:
            upstream = Upstream("scripted", models.origin, "anthropic")
            async with house(upstream) as ours, anthropic_client(ours) as client:
                ask = {"model": "claude-x", "messages": HI, "tools": [tool], "max_tokens": 99}
                whole = await client.messages.create(**ask)
                assert whole.content[0].text == "Look"
                async with client.messages.stream(**ask) as stream:
                    final = await stream.get_final_message()
                assert final.content[1].input == {"command": "ls"}
                used = [usage for _, usage in ours.account.settled]
                assert used[0] == used[1]
                assert (used[0].input_tokens, used[0].cache_write_tokens) == (100, 10)
                for call in await ours.written():
                    assert call.answer == "Look"
                    assert [each.name for each in call.called] == ["Bash"]

    run(main())


@pytest.mark.parametrize("status", [402, 403, 503])
def test_a_refusal_is_read_by_both_libraries_and_tried_once(status: int) -> None:
    async def main() -> None:
        one = Upstream("one", "http://127.0.0.1:9/v1", "openai")
        two = Upstream("two", "http://127.0.0.1:9", "anthropic")
        async with house(one, two) as ours:
            model = "gpt-4o"
            if status == 402:
                ours.account.tokens = 0
            elif status == 403:
                routing = Routing(rules=(Rule(("other",)),))
                ours.gateway.policy = GatewayPolicy(routing=routing)
            else:
                ours.stopped_because = "Everything was stopped."
            async with openai_client(ours) as client:
                with pytest.raises(openai_sdk().APIStatusError) as openai_error:
                    await client.chat.completions.create(model=model, messages=HI)
                assert openai_error.value.status_code == status
                with pytest.raises(openai_sdk().APIStatusError):
                    await client.responses.create(model=model, input="Hi", stream=True)
            async with anthropic_client(ours) as client:
                with pytest.raises(anthropic_sdk().APIStatusError) as other_error:
                    await client.messages.create(model=model, messages=HI, max_tokens=9)
                assert other_error.value.status_code == status
            assert [call.status for call in await ours.written()] == [status] * 3

    run(main())


@pytest.mark.parametrize("kind", ["chat", "responses", "messages"])
def test_a_stream_that_is_cut_raises_or_fails_in_the_libraries(kind: str) -> None:
    streams = {
        "chat": chat_stream("He", "llo"),
        "responses": responses_stream("He", "llo"),
        "messages": messages_stream("He", "llo"),
    }

    async def main() -> None:
        script = Script(streams[kind], hold_after=2)
        make = anthropic if kind == "messages" else openai
        async with scripted(script) as upstream, house(make(upstream)) as ours:

            async def stop() -> None:
                await upstream.asked.wait()
                await asyncio.sleep(0.05)
                ours.stopped_because = "Everything was stopped."

            stopping = asyncio.create_task(stop())
            message = await follow(kind, ours)
            assert "Everything was stopped." in message
            await stopping

    run(main())


async def follow(kind: str, ours: House) -> str:
    """Read a stream to its end, and return how it failed."""
    if kind == "messages":
        async with anthropic_client(ours) as client:
            with pytest.raises(anthropic_sdk().APIStatusError) as error:
                async for _ in await client.messages.create(
                    model="claude-x", messages=HI, max_tokens=9, stream=True
                ):
                    pass
            return str(error.value)
    async with openai_client(ours) as client:
        if kind == "responses":
            stream = await client.responses.create(model="gpt-5", input="Hi", stream=True)
            last = [event async for event in stream][-1]
            assert last.type == "response.failed"
            assert isinstance(last.response, import_module("openai.types.responses").Response)
            return str(last.response.error.message if last.response.error else "")
        with pytest.raises(openai_sdk().APIError) as raised:
            async for _ in await client.chat.completions.create(
                model="gpt-4o", messages=HI, stream=True
            ):
                pass
        return str(raised.value)
