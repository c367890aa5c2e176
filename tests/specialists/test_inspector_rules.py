"""What rules that ask for specs say of a change: errors go back, the rest are notes."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.app.commit_policy_check import CommitPolicyCheck
from missioncontrol.application.task_workflow import Cast, round_text
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.repository.process import MergeRule
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.briefs import brief_of
from missioncontrol.specialists.inspector import Inspector
from missioncontrol.worker import specialist
from tests.agents.repositories import everything, git, repository
from tests.specialists.changes import desk_in, kept, order_of

FILES = {"src/app.py": "def run():\n    return 1\n", "tests/test_app.py": "def test_run(): ...\n"}
PASSED = {"passed": True, "status": "passed", "base": ""}


def output_of(tmp_path: Path, files: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what an inspector says of `files`, put onto `before` where that is given."""
    before = {**FILES, **more.pop("before", {})}
    root = repository(Path(tempfile.mkdtemp(dir=tmp_path)) / "r", before)
    commit = kept(root, {"tests/test_more.py": "def test_more(): ...\n", **files})
    (root / "src/app.py").write_text("half done\n")
    unchanged = everything(root)
    inputs: dict[str, Any] = {"repository": str(root), "commit": commit, "base": "main"}
    inputs |= {"tests": PASSED, "guard": True, **more}
    found = specialist("inspector").work(
        brief_of("inspector", order_of(inputs), 60.0), desk_in(tmp_path)
    )
    assert everything(root) == unchanged
    assert isinstance(found.output, dict)
    return found.output


def told(output: dict[str, Any]) -> list[tuple[str, str, int, bool]]:
    return [(e["rule"], e["path"], e["line"], e["blocking"]) for e in output["findings"]]


def test_an_error_has_to_be_mended_and_says_who_decides_else(tmp_path: Path) -> None:
    output = output_of(tmp_path, {"src/app.py": "def run():\n    return eval('1')\n"})
    assert output["verdict"] == "rework"
    assert told(output) == [("guard.security", "src/app.py", 2, True)]
    (finding,) = output["findings"]
    assert "adds `return eval('1')`; no spec covers this file" in finding["message"]
    assert finding["remedy"].startswith("Do without that where it can be; else a person decides")


def test_a_warning_is_a_note_and_no_reason_to_build_again(tmp_path: Path) -> None:
    output = output_of(tmp_path, {"src/app.py": "import attr\n\n" + FILES["src/app.py"]})
    assert output["verdict"] == "approve"
    assert told(output) == [("guard.novel-pattern", "src/app.py", 1, False)]


def test_the_rules_are_those_of_the_repository(tmp_path: Path) -> None:
    change = {"src/app.py": "def run():\n    return eval('1')\n"}
    off = {".mission/guard.toml": "[rules.security]\nis_off = true\n"}
    assert output_of(tmp_path, change, before=off)["findings"] == []
    with pytest.raises(AttemptFailed) as no:
        output_of(tmp_path, change, before={".mission/guard.toml": "[rules\n"})
    assert (no.value.code, no.value.retryable) == ("guard.bad_rules", False)


def test_whoever_does_not_ask_for_rules_is_not_told_of_them(tmp_path: Path) -> None:
    change = {"src/app.py": "def run():\n    return eval('1')\n"}
    assert output_of(tmp_path, change, guard=False)["findings"] == []
    text = round_text(Cast("coder"), MergeRule(), "repository-0123456789abcd")
    assert json.loads(text)["steps"]["inspect"]["with"]["guard"] is True


def test_odd_names_and_very_many_findings_are_told(tmp_path: Path) -> None:
    names = [f"src/auth/f{number}.py" for number in range(60)]
    output = output_of(tmp_path, {**dict.fromkeys(names, "A = 1\n"), "src/auth/ü \n.py": "B = 1\n"})
    guarded = [each for each in output["findings"] if each["rule"].startswith("guard.")]
    assert len(guarded) == 51
    assert guarded[-1]["rule"] == "guard.more"
    assert guarded[-1]["message"] == "11 more findings of `mission guard`"
    assert guarded[-1]["blocking"]


def test_what_could_not_be_judged_is_no_approval(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    commit = git(root, "rev-parse", "HEAD")
    with pytest.raises(Unavailable) as slow:
        CommitPolicyCheck().objections(root, commit, commit, seconds=-1.0)
    assert slow.value.code == "guard.too_slow"
    inputs = {"repository": str(root), "commit": kept(root, {"a.py": "a = 1\n"}), "base": "main"}
    brief = brief_of("inspector", order_of({**inputs, "guard": True}), 60.0)
    with pytest.raises(AttemptFailed) as no:
        Inspector().work(brief, desk_in(tmp_path))
    assert no.value.code == "inspector.bad_input"


def test_a_name_that_is_no_text_is_told_as_one(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    (root / "auth").mkdir()
    (root / os.fsdecode(b"auth/\xff.py")).write_text("A = 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Odd")
    (found,) = CommitPolicyCheck().objections(root, "HEAD~1", "HEAD", seconds=60.0)
    assert (found.path, found.is_error) == (r"auth/\xff.py", True)
    assert json.loads(msgspec.json.encode(found))["path"] == found.path
