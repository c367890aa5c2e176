"""The program that starts a product tells one that answers from one that does not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BOOT = Path(__file__).parents[2] / "src/missioncontrol/specialists/tester/boot.py"
SERVER = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

STORE = Path("store.json") if sys.argv[1] == "remembers" else None
rows = json.loads(STORE.read_text()) if STORE and STORE.exists() else []

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, rows if self.path == "/things" else {"status": "ok"})

    def do_POST(self):
        rows.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        if sys.argv[1] == "hangs up":
            return
        if STORE:
            STORE.write_text(json.dumps(rows))
        self.answer(500 if sys.argv[1] == "fails" else 201, rows[-1])

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

if sys.argv[1] == "stays":
    signal.alarm(60)
    if os.fork():
        signal.pause()
    os.setsid()
    signal.alarm(30)
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
REQUESTS = [
    {"method": "POST", "path": "/things", "body": {"name": "a"}},
    {"method": "GET", "path": "/things", "body": None},
]


def boot(place: Path, **asked: Any) -> tuple[int, str]:
    nothing = {"start": [], "port_variable": "", "health": "/healthz", "requests": [], "calls": []}
    (place / "boot.json").write_text(json.dumps({**nothing, **asked}))
    # A pipe would be waited for until a server that stays behind closes it.
    with (place / "output.txt").open("w+") as output:
        done = subprocess.run(
            [sys.executable, "-I", BOOT, place / "boot.json"],
            cwd=place,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=100,
            check=False,
        )
        output.seek(0)
        return done.returncode, output.read()


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("remembers", 0, "The product starts and answers."),
        ("forgets", 1, "FAILED: GET /things answers otherwise after a restart"),
        ("fails", 1, "FAILED: POST /things answers 500"),
        ("hangs up", 1, "FAILED: POST /things is not answered: Remote end closed"),
        ("stays", 1, "FAILED: the server goes on listening after it was stopped"),
    ],
)
def test_a_server_has_to_answer_and_to_remember(
    tmp_path: Path, how: str, code: int, words: str
) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    start = ["python", "server.py", how]
    found, out = boot(tmp_path, start=start, port_variable="PORT", requests=REQUESTS)
    assert (found, words in out) == (code, True), out


def test_a_server_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    code, out = boot(tmp_path, start=["python", "-c", "raise SystemExit(3)"], port_variable="PORT")
    assert code == 1
    assert "FAILED: the server ended with exit code 3" in out


@pytest.mark.parametrize(
    ("program", "code", "words"),
    [
        ("print(7)", 0, "The product starts and answers."),
        ("raise SystemExit('no data')", 1, "FAILED: exit code 1: no data"),
        ("import time; print(time.time_ns())", 1, "does not answer twice alike"),
        ("", 1, "does not answer twice alike"),
    ],
)
def test_a_program_has_to_answer_twice_alike(
    tmp_path: Path, program: str, code: int, words: str
) -> None:
    call = ["python", "-c", program]
    found, out = boot(tmp_path, start=["python", "--version"], calls=[call])
    assert (found, words in out) == (code, True), out
