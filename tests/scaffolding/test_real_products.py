"""Scaffolds install, pass their tests, start, store and remember: each by its own README."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.scaffolding import ScaffoldStack, scaffold
from missioncontrol.specialists.scaffolding.blueprint import blueprint
from tests.scaffolding.designs import sources
from tests.some import some

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
_BLOCK = re.compile(r"```sh\n(.*?)\n```", re.DOTALL)
SERVERS: tuple[ScaffoldStack, ...] = ("python-web", "static-pages", "node-web")
NAMES = ("odd", "tools", "prices")
"""The design whose names are hardest, and two of goals."""
PROGRAMS: tuple[ScaffoldStack, ...] = ("python-command", "python-library", "data-pipeline")


def some_of(stacks: tuple[ScaffoldStack, ...], first: ScaffoldStack) -> list[Any]:
    """Return each stack with each design; all but the first with hard names are slow."""
    cases = [(stack, name) for stack in stacks for name in NAMES]
    return some(cases, cases.index((first, "odd")))


class Product:
    """A scaffold in a directory, run by the commands of its README."""

    def __init__(self, folder: Path, name: str, stack: ScaffoldStack) -> None:
        source = sources()[name]
        self.folder = folder
        self.prefix = blueprint(source).package.upper()
        self.port = _free_port()
        for path, text in scaffold(source, stack).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        text = (folder / "README.md").read_text("utf-8")
        self.install, self.start, *more = _BLOCK.findall(text.partition("## Settings")[0])
        use = more[0] if more else self.start
        self.calls = re.split(r"\n(?!  )", use.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}"))
        self.seconds: dict[str, float] = {}
        self.pid = 0  # of the server, while it is started
        assert isinstance(source, Plan) or name.startswith("odd")

    @property
    def environment(self) -> dict[str, str]:
        # A server that the tests of this machine have is none of the product.
        outside = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        return {**outside, f"{self.prefix}_PORT": str(self.port)}

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def timed(self, what: str, command: str) -> str:
        began = time.monotonic()
        out = self.run(command)
        self.seconds[what] = round(time.monotonic() - began, 1)
        return out

    @contextmanager
    def started(self) -> Iterator[None]:
        assert not _answers(self.port)
        began = time.monotonic()
        process = subprocess.Popen(
            ["bash", "-c", f"exec {self.start}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.pid = process.pid
        try:
            while not _answers(self.port):
                assert process.poll() is None, "the server ended"
                time.sleep(0.05)
            self.seconds.setdefault("start", round(time.monotonic() - began, 1))
            yield
        finally:
            # `npm start` leaves its server behind where only npm itself is stopped.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)
            while _answers(self.port):
                time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False


@pytest.mark.parametrize(("stack", "name"), some_of(SERVERS, "node-web"))
def test_a_server_stores_and_remembers(tmp_path: Path, stack: ScaffoldStack, name: str) -> None:
    product = Product(tmp_path, name, stack)
    product.timed("install and test", product.install)
    with product.started():
        for call in product.calls[:-1]:
            assert '"id":1' in product.run(call).replace(" ", ""), call
        before = product.run(product.calls[-1])
    assert '"id":1' in before.replace(" ", "")
    with product.started():
        assert product.run(product.calls[-1]) == before
    print(stack, name, product.seconds)


@pytest.mark.slow
def test_a_product_on_postgresql_keeps_what_it_stored_and_takes_another_server(
    tmp_path: Path,
) -> None:
    product = Product(tmp_path, "odd-served", "python-web")
    product.timed("install and test", product.install)
    with product.started():
        for call in product.calls[:-1]:
            assert '"id":1' in product.run(call).replace(" ", ""), call
        before = product.run(product.calls[-1])
        os.killpg(product.pid, signal.SIGKILL)
        while _answers(product.port):
            time.sleep(0.05)
    # The server of the database was left running, and is joined.
    with product.started():
        assert product.run(product.calls[-1]) == before
    package = product.prefix.lower()
    tests = (
        f"from {package} import development as d; from pathlib import Path; import os, sys\n"
        "with d.server(Path('data/postgres')) as os.environ['DATABASE_URL']:\n"
        "    sys.exit(os.system('.venv/bin/pytest'))"
    )
    assert " passed" in product.run(f'.venv/bin/python -c "{tests}"')
    with product.started():
        assert product.run(product.calls[-1]) == before
    assert not (tmp_path / "data/postgres/cluster/postmaster.pid").exists()
    print("python-web on PostgreSQL", product.seconds)


@pytest.mark.parametrize(("stack", "name"), some_of(PROGRAMS, "python-command"))
def test_a_program_stores_and_remembers(tmp_path: Path, stack: ScaffoldStack, name: str) -> None:
    product = Product(tmp_path, name, stack)
    product.timed("install and test", product.install)
    product.timed("start", product.start)
    for call in product.calls[:-1]:
        product.run(call)
    first = product.run(product.calls[-1])
    assert first.strip()
    assert product.run(product.calls[-1]) == first
    print(stack, name, product.seconds)
