"""The attempts of a step's program that cleared its environment: argv is HOME, OUT, MISSION.

It leaves its session and its parent, speaks to the engine with the secret from the file, and runs
commands. Each line of OUT is a try and what came of it.
"""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

HOME, OUT, PYTHON, SOURCE = Path(sys.argv[1]), Path(sys.argv[2]), sys.executable, sys.argv[3]
BARE = {"PATH": os.defpath, "PYTHONPATH": SOURCE, "HOME": str(OUT.parent)}
TERMINAL = {**BARE, "MISSION_HOME": str(HOME)}
SIGNATURE = {"repository": "r", "task": 1, "kind": "prd", "role": "product", "digest": "d"}
ASKING = {"request": "r1", "permissions": ["approve"], "way": "token", "credential": "t"}


CHANGES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("token.issue", {"name": "x", "scopes": ["approve"]}),
    ("user.add", {"name": "eve", "roles": ["admin"]}),
    ("user.invite", {"name": "root"}),
    ("StartAll", {"stage": "all"}),
    ("AnswerGiven", {"question": "question-1", "answer": "yes"}),
    ("ElevationWished", {"verb": "approve", "name": "command", "elevation": "e"}),
    ("SignOffAsked", SIGNATURE),
    ("agent.remove", {"name": "command"}),
    ("ChangeLimit", {"kind": "workspace", "name": "", "reason": "x", "starts": 9}),
    ("CapChange", {"scope": ["workspace"], "reason": "x"}),
    ("user.name_workspace", {"name": "mine"}),
)


def approval() -> str:
    """Return the approval that waits, as the log has it."""
    for _ in range(200):
        log = sqlite3.connect(f"file:{HOME}/log.db?mode=ro", uri=True)
        found = log.execute("select stream from events where type = 'approval_requested'")
        rows = found.fetchall()
        log.close()
        if rows:
            return str(rows[0][0])
        time.sleep(0.05)
    raise SystemExit("nothing waits")


def spoken(verb: str, arguments: Mapping[str, Any], asking: Any = None) -> Any:
    holder = json.loads((HOME / "engine.json").read_text())
    ask = {"token": holder["token"], "verb": verb, "arguments": arguments, "actor": "user:bob"}
    if asking:
        ask["asking"] = {**asking, "address": ""}
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(holder["socket"])
        line.sendall(json.dumps(ask).encode() + b"\n")
        return json.loads(line.makefile("rb").readline())


def command(*words: str, environment: Mapping[str, str]) -> Any:
    argv = [PYTHON, "-m", "missioncontrol", *words]
    done = subprocess.run(
        argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    return {"code": "" if done.returncode == 0 else done.stderr[-300:]}


def tries(name: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    decision = {"approval": name, "actor": "user:bob", "reason": "Looks fine"}
    yield "approve", lambda: spoken("Spoken", {**decision, "verb": "approve"})
    yield "approve, signed in", lambda: spoken("Spoken", {**decision, "verb": "approve"}, ASKING)
    once = {**ASKING, "way": "os"}
    yield "approve, by the system", lambda: spoken("Spoken", {**decision, "verb": "approve"}, once)
    yield "delegate", lambda: spoken("Spoken", {**decision, "verb": "delegate", "to": "carol"})
    yield "reject", lambda: spoken("Spoken", {**decision, "verb": "reject"})
    for number, (verb, arguments) in enumerate(CHANGES):
        yield f"{number} {verb}", partial(spoken, verb, arguments)
    approve = ("approvals", "approve", name, "--reason", "Looks fine", "--as", "bob")
    yield "mission approve", lambda: command(*approve, "--home", str(HOME), environment=BARE)
    yield "MISSION_HOME", lambda: command(*approve, environment=TERMINAL)
    yield "mission user token new", lambda: command("token", "new", "x", environment=TERMINAL)
    raised = ("budget", "set", "workspace", "--cost", "99", "--reason", "x")
    yield "mission budget set", lambda: command(*raised, environment=TERMINAL)


def main() -> None:
    with OUT.open("a") as out:
        for name, attempt in tries(approval()):
            try:
                answer = attempt()
            except Exception as error:  # noqa: BLE001 - any end of a try is an answer
                answer = {"code": type(error).__name__}
            out.write(json.dumps([name, answer.get("code", "")]) + "\n")
            out.flush()
        out.write(json.dumps(["end", "end"]) + "\n")


if os.fork() == 0:
    os.setsid()
    parent = os.getpid()
    if os.fork() == 0:
        while os.getppid() == parent:
            time.sleep(0.01)
        main()
    os._exit(0)
while not (OUT.exists() and '"end"' in OUT.read_text()):
    time.sleep(0.05)
