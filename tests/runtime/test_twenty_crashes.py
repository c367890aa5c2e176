"""Twenty times the engine is killed while programs work: nothing stays, nothing is done twice."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.processes import start_time
from missioncontrol.application.audit import verify
from tests.runtime.workshop import run

CRASHES = 20
CRASHES_OF_A_STAGE = 4
STAGES = CRASHES // CRASHES_OF_A_STAGE

PROGRAM = """
import os, pathlib, subprocess, sys, time
stage, place, token = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
sleep = ["tail", "-f", token]
silent = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
subprocess.Popen(sleep)
subprocess.Popen(sleep, process_group=0, **silent)
subprocess.Popen(sleep, start_new_session=True, **silent)
bare = subprocess.Popen(sleep, start_new_session=True, env={}, **silent)
subprocess.Popen(["sh", "-c", 'setsid "$@" &', "sh", *sleep], **silent).wait()
(place / f"begun-{stage}-{os.getpid()}").touch()
while not (place / f"release-{stage[-1]}").exists():
    time.sleep(0.02)
bare.kill()
with open(place / "done", "a") as done:
    print(stage, file=done)
print('"' + stage + '"')
"""
"""Begins five children: in its group, out of it, out of its session, without a mark, adopted.

The one without a mark can be found only while its parent is there, so it ends that one itself.
"""


def workflow(program: Path, place: Path, token: str) -> str:
    """Two programs in each stage: one of a declared agent, one that the step names itself."""
    lines = ["name: crashes", "steps:"]
    for number in range(STAGES):
        needs = f"[forged-{number - 1}, named-{number - 1}]" if number else "[]"
        argv = [sys.executable, str(program), f"named-{number}", str(place), token]
        lines += [
            f"  forged-{number}: {{agent: smith-{number}, needs: {needs}}}",
            f"  named-{number}:",
            "    agent: command",
            f"    with: {{argv: {argv}, writes: ['{place}']}}",
            f"    needs: {needs}",
        ]
    return "\n".join(lines)


class House:
    """A home, its engines, and what they left running."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.strangers: set[int] = set()
        self.place = root / "place"
        self.place.mkdir()
        self.token = str(self.place / "token")
        Path(self.token).touch()
        program = root / "program.py"
        program.write_text(PROGRAM)
        self.home = root / "home"
        self.environment = {
            "HOME": str(root),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path("src").resolve()),
            "MISSION_HOME": str(self.home),
        }
        (root / "crashes.yaml").write_text(workflow(program, self.place, self.token))
        for number in range(STAGES):
            argv = [sys.executable, str(program), f"forged-{number}", str(self.place), self.token]
            settings = [f"--set=argv={argv}".replace("'", '"')]
            settings.append(f'--set=writes=["{self.place}"]')
            self.said("agent", "add", f"smith-{number}", "--kind", "command", *settings)
        self.said("workflow", "save", "crashes.yaml")

    def engine(self, *words: str) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", "missioncontrol", *words]
        self.last = subprocess.Popen(
            argv,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        return self.last

    def clear(self) -> None:
        """Leave nothing behind, also where the test has failed."""
        if self.last.poll() is None:
            self.last.kill()
            self.last.communicate()
        for pid in self.living():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def said(self, *words: str) -> str:
        engine = self.engine(*words)
        out, err = engine.communicate()
        assert engine.returncode == 0, err.decode()
        return out.decode()

    def living(self) -> dict[int, float]:
        """Return all that carry the token in their arguments, with when they began."""
        found = {}
        for process in psutil.process_iter():
            try:
                if self.token in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                    found[process.pid] = process.create_time()
            except psutil.Error:
                continue
        return found

    def at_work(self, engine: "subprocess.Popen[bytes]", stage: int) -> None:
        """Wait until both programs of a stage work for this engine: nothing earlier is left."""
        began = psutil.Process(engine.pid).create_time()
        while sum(start > began for start in self.begun(stage)) < 2:
            assert engine.poll() is None, engine.communicate()
            time.sleep(0.02)
        living = self.living()
        assert self.strangers <= living.keys()
        assert not {pid for pid, start in living.items() if start < began} - self.strangers

    def begun(self, stage: int) -> list[float]:
        """Return when each program of a stage began that has come so far and lives."""
        pids = [int(path.name.split("-")[-1]) for path in self.place.glob(f"begun-*-{stage}-*")]
        return [start_time(pid) or 0.0 for pid in pids]

    def release(self, engine: "subprocess.Popen[bytes]", stage: int) -> None:
        """End a stage under an engine that has begun it again."""
        self.at_work(engine, stage)
        (self.place / f"release-{stage}").touch()


@contextmanager
def strangers(house: House) -> "Iterator[list[subprocess.Popen[bytes]]]":
    """Processes that look like ours and are not: the same words, the same names of run and step."""
    argv = ["tail", "-f", house.token]
    environment = {"MISSION_RUN": "run-1", "MISSION_STEP": "forged-0", "MISSION_MARK": "0" * 40}
    began = [
        subprocess.Popen(argv, env=environment),
        subprocess.Popen(argv, start_new_session=True),
        subprocess.Popen(argv, start_new_session=True, env={}, cwd=house.place),
    ]
    try:
        yield began
    finally:
        house.clear()
        for each in began:
            each.wait()


@pytest.mark.slow
@pytest.mark.journey
def test_twenty_crashes_leave_no_orphan_and_do_nothing_twice(tmp_path: Path) -> None:
    house, chance = House(tmp_path), random.Random(20)
    words: tuple[str, ...] = ("workflow", "run", "crashes")
    with strangers(house) as others:
        known = house.strangers = {each.pid for each in others}
        for crash in range(CRASHES):
            stage, again = divmod(crash, CRASHES_OF_A_STAGE)
            engine = house.engine(*words)
            if again == 2:
                time.sleep(chance.uniform(0.1, 0.6))  # Wherever it is then: in the middle of it.
            else:
                if stage and not again:
                    house.release(engine, stage - 1)
                house.at_work(engine, stage)
            engine.send_signal(signal.SIGKILL)
            engine.communicate()
            assert known <= set(house.living())
            if not crash:
                (name,) = re.findall(r"run-[0-9a-z]{14}", house.said("runs"))
                words = ("resume", name)
        engine = house.engine(*words)
        house.release(engine, STAGES - 1)
        assert b"has succeeded" in engine.communicate()[0]
        assert set(house.living()) == known
        assert all(each.poll() is None for each in others)
    settled_once(house, name)


def settled_once(house: House, name: str) -> None:
    expected = {f"{kind}-{number}": 1 for kind in ("forged", "named") for number in range(STAGES)}
    assert Counter((house.place / "done").read_text().split()) == expected

    async def story() -> None:
        store = SqliteEventStore(house.home / "log.db", writable=False)
        types = Counter(row.type for row in await store.read_stream(name, limit=10_000))
        assert types["step_succeeded"] == 2 * STAGES
        assert types["run_settled"] == 1
        assert types["process_started"] >= 2 * (CRASHES - STAGES)
        assert (await verify(store, [])).is_intact
        store.close()

    run(story())
