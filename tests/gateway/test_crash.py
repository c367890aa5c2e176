"""A gateway that is killed in the middle of a call leaves nothing set aside, nor forgotten."""

import contextlib
import http.client
import socket
import threading
from pathlib import Path

import pytest

from missioncontrol.testing.scripted_models import Reply, Request, serving
from tests.cli.command import answer
from tests.cli.test_operating import up

pytestmark = pytest.mark.journey
ASKED = b'{"model":"gpt-5","max_completion_tokens":500,"messages":[]}'
RESERVED = len(ASKED) + 1_000 + 500  # a token for each byte, the provider's own words, the answer


def call(port: int, key: str) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.suppress(OSError, http.client.HTTPException):
        line.request("POST", "/v1/chat/completions", ASKED, {"Authorization": f"Bearer {key}"})
        line.getresponse()
    line.close()


def test_what_a_killed_gateway_had_set_aside_counts_as_used_with_the_next(tmp_path: Path) -> None:
    home, arrived = tmp_path / "home", threading.Event()
    home.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def slow(_: Request) -> Reply:
        arrived.set()
        return Reply("Too late.", seconds=60)

    with serving(slow) as models:
        (home / "gateway.toml").write_text(
            f'port = {port}\n[[upstreams]]\nname = "local"\nbase_url = "{models.url}"\n'
            'api = "openai"\n'
        )
        killed = up(home)
        answer(home, "budget", "set", "agent", "laptop", "--tokens", "90000", "--reason", "Ours")
        key = answer(home, "gateway", "issue", "laptop", "--agent", "laptop")["key"]
        caller = threading.Thread(target=call, args=(port, key))
        caller.start()
        assert arrived.wait(20)
        killed.kill()
        killed.wait(timeout=20)
        caller.join(timeout=20)
        after = up(home)
        cap = answer(home, "budget", "show", "agent", "laptop")[0]
        after.kill()
        after.wait(timeout=20)
    assert cap["reserved"]["tokens"] == 0
    assert cap["spent"]["tokens"] == RESERVED
