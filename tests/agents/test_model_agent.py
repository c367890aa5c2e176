"""Language models as agents, against scripted endpoints."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.model.kind import ModelKind
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration, Limits
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line, Verdict
from missioncontrol.ports.gateway import Access
from missioncontrol.testing.scripted_models import ModelServer, Reply, Request, ToolCall, serving
from tests.agents.gemini_server import serving_gemini
from tests.agents.heard import SECRET, HeardLine, a_workshop, assignment, run

pytestmark = pytest.mark.journey

KIND = ModelKind()
SECONDS = 30.0
PROVIDERS = ["compatible", "openai", "openai-responses", "anthropic"]
REVIEW = Shape("object", {"fits": Shape("boolean"), "note": Shape("string")}, open=False)


def declared(server: ModelServer, provider: str = "compatible", **more: Any) -> Declaration:
    url = server.origin if provider == "anthropic" else server.url
    settings = {"provider": provider, "url": url, "key": "MODEL_KEY", **more.pop("settings", {})}
    return Declaration("m", "model", settings, model="scripted", **more)


def work(
    root: Path,
    agent: Declaration,
    line: HeardLine | None = None,
    gateway: Any = None,
    **inputs: Any,
) -> Work:
    async def story() -> Work:
        environment = {"MODEL_KEY": SECRET, "PATH": os.environ["PATH"]}
        made = KIND.make(agent, a_workshop(root, environment, gateway))
        given = inputs or {"prompt": "Say hello."}
        return await made.perform(assignment(given), line or HeardLine())

    return run(story(), SECONDS)


def failure(root: Path, agent: Declaration, **more: Any) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as caught:
        work(root, agent, **more)
    return caught.value


def answering(**fields: Any) -> Reply:
    return Reply(calls=(ToolCall("answer", fields),))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_model_answers_in_text_that_is_shown_and_counted(tmp_path: Path, provider: str) -> None:
    line = HeardLine()
    with serving(Reply("Hello there.\nHow are you?", pieces=6)) as server:
        done = work(tmp_path, declared(server, provider), line)
    assert done.output == "Hello there.\nHow are you?"
    assert line.text == "Hello there.\nHow are you?"
    used = line.used
    assert (used.input_tokens, used.cached_tokens, used.output_tokens) == (100, 40, 20)
    assert line.usages[0][0] == "scripted"
    (admitted,) = line.admitted
    assert admitted[0] == "scripted"
    assert admitted[1] >= used.input_tokens
    assert admitted[2] == 16_384
    assert SECRET in server.authorizations[0]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_takes_the_declared_form(tmp_path: Path, provider: str) -> None:
    with serving(answering(fits=True, note="well")) as server:
        done = work(tmp_path, declared(server, provider, output=REVIEW))
    assert done.output == {"fits": True, "note": "well"}


def test_an_answer_that_does_not_fit_is_repaired(tmp_path: Path) -> None:
    line = HeardLine()
    script = (answering(fits="yes", note="well"), answering(fits=True, note="well"))
    with serving(*script) as server:
        done = work(tmp_path, declared(server, output=REVIEW), line)
    assert done.output["fits"] is True
    assert "not a boolean" in server.requests[1]["messages"][-1]["content"]
    assert line.used.input_tokens == 200
    assert len(line.admitted) == 2


def test_repair_is_bounded(tmp_path: Path) -> None:
    with serving(answering(fits="yes", note="")) as server:
        agent = declared(server, output=REVIEW, settings={"repairs": 1})
        assert failure(tmp_path, agent).code == "model.bad_output"
    assert len(server.requests) == 2


def test_a_list_is_asked_for_as_a_field(tmp_path: Path) -> None:
    shape = Shape("list", items=Shape("integer"))
    with serving(answering(answer=[1, 2])) as server:
        assert work(tmp_path, declared(server, output=shape)).output == [1, 2]


def test_a_form_can_be_asked_for_in_words(tmp_path: Path) -> None:
    with serving(Reply('{"fits": false, "note": "no"}')) as server:
        agent = declared(server, output=REVIEW, settings={"structured": "prompt"})
        assert work(tmp_path, agent).output == {"fits": False, "note": "no"}


def test_settings_reach_the_endpoint(tmp_path: Path) -> None:
    settings = {"temperature": 0.2, "seed": 7, "output_tokens_max": 99, "instructions": "Be kind."}
    with serving(Reply("ok")) as server:
        work(tmp_path, declared(server, settings=settings), prompt="Go.", size=3)
    (body,) = server.requests
    assert (body["temperature"], body["seed"]) == (0.2, 7)
    assert body["max_tokens"] == 99
    assert "Be kind." in str(body["messages"])
    assert '"size": 3' in body["messages"][-1]["content"]


def test_a_busy_endpoint_is_asked_again(tmp_path: Path) -> None:
    line = HeardLine()
    with serving(Reply("slow down", status=429), Reply("ok")) as server:
        assert work(tmp_path, declared(server), line).output == "ok"
    assert "retrying in 0.5 s" in line.text
    assert len(line.admitted) == 2
    assert line.used.input_tokens == 100


def test_an_endpoint_is_not_asked_for_ever(tmp_path: Path) -> None:
    with serving(Reply("down", status=500)) as server:
        error = failure(tmp_path, declared(server, settings={"tries": 2}))
    assert (error.code, error.retryable) == ("model.unavailable", True)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "model.sign_in"), (404, "model.unknown"), (400, "model.refused")],
)
def test_a_refusal_is_not_tried_again(tmp_path: Path, status: int, code: str) -> None:
    with serving(Reply(f"no, {SECRET}", status=status)) as server:
        error = failure(tmp_path, declared(server))
    assert (error.code, error.retryable) == (code, False)
    assert SECRET not in error.reason
    assert len(server.requests) == 1


def test_a_budget_stops_a_call_before_it_is_made(tmp_path: Path) -> None:
    line = HeardLine()
    line.tokens_max = 100
    with serving(Reply("ok")) as server:
        assert failure(tmp_path, declared(server), line=line).code == "budget.exceeded"
    assert server.requests == []


def test_a_stream_that_breaks_off_counts_all_the_same(tmp_path: Path) -> None:
    line = HeardLine()
    with serving(Reply("Hello there, this is long.", pieces=8, cut_after=4)) as server:
        error = failure(tmp_path, declared(server), line=line)
    assert error.code == "model.unavailable"
    assert line.used.input_tokens > 0
    assert line.used.cost is None


def test_cancelling_lets_go_of_the_stream_and_counts_it(tmp_path: Path) -> None:
    line = HeardLine()

    async def story(server: ModelServer) -> None:
        made = KIND.make(declared(server), a_workshop(tmp_path, {"MODEL_KEY": SECRET}))
        task = asyncio.ensure_future(made.perform(assignment({"prompt": "Go."}), line))
        await line.spoke.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with serving(Reply("one\ntwo\nthree", pieces=10, piece_seconds=0.2)) as server:
        run(story(server), SECONDS)
    assert line.used.tokens > 0


def test_a_call_that_is_cancelled_before_its_answer_counts_all_the_same(tmp_path: Path) -> None:
    line = HeardLine()

    async def story(server: ModelServer) -> None:
        made = KIND.make(declared(server), a_workshop(tmp_path, {"MODEL_KEY": SECRET}))
        task = asyncio.ensure_future(made.perform(assignment({"prompt": "Go."}), line))
        await asyncio.to_thread(arrived.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    arrived = threading.Event()

    def answer(request: Request) -> Reply:
        arrived.set()
        return Reply("late", seconds=30)

    with serving(answer) as server:
        run(story(server), SECONDS)
    assert line.used.input_tokens > 0
    assert line.used.cost is None


def test_turns_are_limited(tmp_path: Path) -> None:
    reply = Reply(calls=(ToolCall("files__list", {}),))
    with serving(reply) as server:
        agent = declared(server, limits=Limits(turns_max=2))
        error = failure(tmp_path, agent, prompt="Go.", tools=["files.list"], repository="/tmp")
    assert error.code == "model.too_much"
    assert len(server.requests) == 2


def gemini(url: str, **more: Any) -> Declaration:
    settings = {"provider": "google", "url": url, "key": "MODEL_KEY", "seed": 3}
    return Declaration("m", "model", settings, model="scripted", **more)


def test_gemini_answers_in_text(tmp_path: Path) -> None:
    line = HeardLine()
    with serving_gemini(lambda body: [{"text": "Hello\nthere."}]) as server:
        done = work(tmp_path, gemini(server.url), line)
    assert done.output == line.text == "Hello\nthere."
    used = line.used
    assert (used.input_tokens, used.cached_tokens, used.output_tokens) == (100, 40, 20)
    assert server.keys == [SECRET]
    config = server.requests[0]["generationConfig"]
    assert (config["maxOutputTokens"], config["seed"]) == (16_384, 3)


def test_gemini_answers_in_the_declared_form(tmp_path: Path) -> None:
    call = {"functionCall": {"name": "answer", "args": {"fits": True, "note": "well"}}}
    with serving_gemini(lambda body: [call]) as server:
        done = work(tmp_path, gemini(server.url, output=REVIEW))
    assert done.output == {"fits": True, "note": "well"}


def test_gemini_proves_that_it_answers(tmp_path: Path) -> None:
    with serving_gemini(lambda body: [{"text": "ready"}]) as server:
        shop = a_workshop(tmp_path, {"MODEL_KEY": SECRET})
        proof = run(KIND.prove(gemini(server.url), shop, round_trip=True), SECONDS)
    assert "ready" in proof.said
    assert proof.spent_tokens == 120


# Tools.


def test_a_model_has_no_tools_that_its_step_does_not_name(tmp_path: Path) -> None:
    with serving(Reply("ok")) as server:
        work(tmp_path, declared(server, settings={"servers": {"t": {"argv": ["x"]}}}))
    assert not server.requests[0].get("tools")


def test_a_model_reads_files_below_the_repository_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "a.txt").write_text("the answer is 42\n")
    (tmp_path / "outside.txt").write_text("not this\n")
    script = (
        Reply(calls=(ToolCall("files__read", {"path": "../outside.txt"}),)),
        Reply(calls=(ToolCall("files__search", {"text": "answer"}),)),
        Reply(calls=(ToolCall("files__read", {"path": "a.txt"}),)),
        Reply("42"),
    )
    with serving(*script) as server:
        done = work(
            tmp_path,
            declared(server),
            prompt="What is it?",
            tools=["files.read", "files.search"],
            repository=str(tmp_path / "repo"),
        )
    assert done.output == "42"
    last = str(server.requests[-1])
    assert "does not lie in" in last
    assert "a.txt:1: the answer is 42" in last
    assert "not this" not in last


def test_a_model_calls_the_tool_of_a_server_where_that_is_allowed(tmp_path: Path) -> None:
    tool_server = str(Path(__file__).parent / "tool_server.py")
    settings = {"servers": {"t": {"argv": [sys.executable, tool_server]}}}
    line = HeardLine(lambda action: Verdict(is_allowed=action.detail["arguments"]["a"] == 2))

    def second(request: Request) -> Reply:
        return Reply(calls=(ToolCall("t__add", {"a": 2, "b": 3}),))

    script = (Reply(calls=(ToolCall("t__add", {"a": 1, "b": 1}),)), second, Reply("5"))
    with serving(*script) as server:
        agent = declared(server, settings=settings)
        assert work(tmp_path, agent, line, prompt="Add.", tools=["t.add"]).output == "5"
    assert "was denied" in str(server.requests[1])
    assert "5" in server.requests[2]["messages"][-1]["content"]
    assert [each.title for each in line.asked] == ["The model calls t.add"] * 2


@pytest.mark.parametrize("name", ["files.write", "other.tool", "files.read"])
def test_a_tool_that_cannot_be_given_is_refused(tmp_path: Path, name: str) -> None:
    with serving(Reply("ok")) as server:
        error = failure(tmp_path, declared(server), prompt="Go.", tools=[name])
    assert error.code == "model.no_tool"
    assert server.requests == []


# The gateway.


class Lending:
    """A gateway that lends the address of a scripted endpoint."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.models: tuple[str, ...] = ()

    @contextmanager
    def access(
        self, assignment: Assignment, line: Line, *, models: tuple[str, ...] = ()
    ) -> Iterator[Access]:
        self.models = models
        yield Access(self.url, "lent-key")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_behind_a_gateway_nothing_is_counted_twice(tmp_path: Path, provider: str) -> None:
    line = HeardLine()
    with serving(Reply("ok")) as server:
        gateway = Lending(server.origin)
        settings = {"url": "http://127.0.0.1:1/v1"}
        agent = declared(server, provider, settings=settings)
        assert work(tmp_path, agent, line, gateway).output == "ok"
    assert (line.admitted, line.usages) == ([], [])
    assert gateway.models == ("scripted",)
    assert "lent-key" in server.authorizations[0]


# What it says of itself.


def test_a_card_tells_what_a_call_can_spend() -> None:
    agent = Declaration("m", "model", {"url": "http://localhost/v1"}, model="x")
    card = KIND.card(agent)
    assert card.spending is not None
    assert card.spending.by_call
    assert (card.risk, card.effects) == ("read", ("calls_model",))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_model_proves_that_it_answers(tmp_path: Path, provider: str) -> None:
    with serving(Reply("ready")) as server:
        shop = a_workshop(tmp_path, {"MODEL_KEY": SECRET})
        proof = run(KIND.prove(declared(server, provider), shop, round_trip=True), SECONDS)
    assert "ready" in proof.said
    assert proof.spent_tokens == 120


def test_a_model_that_the_endpoint_does_not_have_is_no_proof(tmp_path: Path) -> None:
    shop = a_workshop(tmp_path, {"MODEL_KEY": SECRET})
    with serving(Reply("ok"), models=("other",)) as server, pytest.raises(AttemptFailed) as caught:
        run(KIND.prove(declared(server), shop, round_trip=False), SECONDS)
    assert "other" in caught.value.hint


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    settings = {"provider": "openai"}
    agent = Declaration("m", "model", settings, model="x")
    with pytest.raises(AttemptFailed, match="OPENAI_API_KEY"):
        run(KIND.prove(agent, a_workshop(tmp_path), round_trip=False), SECONDS)


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        ({}, "x"),
        ({"url": "http://localhost"}, ""),
        ({"url": "http://localhost", "temperature": 9}, "x"),
        ({"url": "http://localhost", "servers": {"files": {"argv": ["a"]}}}, "x"),
        ({"url": "http://localhost", "servers": {"t": {}}}, "x"),
        ({"provider": "nobody"}, "x"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], model: str) -> None:
    with pytest.raises(Rejected, match="'m'"):
        KIND.card(Declaration("m", "model", settings, model=model))
