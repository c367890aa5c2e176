"""Sixteen agents at once on one repository: each in a tree of its own, and nothing is lost."""

import json
import sys
from pathlib import Path

import pytest

from tests import prefork
from tests.agents.repositories import everything, git, repository
from tests.cli.command import environment

pytestmark = pytest.mark.journey

NUMBER = 16
SECONDS_MAX = 300


@pytest.mark.slow
def test_sixteen_agents_work_on_one_repository_at_once(tmp_path: Path) -> None:
    parts = [f"part_{number}" for number in range(NUMBER)]
    root = repository(tmp_path / "shop", {f"{part}.py": "VALUE = 1\n" for part in parts})
    (root / "part_0.py").write_text("# half done\n")
    git(root, "add", "part_0.py")
    (root / "part_1.py").write_text("# half done too\n")
    ours = "refs/mission/"
    before = {name: each for name, each in everything(root).items() if not _is_ours(name)}
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    argv = [sys.executable, str(Path(__file__).with_name("together_builder.py"))]
    _mission(
        *(tmp_path, "agent", "add", "coder", "--kind", "acp", "--scale", str(NUMBER)),
        *("--set", f"argv={json.dumps([*argv, str(meeting), str(NUMBER)])}"),
        *("--set", f"writes={json.dumps([str(meeting)])}"),
        *("--set", f"variables={json.dumps({'PYTHONPATH': str(Path(__file__).parents[2])})}"),
        *("--input-tokens", "100", "--output-tokens", "50"),
    )
    steps = {
        part: {"agent": "coder", "with": {"prompt": f"Change {part} now.", "keep": True}}
        for part in parts
    }
    workflow = {"name": "many", "inputs": {"repository": {"type": "path"}}, "concurrency": NUMBER}
    (tmp_path / "many.json").write_text(json.dumps({**workflow, "steps": steps}))
    _mission(tmp_path, "workflow", "save", "many.json")
    run = _mission(tmp_path, "workflow", "run", "many", "--input", "repository=shop", "--json")
    assert json.loads(run.splitlines()[-1])["status"] == "succeeded"
    # None of them could have gone on before all of them were at work.
    assert len(list(meeting.iterdir())) == NUMBER
    ref_names = git(root, "for-each-ref", "--format=%(refname)", f"{ours}kept").splitlines()
    assert len(ref_names) == NUMBER
    for name in ref_names:
        part = name.rpartition("/")[2].rpartition("-")[0]
        changed = git(root, "diff", "--name-only", "HEAD", name).splitlines()
        assert changed == [f"{part}.py"]
    after = {name: each for name, each in everything(root).items() if not _is_ours(name)}
    assert after == before
    git(root, "gc", "-q", "--prune=now")
    for name in ref_names:
        git(root, "show", "--stat", name)


def _is_ours(name: str) -> bool:
    return name.startswith((".git/objects/", ".git/refs/mission/"))


def _mission(folder: Path, *words: str) -> str:
    done = prefork.run(
        words, environment(folder / "home", MISSION_ACTOR="ada"), timeout=SECONDS_MAX, cwd=folder
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()
