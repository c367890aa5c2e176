"""Peers that speak the Agent2Agent protocol as agents, with a real one in another process."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.a2a.kind import A2aKind
from missioncontrol.adapters.agents.a2a.peers import CARD_BYTES_MAX
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed, Verdict
from tests.agents.heard import SECRET, HeardLine, a_workshop, assignment, run
from tests.agents.service import Reply, Service, always
from tests.agents.service import serving as answering

pytestmark = pytest.mark.journey

KIND = A2aKind()
PEER = str(Path(__file__).parent / "small_peer.py")
SECONDS = 30.0


@contextmanager
def serving(*more: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, PEER, str(port), *more]) as process:
        try:
            for _ in range(1000):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as address:
        yield address


def declared(url: str, output: Shape | None = None, **settings: Any) -> Declaration:
    given = {"url": url, "poll_seconds": 0.05, **settings}
    return Declaration("p", "a2a", given, output=output or Shape())


def work(root: Path, agent: Declaration, line: HeardLine | None = None, **inputs: Any) -> Work:
    async def story() -> Work:
        made = KIND.make(agent, a_workshop(root, {"PEER_KEY": SECRET}))
        return await made.perform(assignment(inputs), line or HeardLine())

    return run(story(), SECONDS)


def failure(root: Path, agent: Declaration, **more: Any) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as caught:
        work(root, agent, **more)
    return caught.value


@pytest.mark.parametrize("streaming", [True, False])
def test_a_peer_answers_with_data(tmp_path: Path, url: str, streaming: bool) -> None:
    shape = Shape("object", {"sum": Shape("integer")})
    line = HeardLine()
    done = work(tmp_path, declared(url, shape, streaming=streaming), line, a=2, b=3)
    assert done.output == {"sum": 5}
    assert line.kept == {"sum.json": b'{"sum":5}'}


def test_what_a_peer_hands_back_is_shown_and_kept(tmp_path: Path, url: str) -> None:
    line = HeardLine()
    done = work(tmp_path, declared(url), line, prompt="write a tale")
    assert done.output == "Once upon a time."
    assert line.kept == {"tale.txt": b"Once upon a time.", "-cover.png": b"\x89PNG"}
    assert [each.media_type for each in done.artifacts] == ["text/plain", "image/png"]
    assert "It takes a while." in line.text


@pytest.mark.parametrize("streaming", [True, False])
def test_a_question_of_the_peer_reaches_a_person(tmp_path: Path, url: str, streaming: bool) -> None:
    line = HeardLine(lambda action: Verdict(is_allowed=True, answer={"answer": "red"}))
    done = work(tmp_path, declared(url, streaming=streaming), line, prompt="ask me")
    assert done.output == "It is red."
    (asked,) = line.asked
    assert (asked.kind, asked.title) == ("question", "Which colour?")


def test_a_question_that_nobody_answers_ends_the_task(tmp_path: Path, url: str) -> None:
    before = work(tmp_path, declared(url), prompt="cancelled").output
    error = failure(tmp_path, declared(url), prompt="ask me")
    assert (error.code, error.retryable) == ("a2a.declined", False)
    assert work(tmp_path, declared(url), prompt="cancelled").output == before + 1


@pytest.mark.parametrize(
    ("word", "code", "retryable"),
    [
        ("fail", "a2a.failed", True),
        ("reject", "a2a.rejected", False),
        ("sign", "a2a.sign_in", False),
    ],
)
def test_a_task_that_ends_badly_has_failed(
    tmp_path: Path, url: str, word: str, code: str, retryable: bool
) -> None:
    error = failure(tmp_path, declared(url), prompt=word)
    assert (error.code, error.retryable) == (code, retryable)
    assert error.detail["task"]


def test_cancelling_tells_the_peer(tmp_path: Path, url: str) -> None:
    before = work(tmp_path, declared(url), prompt="cancelled").output
    line = HeardLine()

    async def story() -> None:
        made = KIND.make(declared(url), a_workshop(tmp_path))
        task = asyncio.ensure_future(made.perform(assignment({"prompt": "wait"}), line))
        await line.spoke.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story(), SECONDS)
    assert work(tmp_path, declared(url), prompt="cancelled").output == before + 1


def test_an_answer_that_does_not_fit_is_refused(tmp_path: Path, url: str) -> None:
    shape = Shape("object", {"sum": Shape("string")})
    error = failure(tmp_path, declared(url, shape), a=2, b=3)
    assert error.code == "a2a.bad_output"


def test_a_peer_that_is_not_there_is_lost(tmp_path: Path) -> None:
    error = failure(tmp_path, declared("http://127.0.0.1:1"), prompt="x")
    assert (error.code, error.retryable) == ("a2a.lost", True)


def test_a_card_that_leads_to_another_host_is_not_followed(tmp_path: Path) -> None:
    with serving("elsewhere") as url:
        error = failure(tmp_path, declared(url), prompt="x")
    assert (error.code, error.retryable) == ("a2a.other_host", False)


# Peers that lie.


def lying(*events: dict[str, Any], asked_after: Any = None) -> Callable[..., Reply]:
    """Return what a peer answers whose stream holds these events, and what it says later."""

    def answer(service: Service, request: dict[str, Any]) -> Reply:
        if request["method"] == "GET":
            interface = {"protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
            interfaces = [{"url": f"{service.url}/rpc", **interface}]
            can = {"streaming": True}
            card = {"name": "liar", "version": "1", "capabilities": can}
            return 200, {}, {**card, "supportedInterfaces": interfaces}
        asked = json.loads(request["body"])
        frame = {"jsonrpc": "2.0", "id": asked["id"]}
        if asked["method"] != "SendStreamingMessage":
            return 200, {}, {**frame, "result": asked_after}
        lines = (b"data: " + json.dumps({**frame, "result": e}).encode() + b"\n\n" for e in events)
        return 200, {"Content-Type": "text/event-stream"}, b"".join(lines)

    return answer


def task(state: str, name: str = "t1") -> dict[str, Any]:
    return {"id": name, "contextId": "c", "status": {"state": f"TASK_STATE_{state}"}}


def status(state: str, name: str = "t1") -> dict[str, Any]:
    update = {"taskId": name, "contextId": "c", "status": {"state": f"TASK_STATE_{state}"}}
    return {"statusUpdate": update}


def test_what_has_ended_stays_ended_whatever_else_is_said(tmp_path: Path) -> None:
    events = {"task": task("WORKING")}, status("COMPLETED"), status("FAILED")
    with answering(lying(*events)) as service:
        assert work(tmp_path, declared(service.url), prompt="x").output == ""


def test_what_is_told_of_another_task_is_not_for_us(tmp_path: Path) -> None:
    begun = {"task": task("WORKING")}
    for peer in (
        lying(begun, status("COMPLETED", "t2")),
        lying(begun, asked_after=task("COMPLETED", "t2")),
    ):
        with answering(peer) as service:
            error = failure(tmp_path, declared(service.url), prompt="x")
        assert (error.code, error.retryable) == ("a2a.other_task", False)
        assert "'t2' instead of 't1'" in error.reason


@pytest.mark.parametrize("reply", [None, "x", {"status": 5}])
def test_an_answer_of_another_form_is_a_peer_that_is_lost(tmp_path: Path, reply: Any) -> None:
    with answering(lying({"task": task("WORKING")}, asked_after=reply)) as service:
        error = failure(tmp_path, declared(service.url), prompt="x")
    assert (error.code, error.retryable) == ("a2a.lost", True)


def test_a_card_without_an_end_is_not_read(tmp_path: Path) -> None:
    with answering(always(b"x" * (CARD_BYTES_MAX + 1))) as service:
        error = failure(tmp_path, declared(service.url), prompt="x")
    assert (error.code, error.retryable) == ("a2a.too_much", False)


def test_a_peer_proves_itself_by_its_card(tmp_path: Path, url: str) -> None:
    proof = run(KIND.prove(declared(url), a_workshop(tmp_path), round_trip=True), SECONDS)
    assert proof.version == "small 0.1"
    assert "Telling" in proof.said


@pytest.mark.parametrize(
    "settings",
    [{}, {"url": "ftp://x"}, {"url": "http://a:b@x"}, {"url": "http://x", "poll_seconds": 0}],
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="'p'"):
        KIND.card(Declaration("p", "a2a", settings))
