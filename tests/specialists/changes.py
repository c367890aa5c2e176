"""Small repositories whose changes are commits that no branch has, as builders leave them."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.agent import misfit
from missioncontrol.domain.work import CommandRan, TestsRan, Work
from missioncontrol.ports import wire
from missioncontrol.ports.agent import Assignment
from missioncontrol.specialists.briefs import brief_of
from missioncontrol.specialists.cards import CARDS
from missioncontrol.specialists.catalogue import find
from missioncontrol.testing.local_workspace import LocalDesk
from tests.agents.repositories import PYTEST_ALONE, git

SHOP = {
    "pyproject.toml": f'[tool.pytest.ini_options]\npythonpath = ["."]\n{PYTEST_ALONE}',
    "shop.py": "def total(prices):\n    return sum(prices)\n",
    "tests/test_shop.py": "from shop import total\n\n\n"
    "def test_sums():\n    assert total([1, 2]) == 3\n\n\n"
    "def test_known():\n    assert total([1]) == 2\n",
}


def kept(
    root: Path, files: Mapping[str, str | bytes | None], *, base: str = "HEAD", name: str = "one"
) -> str:
    """Keep a commit on `base` with these files, None for one that is gone; the checkout stays."""
    ref = f"refs/mission/kept/{name}"
    begun = git(root, "rev-parse", base)
    script = f"commit {ref}\ncommitter Ada <ada@example.org> 1700000000 +0000\n".encode()
    script += b"data %d\n%b\nfrom %b\n" % (len(name) + 3, f"Do {name}".encode(), begun.encode())
    for path, text in files.items():
        if text is None:
            script += b"D %b\n" % _quoted(path)
            continue
        content = text if isinstance(text, bytes) else text.encode()
        script += b"M 100644 inline %b\ndata %d\n%b\n" % (_quoted(path), len(content), content)
    git(root, "fast-import", "--quiet", "--force", stdin=script)
    return git(root, "rev-parse", ref)


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()


def desk_in(tmp_path: Path, *, seconds: float = 600.0) -> LocalDesk:
    """Return a desk with a scratch directory of its own."""
    return LocalDesk(Path(tempfile.mkdtemp(dir=tmp_path)) / "out", seconds=seconds)


def order_of(inputs: dict[str, Any], *, run: str = "run-1", step: str = "step") -> wire.Order:
    """Return an order with these inputs."""
    work = Assignment(run, "round", step, 1, 1, f"{run}/{step}", "agent", inputs)
    return wire.Order(wire.VERSION, work, "", {})


def done(name: str, desk: LocalDesk, inputs: dict[str, Any], *, run: str = "run-1") -> Work:
    """Have the specialist do it, and check its result against its card."""
    work = find(name).work(brief_of(name, order_of(inputs, run=run), desk.seconds_left()), desk)
    output = msgspec.json.decode(msgspec.json.encode(work.output))
    assert misfit(output, CARDS[name].output) == ""
    names = {each.name for each in work.artifacts}
    assert names >= set(CARDS[name].artifacts)
    spoken_of = {each.log for each in work.evidence if isinstance(each, CommandRan)}
    spoken_of |= {each.report for each in work.evidence if isinstance(each, TestsRan)}
    assert names >= spoken_of - {""}, "an engine believes no evidence that is not handed in"
    return work
