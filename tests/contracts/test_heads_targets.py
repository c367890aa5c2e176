"""Places that signed heads are sent to."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.adapters.heads_file import FileHeads, read_heads
from missioncontrol.adapters.heads_targets import heads_sent, heads_target
from missioncontrol.adapters.home import Home
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.log_heads import HeadsSent, SignedHead


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    return home


@pytest.fixture
def signed(home: Home) -> list[SignedHead]:
    heads = FileHeads(home.heads, home.key)
    return [heads.sign(Head(position, bytes(32)), 1.0) for position in (1, 2, 3)]


class Receiver(http.server.BaseHTTPRequestHandler):
    """Appends each posted body to `taken`, and answers `status`."""

    taken = b""
    status = 204

    def do_POST(self) -> None:
        type(self).taken += self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Receiver.taken, Receiver.status = b"", 204
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/secret-path"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_has_what_it_was_sent(home: Home, signed: list[SignedHead], tmp_path: Path) -> None:
    file = tmp_path / "vault.jsonl"
    target = heads_target(str(file), home)
    assert asyncio.run(target.newest()) is None
    asyncio.run(target.send(signed))
    assert read_heads(file) == signed
    assert asyncio.run(target.newest()) == signed[-1]


def test_a_file_that_cannot_be_written_says_so(home: Home, signed: list[SignedHead]) -> None:
    with pytest.raises(OSError, match="No such file or directory"):
        asyncio.run(heads_target("/nowhere/heads.jsonl", home).send(signed))


def test_what_a_webhook_gets_is_a_file_of_heads(
    home: Home, signed: list[SignedHead], address: str, tmp_path: Path
) -> None:
    target = heads_target(address, home)
    asyncio.run(target.send(signed[:2]))
    asyncio.run(target.send(signed[2:]))
    (tmp_path / "got.jsonl").write_bytes(Receiver.taken)
    assert read_heads(tmp_path / "got.jsonl") == signed
    assert "secret-path" not in target.name


def test_a_webhook_that_refuses_is_a_fault(
    home: Home, signed: list[SignedHead], address: str
) -> None:
    Receiver.status = 503
    with pytest.raises(OSError, match="503"):
        asyncio.run(heads_target(address, home).send(signed))


def test_what_a_webhook_has_is_remembered_for_its_address_alone(
    home: Home, signed: list[SignedHead], address: str
) -> None:
    from missioncontrol.adapters.heads_targets import SentFile

    SentFile(home.heads_sent, address).keep(HeadsSent("x", signed[-1]))
    assert asyncio.run(heads_target(address, home).newest()) == signed[-1]
    assert asyncio.run(heads_target(f"{address}/other", home).newest()) is None
    assert heads_sent(home) == HeadsSent("x", signed[-1])


@pytest.mark.parametrize(
    "target", ["", "ftp://host/x", "http://", "https://:80/", "http://host:99999/", "{home}/h", "/"]
)
def test_a_place_that_can_prove_nothing_is_refused(home: Home, target: str) -> None:
    with pytest.raises(Rejected) as no:
        heads_target(target.format(home=home.root), home)
    assert no.value.code == "heads.bad_target"
