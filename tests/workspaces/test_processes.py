"""`mission up --root` as it really runs: an engine for each workspace, and one console."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil

from missioncontrol.adapters.home import Home
from missioncontrol.adapters.os_user import os_user
from missioncontrol.domain.principal import Asking
from missioncontrol.interfaces.control import Ask, ask_engine
from tests import prefork
from tests.cli.command import environment, mission
from tests.console.running import GREETING

READY = re.compile(r"The console is at (http://\S+); this signs you in to all, once: (\S+)")
SECONDS_MAX = 90.0
NAMES = ("ops", "sales")


def until(holds: Callable[[], Any], what: str) -> Any:
    """Return what `holds` returns, once it is true."""
    latest = time.monotonic() + SECONDS_MAX
    while not (found := holds()):
        assert time.monotonic() < latest, what
        time.sleep(0.05)
    return found


def listens(home: Home) -> bool:
    """Whether an engine holds a data directory and answers there."""
    holder = home.holder()
    return holder is not None and bool(holder.socket)


def answers(place: str) -> bool:
    """Whether a workspace is open to who signs in."""
    return httpx.get(place, timeout=30).status_code == 401


@contextmanager
def serving(root: Path) -> Iterator[tuple[str, str]]:
    """Serve two workspaces; give the address of the console, and the link for the owner."""
    for name in NAMES:
        mission(None, "workspace", "create", name, "--root", str(root))
    said = root.parent / "said"
    with said.open("wb") as log_file:
        process = prefork.start(
            ["up", "--root", str(root), "--port", "0"],
            env=environment(None, MISSION_CONSOLE="on"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log_file,
            start_new_session=True,
        )
    children: list[psutil.Process] = []
    try:
        found = until(lambda: READY.search(said.read_text()), said.read_text())
        for name in NAMES:
            until(partial(listens, Home(root / name)), said.read_text())
        url = found[1]
        for name in NAMES:
            until(partial(answers, f"{url}/w/{name}/api/v1/me"), said.read_text())
        children = psutil.Process(process.pid).children(recursive=True)
        yield url, found[2]
    finally:
        process.terminate()
        process.wait(timeout=SECONDS_MAX)
        _, alive = psutil.wait_procs(children, timeout=SECONDS_MAX)
        assert alive == []


def token(home: Home) -> dict[str, str]:
    """Return the header of a token of the owner of a workspace."""
    holder = home.holder()
    assert holder is not None
    asked = {"name": "t", "scopes": ["read", "operate"], "seconds": 3_600.0}
    answer = ask_engine(holder.socket, Ask(holder.token, "token.issue", asked, f"user:{os_user()}"))
    return {"authorization": f"Bearer {answer.data['token']}"}


def test_the_end_of_one_engine_leaves_the_others_at_work(tmp_path: Path) -> None:
    root = tmp_path / "root"
    ops, sales = Home(root / "ops"), Home(root / "sales")
    with serving(root) as (url, link), httpx.Client(base_url=url, timeout=60) as client:
        mine, theirs = token(sales), token(ops)
        holder = ops.holder()
        assert holder is not None
        # The engine believes the console about who signed in, and no other process.
        claim = Asking("r1", ("stop",), "password", "session-1", "127.0.0.1")
        ask = Ask(holder.token, "StopAll", {"reason": "x"}, "user:ada", claim)
        assert ask_engine(holder.socket, ask).code == "control.not_the_console"
        psutil.Process(holder.pid).kill()
        # Held by this test, so that the engine that is started again can't take it.
        until(lambda: held(ops), "the directory stays locked")
        down = client.post("/w/ops/api/v1/runs", json={"workflow": "x"}, headers=theirs)
        assert (down.status_code, down.json()["code"]) == (503, "console.no_engine")
        assert "mission workspace start ops" in down.json()["hint"]
        browser = httpx.Client(base_url=url, headers={"accept": "text/html"}, timeout=60)
        with browser:
            assert browser.get(link).status_code == 303
            home = browser.get("/").text
            assert "ops has no engine at work." in home
            assert "The engine of ops is down" in browser.get("/w/ops/inbox").text
            assert "is down" not in browser.get("/w/sales/inbox").text
        saved = client.post("/w/sales/api/v1/workflows", json={"text": GREETING}, headers=mine)
        assert saved.is_success, saved.text
        asked = {"workflow": "greeting", "inputs": {"name": "x"}}
        run = client.post("/w/sales/api/v1/runs", json=asked, headers=mine).json()["run"]
        place = f"/w/sales/api/v1/runs/{run}"
        until(lambda: client.get(place, headers=mine).json()["status"] == "succeeded", run)
        ops.release()
        assert mission(None, "workspace", "start", "ops", "--root", str(root)).returncode == 0
        until(lambda: listens(ops), "the engine does not start again")
        saved = client.post("/w/ops/api/v1/workflows", json={"text": GREETING}, headers=theirs)
        assert saved.is_success, saved.text


def held(home: Home) -> bool:
    """Take a data directory for this process, as an engine that answers nothing."""
    try:
        home.hold()
    except Exception:  # noqa: BLE001 - the engine that was started again was faster
        holder = home.holder()
        if holder is not None and holder.pid:
            psutil.Process(holder.pid).kill()
        return False
    return True
