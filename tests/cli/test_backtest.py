"""`mission eval backtest` plans merged changes again, and leaves the repository as it is."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from missioncontrol.testing.scripted_models import Reply, serving
from tests.agents.houses import furnished
from tests.cli.command import Running, mission

pytestmark = pytest.mark.journey
PARTS = ("sessions", "mail", "cart")


def git(root: Path, *args: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.run([*command, *args], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of six changes, one after the other, that each say what they are for."""
    root = tmp_path_factory.mktemp("backtest") / "shop"
    (root / "shop").mkdir(parents=True)
    git(root, "init", "-q")
    for part in PARTS:
        (root / "shop" / f"{part}.py").write_text(f"def open_{part}():\n    return '{part}'\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin")
    for number in range(6):
        part = PARTS[number % len(PARTS)]
        file = root / "shop" / f"{part}.py"
        file.write_text(f"{file.read_text()}\n\ndef {part}_{number}():\n    return {number}\n")
        if number == 5:
            (root / "later.py").write_text("LATER = True\n")
            git(root, "add", ".")
        git(root, "commit", "-qam", f"Give {part} the function {part}_{number} (#{number})")
    (root / "not yet.py").write_text("DRAFT = True\n")
    return root


def state(root: Path) -> str:
    seen = git(root, "status", "--porcelain", "--ignored") + git(root, "for-each-ref")
    objects = sorted(str(each) for each in (root / ".git").rglob("*"))
    return f"{seen}{git(root, 'reflog', '--all')}{objects}{(root / '.git/config').read_text()}"


def test_past_changes_are_planned_again_and_nothing_is_touched(tmp_path: Path, shop: Path) -> None:
    before = state(shop)
    # Any directory of the repository stands for all of it.
    done = mission(
        tmp_path / "home", "backtest", "--repo", str(shop / "shop"), "--changes", "5", "--json"
    )
    assert done.returncode == 0, done.stderr.decode()
    report = json.loads(done.stdout)
    assert (report["figures"]["changes"], report["figures"]["errors"]) == (5, 0)
    assert report["figures"]["begins"] == 1.0
    newest, *_ = report["changes"]
    assert newest["subject"] == "Give cart the function cart_5"
    # `later.py` was not there, and the plan cannot know it.
    assert newest["changed"] == ["shop/cart.py"]
    assert "later.py" not in newest["ranked"] + newest["named"] + newest["bm25"]
    assert (newest["begins"], newest["first"][0]) == (True, "shop/cart.py")
    assert newest["false_places"] == []
    assert state(shop) == before
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_a_planner_that_is_paid_is_compared_with_the_local_one(
    tmp_path: Path, shop: Path, codex_program: Path
) -> None:
    before = state(shop)
    with serving(*[Reply("No plan.")] * 6) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        result = mission(
            home, "backtest", "--repo", str(shop), "--changes", "2", "--planner", "coder"
        )
    assert result.returncode == 0, result.stdout + result.stderr
    text = result.stdout.decode()
    assert "Planned by coder, and locally:" in text
    assert "begins at a file that changed      100%   local 100%" in text
    assert "the local plan stood in               2" in text
    assert "used 720 tokens, $0.0" in text
    assert (
        "coder begins right in 2 of 2, the local plan in 2: it is not worth its money here." in text
    )
    assert state(shop) == before


def test_a_planner_that_is_not_there_ends_the_backtest(tmp_path: Path, shop: Path) -> None:
    done = mission(tmp_path / "home", "backtest", "--repo", str(shop), "--planner", "nobody")
    assert done.returncode == 2, done.stdout
    assert b"Agent 'nobody' is not known and can't plan." in done.stderr
    assert done.stdout == b""


def test_the_figures_are_told_in_sentences(tmp_path: Path, shop: Path) -> None:
    done = mission(tmp_path / "home", "backtest", "--repo", str(shop))
    output = done.stdout.decode()
    assert "6 changes from " in output
    assert "begins at a file that changed     100%   a search for its words (BM25) " in output
    assert "too few to tell much; 20 or more do." in " ".join(output.split())
    assert len(output.splitlines()) <= 18
    assert done.stderr == b""


def test_ctrl_c_tells_what_was_scored_by_then(
    tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    running = Running(tmp_path / "home", "backtest", "--repo", str(shop))
    ends = time.monotonic() + 60
    while not list(scratch.glob("mission-backtest-facts-*/facts.db")) and time.monotonic() < ends:
        time.sleep(0.02)
    running.signal(signal.SIGINT)
    code, err = running.end()
    assert code == 3, err
    scored = sum(line["figures"]["changes"] for line in running.lines)
    assert f"interrupted after {scored} of 6 changes" in err
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), b"Give a clone with --repo."),
        (("--repo", "{plain}"), b"is no git repository"),
        (("--repo", "{shop}", "--changes", "0"), b"it can be 1 to 500"),
        (("--repo", "{shop}", "--changes", "501"), b"it can be 1 to 500"),
        (("--repo", "{shop}", "--changes", "few"), b"'few' is no whole number"),
        (("--repo", "{new}"), b"No commit of this history can be replayed."),
        (("--repo", "{empty}"), b"one to eight files of code"),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    tmp_path: Path, shop: Path, args: tuple[str, ...], message: bytes
) -> None:
    places = {name: tmp_path / name for name in ("plain", "new", "empty")}
    for place in places.values():
        place.mkdir()
    git(places["new"], "init", "-q")
    git(places["empty"], "init", "-q")
    git(places["empty"], "commit", "-q", "--allow-empty", "-m", "Begin with nothing at all")
    given = (each.format(**places, shop=shop) for each in args)
    refused = mission(tmp_path / "home", "backtest", *given)
    assert refused.returncode == 2, refused.stderr.decode()
    assert message in refused.stderr
    assert refused.stderr.count(b"\n") == 1
