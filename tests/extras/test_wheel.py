"""The wheel in an empty environment: it installs, plans, and stays small.

It is what people get with `pip install missioncontrol`: built here, with the versions of the lock
file, for each Python that the package supports and this machine has.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.agents.repositories import repository
from tests.extras.libraries import ROOT
from tests.extras.test_core import IMPORT_ALL, OPTIONAL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MEGABYTES_MAX = 155
"""Of all files but compiled ones; most is not ours: expressions 52, faker 16, cryptography 16."""

IN_A_REPOSITORY = "missioncontrol.specialists.tester.lines_plugin"
"""It runs within the tests of a repository, which bring pytest along."""

UV = shutil.which("uv")


def ran(argv: Sequence[str | Path], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program without the variables by which this process finds its own packages."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(each) for each in argv],
        env={**inherited, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def installing(python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Install into the environment of an interpreter, which needs no pip of its own.

    Python itself compiles what a test runs; to compile all that is there takes half of the time.
    """
    if UV:
        return ran([UV, "pip", "install", "-q", "--python", python, *arguments])
    pip = (sys.executable, "-m", "pip", "--python", python)
    return ran([*pip, "install", "-q", "--no-compile", *arguments])


def python_of(version: str) -> str | None:
    """Return an interpreter of a version such as 3.12, or None where there is none."""
    name = f"python{version}"
    managed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for each in (sys.executable, shutil.which(name), *managed.glob(f"{version}.*/bin/{name}")):
        # A shim stands for a version that may not be chosen here, so each is asked.
        asked = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"
        if each and ran([each, "-c", asked]).stdout.strip() == version:
            return str(each)
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this source; skips where the registry can't be reached for what builds it."""
    place = tmp_path_factory.mktemp("wheel")
    empty = place / "empty"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", empty], check=True)
    reached = installing(empty / "bin/python", "hatchling")
    if reached.returncode:
        pytest.skip(f"the registry can't be reached: {reached.stderr.strip()[-300:]}")
    if UV:
        done = ran([UV, "build", "-q", "--wheel", "-o", place, ROOT])
    else:
        pip = (sys.executable, "-m", "pip", "--python", empty / "bin/python")
        build = ("wheel", "-q", "--no-deps", "--no-build-isolation", "-w", place, ROOT)
        done = ran([*pip, *build])
    assert done.returncode == 0, done.stderr
    [made] = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The versions of the lock file as constraints."""
    path = tmp_path_factory.mktemp("versions") / "constraints.txt"
    pinned = re.findall(
        r"^([\w.-]+==[^\\\n]+?) *\\?$", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    path.write_text("\n".join(pinned))
    return path


@pytest.fixture(scope="module", params=PYTHONS)
def place(
    request: pytest.FixtureRequest,
    wheel: Path,
    versions: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """An environment with the wheel and what it requires, and nothing else."""
    python = python_of(request.param)
    if python is None:
        pytest.skip(f"Python {request.param} is not on this machine")
    made = tmp_path_factory.mktemp("place") / "environment"
    subprocess.run([python, "-m", "venv", "--without-pip", made], check=True)
    done = installing(made / "bin/python", wheel, "--constraint", versions)
    assert done.returncode == 0, done.stderr
    yield made
    shutil.rmtree(made)


def mission(place: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed `mission`."""
    more = {"MISSION_HOME": str(home), "MISSION_CONSOLE": "off", "MISSION_ENVIRONMENTS": "off"}
    return ran([place / "bin/mission", *arguments], **more)


def test_the_wheel_says_its_version(place: Path, tmp_path: Path) -> None:
    done = mission(place, tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\d+\.\d+\.\d+", done.stdout)


def test_it_plans_a_mission_on_a_repository(place: Path, tmp_path: Path) -> None:
    files = {"tiny.py": "def add(a, b):\n    return a + b\n", "README.md": "# Tiny\n"}
    root = repository(tmp_path / "tiny", files)
    done = mission(place, tmp_path / "home", "plan", "Add a subtract function", "--repo", str(root))
    assert done.returncode == 0, done.stderr
    assert "Stored as mission-" in done.stderr


def test_it_says_which_command_adds_what_it_lacks(place: Path, tmp_path: Path) -> None:
    done = mission(place, tmp_path, "mcp")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert 'pip install "missioncontrol[agents]"' in line


def test_only_what_belongs_to_extras_lacks_a_library(place: Path) -> None:
    done = ran([place / "bin/python", "-c", IMPORT_ALL])
    assert done.returncode == 0, done.stderr
    missing = json.loads(done.stdout)
    assert [name for name in missing if not name.startswith((*OPTIONAL, IN_A_REPOSITORY))] == []


def test_it_stays_small(place: Path) -> None:
    every = (each for each in place.rglob("*") if each.is_file() and not each.is_symlink())
    files = (each for each in every if each.suffix != ".pyc")
    megabytes = sum(each.stat().st_size for each in files) / 1e6
    assert megabytes < MEGABYTES_MAX
