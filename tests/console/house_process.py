"""A home that `mission up` holds in processes of its own, with a little of everything in it."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from missioncontrol.adapters.home import Home
from missioncontrol.adapters.os_user import os_user
from missioncontrol.domain.principal import PERMISSIONS
from missioncontrol.interfaces.control import Ask, ask_engine
from tests import prefork
from tests.cli.command import environment
from tests.console.running import FAILING, GREETING

READY = re.compile(r"The console is at (http://\S+);")
SECONDS_MAX = 60.0
ROOM = "[limits]\naddress_per_second = 10000.0\ntoken_per_second = 10000.0\n"
"""A test sends more requests than any user with access."""

PASSWORD = "correct horse battery"

GUARDED = """\
name: guarded
steps:
  publish:
    agent: command
    effects: [pushes]
    with: {argv: [echo, published]}
"""


class HouseProcess:
    """`mission up` on one home, and what a program needs to speak with its console."""

    def __init__(self, root: Path) -> None:
        """Nothing runs before `up`."""
        self.home = Home(root)
        self.url = ""
        self.token = ""
        self._said = root.parent / "said"
        self._process: subprocess.Popen[bytes] | None = None

    def up(self, *options: str) -> None:
        """Start engine and console, and wait until the console answers."""
        with self._said.open("wb") as log_file:
            self._process = prefork.start(
                ["up", "--home", str(self.home.root), "--port", "0", *options],
                env=environment(None, MISSION_CONSOLE="on"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log_file,
                start_new_session=True,
            )
        latest = time.monotonic() + SECONDS_MAX
        while not (found := READY.search(self._said.read_text())):
            assert self._process.poll() is None, self._said.read_text()
            assert time.monotonic() < latest, self._said.read_text()
            time.sleep(0.05)
        self.url = found[1]

    def engine(self) -> psutil.Process:
        """Return the process that holds the home."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def console(self) -> psutil.Process:
        """Return the process that answers requests."""
        for child in self.engine().children(recursive=True):
            if "missioncontrol.console" in child.cmdline():
                return child
        raise AssertionError("there is no console")

    def issue_token(self, *scopes: str) -> str:
        """Issue a token for the owner of the home, by default one that may do everything."""
        holder = self.home.holder()
        assert holder is not None
        asked = {"name": "test", "scopes": list(scopes) or sorted(PERMISSIONS), "seconds": 3_600.0}
        question = Ask(holder.token, "token.issue", asked, f"user:{os_user()}")
        answer = ask_engine(holder.socket, question)
        assert not answer.code, answer
        self.token = answer.data["token"]
        return self.token

    def client(self) -> httpx.Client:
        """Return a client with the token."""
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)

    def kill(self) -> None:
        """End the engine as a power cut does; its console goes with it."""
        assert self._process is not None
        console = self.console()
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=SECONDS_MAX)
        psutil.wait_procs([console], timeout=SECONDS_MAX)

    def close(self) -> None:
        """End it as Ctrl-C does."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@contextmanager
def house_process(root: Path) -> Iterator[HouseProcess]:
    """Hold a home under `root`, and end what was started."""
    home = root / "home"
    home.mkdir(mode=0o700)
    (home / "console.toml").write_text(ROOM)
    house = HouseProcess(home)
    try:
        house.up()
        house.issue_token()
        yield house
    finally:
        house.close()


def asked(client: httpx.Client, verb: str, arguments: Mapping[str, Any]) -> Any:
    """Have the engine do something, and return its answer."""
    answer = client.post(f"/asks/{verb}", json=dict(arguments))
    assert answer.status_code == 200, answer.text
    return answer.json()["answer"]


def furnish(client: httpx.Client) -> dict[str, list[str]]:
    """Put a little of everything into a home; return the names of it, by what it is."""
    for text in (GREETING, GUARDED):
        asked(client, "SaveWorkflow", {"text": text, "file": "workflow.yaml"})
    done = asked(client, "run.start", {"workflow": "greeting"})["run"]
    failed = asked(client, "run.start", FAILING)["run"]
    held = asked(client, "run.start", {"workflow": "guarded"})["run"]
    for run in (done, failed):
        _until(client, run, lambda row: bool(row["ended"]))
    nightly = {"name": "nightly", "workflow": "greeting", "cron": "0 3 * * *"}
    asked(client, "schedule.add", nightly)
    declared = {"kind": "command", "settings": {"argv": ["echo", "done"]}}
    asked(client, "agent.add", {"name": "helper", "declared": declared})
    asked(client, "user.add", {"name": "bob", "roles": ["viewer"]})
    goal = {"goal": {"text": "Tidy the shed"}, "execute": False, "concurrency": 1}
    seconds = {"plan_seconds_max": 60, "task_seconds_max": 60}
    mission = asked(client, "BeginMission", {**goal, **seconds})["mission"]
    return {
        "run": [done, failed, held],
        "mission": [mission],
        "workflow": ["greeting", "guarded"],
        "approval": _approvals(client),
        "schedule": ["nightly"],
        "agent": ["helper"],
        "user": ["bob"],
        "step": ["greet", "check", "close", "publish"],
        "digest": _digests(client, done),
    }


def _until(client: httpx.Client, run: str, holds: Any) -> None:
    latest = time.monotonic() + SECONDS_MAX
    # The rows follow a moment after the log: until then there is none of this run.
    while (row := client.get(f"/record/runs/{run}")).status_code == 404 or not holds(row.json()):
        assert time.monotonic() < latest, row.text
        time.sleep(0.05)


def _approvals(client: httpx.Client) -> list[str]:
    latest = time.monotonic() + SECONDS_MAX
    while not (rows := client.get("/record/listed/approval").json()):
        assert time.monotonic() < latest, "nothing waits"
        time.sleep(0.05)
    return [row["id"] for row in rows]


def _digests(client: httpx.Client, run: str) -> list[str]:
    """Return the digests of what a run left."""
    rows = client.get("/artifacts", params={"run": run}).json()["items"]
    return sorted({row["digest"] for row in rows}) or ["0" * 64]


def begun_for_ann(house: HouseProcess) -> str:
    """Begin a run as the owner that waits for another person; return a token of `ann`."""
    with house.client() as client:
        asked(client, "SaveWorkflow", {"text": GUARDED, "file": "guarded.yaml"})
        asked(client, "user.add", {"name": "ann", "roles": ["approver"]})
        invited = asked(client, "user.invite", {"name": "ann"})["invitation"]
        assert client.post("/runs", json={"workflow": "guarded"}).status_code == 201
    return _token(house, invited)


def _token(house: HouseProcess, invitation: str) -> str:
    """Choose a password as ann, and issue her a token."""
    headers = {"origin": house.url, "accept": "text/html", "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=house.url, headers=headers, follow_redirects=True) as ann:
        form = {"token": invitation, "password": PASSWORD, "again": PASSWORD}
        page = ann.post("/sign-in/invited", data=form)
        [csrf] = re.findall(r'<meta name="csrf" content="([^"]+)"', page.text)
        wanted = {"name": "test", "scopes": ["read", "approve"]}
        extra = {"x-csrf-token": csrf, "accept": "application/json"}
        answer = ann.post("/api/v1/tokens", json=wanted, headers=extra)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token
