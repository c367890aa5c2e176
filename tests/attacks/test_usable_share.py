"""Nearly all of a cap can be used by a conversation, and never more than all of it."""

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import missioncontrol as mc
from missioncontrol.domain.budget.scopes import RUNS, WORKSPACE, Cap
from missioncontrol.domain.step import Amount
from missioncontrol.interfaces.gateway.conversations import Conversations
from missioncontrol.testing.scripted_models import Reply, Request, serving

BYTES_A_TOKEN = 4
FIRST_BYTES = 48_000
TURN_BYTES = 3_000


def reply(request: Request) -> Reply:
    """Answer as a model would: a token for four bytes of input, and within the given limit."""
    tokens = len(json.dumps(request.body)) // BYTES_A_TOKEN
    most = int(request.body["max_completion_tokens"])
    return Reply("word " * min(most, 400), input_tokens=tokens, output_tokens=min(most, 400))


def ask(url: str, key: str, messages: list[dict[str, str]]) -> int:
    return post(url, key, {"model": "gpt-4.1", "stream": True, "messages": messages})


def post(url: str, key: str, body: dict[str, object]) -> int:
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
            return 200
    except urllib.error.HTTPError as fault:
        return fault.code


@pytest.mark.parametrize(
    "cap", [Amount(cost=1_000_000), Amount(cost=5_000_000), Amount(tokens=1_000_000)]
)
def test_nearly_all_of_a_cap_is_usable(tmp_path: Path, cap: Amount) -> None:
    workflow, engines = mc.Workflow("talk"), list[mc.Engine]()
    statuses: list[int] = []

    @workflow.step()
    async def talk(step: mc.StepContext) -> None:
        gateway = engines[0]._control.workshops.gateway
        assert gateway is not None
        messages = [{"role": "system", "content": "rules " * (FIRST_BYTES // 6)}]
        with gateway.access(step.assignment, step.line) as access:
            while not statuses or statuses[-1] == 200:
                turn = f"{len(messages)} " + "step " * (TURN_BYTES // 5)
                messages.append({"role": "user", "content": turn})
                if len(messages) > 20:
                    del messages[2:12]  # The tool compacts its conversation.
                statuses.append(await asyncio.to_thread(ask, access.url, access.key, messages))

    async def story() -> float:
        (tmp_path / "gateway.toml").write_text(
            f'[[upstreams]]\nname = "local"\nbase_url = "{models.url}"\napi = "openai"\n'
        )
        async with mc.Engine(tmp_path) as engine:
            engines.append(engine)
            budgets = engine._control.budgets
            budgets.set_cap(Cap(WORKSPACE, "total", cap), actor="ann", reason="So much.")
            budgets.set_cap(
                Cap(RUNS, "total", Amount(tokens=100_000_000)), actor="ann", reason="More."
            )
            await engine.run(workflow)
            spent = budgets.ledger.account(WORKSPACE).total
            share = spent.cost / cap.cost if cap.cost else spent.tokens / (cap.tokens or 1)
            print("share", share, "calls", len(statuses))
            return share

    with serving(reply) as models:
        share = asyncio.run(story())
    assert statuses[0] == 200
    assert statuses[-1] == 402
    assert 0.95 <= share <= 1


def messages(*contents: str, **more: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": each} for each in contents], **more}


def size(content: str) -> int:
    return len(json.dumps({"role": "user", "content": content}, separators=(",", ":")))


def test_a_conversation_that_goes_on_is_bounded_by_what_was_counted() -> None:
    known = Conversations()
    known.remember("k", "m", messages("a long beginning", "a", "b", max_tokens=9), 90)
    assert known.bound("k", "m", messages("a long beginning", "b", "more")) == 154 + size(
        "more"
    ) + (size("b"))
    assert known.bound("k", "m", messages("a long beginning", "b")) == 154
    assert known.bound("k", "other", messages("a long beginning")) is None
    assert known.bound("k", "m", messages("a long beginning", options={"num_ctx": 9})) is None
    known.forget("k", "m")
    assert known.bound("k", "m", messages("a long beginning")) is None


def test_conversations_that_take_turns_are_each_bounded_by_their_own() -> None:
    known = Conversations()
    known.remember("k", "m", messages("first " * 1_000), 2_000)
    known.remember("k", "m", messages("second " * 1_000), 3_000)
    assert known.bound("k", "m", messages("first " * 1_000, "and")) == 2_064 + size("and")
    assert known.bound("k", "m", messages("second " * 1_000, "and")) == 3_064 + size("and")


def test_a_mark_of_a_cache_that_moves_along_is_no_new_message() -> None:
    def message(text: str, **more: object) -> dict[str, object]:
        return {"role": "user", "content": [{"type": "text", "text": text, **more}]}

    known, mark = Conversations(), {"type": "ephemeral"}
    known.remember("k", "m", {"messages": [message("a", cache_control=mark)]}, 40)
    bound = known.bound("k", "m", {"messages": [message("a"), message("b", cache_control=mark)]})
    assert bound == 104 + len(json.dumps(message("b"), separators=(",", ":")))


def hidden(text: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return a request whose upstream does not read `text`, and one in which it does."""
    first: list[object] = [{"role": "user", "content": "hi"}]
    more = {"model": "scripted", "max_tokens": 10, "stream": True}
    return (
        {**more, "messages": first, "metadata": [{"content": text}]},
        {**more, "messages": [*first, {"role": "user", "content": text}]},
    )


def cut_short(text: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return a request of which an upstream reads a part, and one that it reads whole."""
    more = messages(text, model="scripted", max_tokens=10, stream=True)
    return {**more, "options": {"num_ctx": 1_000}}, {**more, "options": {"num_ctx": 1_000_000}}


def read_by(request: Request) -> Reply:
    tokens = len(json.dumps(request.body["messages"])) // BYTES_A_TOKEN
    if "options" in request.body:
        tokens = min(tokens, request.body["options"]["num_ctx"])
    return Reply("ok", input_tokens=tokens, output_tokens=1)


@pytest.mark.parametrize("requests", [hidden("word " * 20_000), cut_short("word " * 20_000)])
def test_no_request_is_bounded_by_one_that_was_counted_otherwise(
    tmp_path: Path, requests: tuple[dict[str, object], dict[str, object]]
) -> None:
    """All tokens that the upstream counts are in the ledger, and the cap holds."""
    workflow, engines = mc.Workflow("talk"), list[mc.Engine]()
    counted: list[int] = []

    def reply_counted(request: Request) -> Reply:
        found = read_by(request)
        counted.append(found.input_tokens + found.output_tokens)
        return found

    @workflow.step()
    async def talk(step: mc.StepContext) -> None:
        gateway = engines[0]._control.workshops.gateway
        assert gateway is not None
        with gateway.access(step.assignment, step.line) as access:
            for body in requests * 5:
                await asyncio.to_thread(post, access.url, access.key, body)

    async def story() -> int:
        (tmp_path / "gateway.toml").write_text(
            f'[[upstreams]]\nname = "local"\nbase_url = "{models.url}"\napi = "openai"\n'
        )
        async with mc.Engine(tmp_path) as engine:
            engines.append(engine)
            budgets = engine._control.budgets
            cap = Amount(tokens=110_000)
            budgets.set_cap(Cap(WORKSPACE, "total", cap), actor="ann", reason="So much.")
            await engine.run(workflow)
            return budgets.ledger.account(WORKSPACE).total.tokens

    with serving(reply_counted) as models:
        spent = asyncio.run(story())
    assert sum(counted) <= spent <= 110_000
    assert max(counted) > 20_000
