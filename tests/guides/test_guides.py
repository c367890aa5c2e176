"""What the guides and the README show is run as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from missioncontrol.domain.register import NAMES

ROOT = Path(__file__).parents[2]


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.journey
def test_the_guide_to_python_works_as_written(tmp_path: Path) -> None:
    output = python(blocks("docs/guides/python.md", "python")[0], tmp_path)
    assert output.startswith("succeeded published wheel\n1 run_created\n")
    assert output.endswith("run_settled\n")


@pytest.mark.journey
def test_the_example_in_the_readme_works_as_written(tmp_path: Path) -> None:
    (code,) = blocks("README.md", "python")
    head, _, body = code.partition("async with")
    main = "async def main():\n    async with" + body.replace("\n", "\n    ")
    output = python(
        f"import asyncio\n{head}\n{main}\n    print(result.outputs)\nasyncio.run(main())", tmp_path
    )
    assert "published wheel" in output


@pytest.mark.journey
def test_the_log_can_be_checked_with_the_script_of_the_guide(tmp_path: Path) -> None:
    python(blocks("docs/guides/python.md", "python")[0], tmp_path)
    mission = [sys.executable, "-m", "missioncontrol"]
    target = tmp_path / "log.jsonl"
    export = [*mission, "audit", "export", "--output", str(target), "--home", "state"]
    subprocess.run(export, cwd=tmp_path, check=True, capture_output=True)
    (script,) = blocks("docs/guides/reading-the-record.md", "python")
    python(script, tmp_path)
    lines = target.read_text().splitlines()
    target.write_text("\n".join([lines[0].replace("release", "delease"), *lines[1:]]))
    broken = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True)
    assert b"AssertionError: 1" in broken.stderr


def test_links_between_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_reference_lists_every_event_and_no_other() -> None:
    text = (ROOT / "docs/reference.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z_]+)` \|", text.partition("## Events")[2], re.MULTILINE)
    assert sorted(listed) == sorted(name for name, _ in NAMES.values())


def test_the_reference_lists_every_variable_that_is_read() -> None:
    text = (ROOT / "docs/reference.md").read_text("utf-8")
    read = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r'"(MISSION_[A-Z_]+)"', path.read_text("utf-8"))
    }
    assert read == set(re.findall(r"^\| `(MISSION_[A-Z_]+)` \|", text, re.MULTILINE))


def test_the_glossary_has_one_line_a_word() -> None:
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    words = re.findall(r"^\| ([a-z ]+) \|", text, re.MULTILINE)
    assert len(words) == len(set(words)) > 20
