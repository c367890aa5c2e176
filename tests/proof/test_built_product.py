"""An idea becomes a product that runs: created, built by a real coding agent, and measured.

The model behind the agent is a script: its answers are the files in `energy_prices`, one folder for
each task of the plan. All else is real: the plan, Codex, the proofs and commits, the product, the
console that receives its events, and the answers about them.
"""

import json
import os
import re
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.specialists.scaffolding.blueprint import blueprint
from missioncontrol.testing.scripted_models import Reply, Request, serving
from missioncontrol.testing.scripted_models.script import codex_command, codex_patch
from tests import prefork
from tests.agents.houses import furnished
from tests.agents.repositories import git
from tests.cli.command import answer, environment, mission
from tests.console.house_process import HouseProcess
from tests.proof.energy_prices.sample import DAY, DAYS, ZONES, write_days
from tests.scaffolding.designs import PRICES, plan_of

pytestmark = [pytest.mark.slow, pytest.mark.journey, pytest.mark.timeout(1_500)]

ANSWERS = Path(__file__).with_name("energy_prices")
WRITTEN_FOR = "electricity_price_pipeline"
"""The package that the answers are written for."""

BY_TASK = {
    "Carry one electricity price": "carry",
    "Fetch": "fetch",
    "Check": "check",
    "Publish": "publish",
    "Ensure that missing hours": "hours",
    "Keep both versions": "versions",
    "Show for every source": "sources",
    "Show the difference": "differences",
    "Rebuild all electricity prices": "rebuild",
}
"""The folder with the answer to a task, by how its title begins, in the order of the building."""
REFUSED = 2
"""The exit code of the product where something is refused, as where a source fails."""


class Script:
    """A model that answers each task with its files, and then with a sentence."""

    def __init__(self, package: str) -> None:
        """`package` is the name of the product's package."""
        self.package = package
        self.answered: list[str] = []

    def __call__(self, request: Request) -> Reply:
        """Return the files of the task that the request is about, then its edits, then its end."""
        items = request.body["input"]
        match sum(each.get("type") == "function_call_output" for each in items):
            case 0:
                self.answered.append(next(_tasks_in(request)))
                return Reply(calls=(codex_patch(patch_of(self.answered[-1], self.package)),))
            case 1 if edits := "\n".join(self._edits(self.answered[-1])):
                return Reply(calls=(codex_command(f"set -e\n{edits}"),))
        return Reply(f"The task is built: {self.answered[-1]}.")

    def _edits(self, task: str) -> Iterator[str]:
        """Yield the edits of files that the skeleton brought: its commands and its README."""
        for path in sorted((ANSWERS / task).rglob("commands/*.txt")):
            yield _python("register", self.package, path.name.partition(".")[0])
        if (ANSWERS / task / "README_PART.md.txt").exists():
            yield _python("readme", "README_PART.md", self.package)
            yield "rm README_PART.md"


def _python(script: str, *arguments: str) -> str:
    text = (ANSWERS / f"{script}.txt").read_text("utf-8")
    return f"python3 - {shlex.join(arguments)} <<'SCRIPT'\n{text}SCRIPT"


def _tasks_in(request: Request) -> Iterator[str]:
    """Yield the answers for the headings of a request; the task is the first of them."""
    for item in request.body["input"]:
        for part in item.get("content", ()) if isinstance(item.get("content"), list) else ():
            for title in re.findall(r"^# (.+)$", str(part.get("text", "")), re.MULTILINE):
                yield from (name for start, name in BY_TASK.items() if title.startswith(start))


def patch_of(task: str, package: str) -> str:
    """Return the files of an answer as a patch; `.txt` keeps them from being tests of ours."""
    lines = ["*** Begin Patch"]
    for path in sorted((ANSWERS / task).rglob("*.txt")):
        text = path.read_text("utf-8")
        name = str(path.relative_to(ANSWERS / task)).removesuffix(".txt")
        for old, new in ((WRITTEN_FOR, package), (WRITTEN_FOR.upper(), package.upper())):
            name, text = name.replace(old, new), text.replace(old, new)
        lines += [f"*** Add File: {name}", *(f"+{line}" for line in text.splitlines())]
    return "\n".join([*lines, "*** End Patch"])


class Product:
    """The product in its repository, run by the commands of its README."""

    def __init__(self, place: Path, package: str) -> None:
        """The repository is complete."""
        self.place = place
        self.package = package
        self.command = package.replace("_", "-")
        self.environment = dict(os.environ)

    def commands(self, heading: str) -> list[str]:
        """Return the commands below a heading of the README."""
        section = (self.place / "README.md").read_text("utf-8").split(f"## {heading}\n")[1]
        block = re.search(r"```sh\n(.*?)\n```", section, re.DOTALL)
        assert block is not None, heading
        return block[1].splitlines()

    def run(self, command: str, *, code: int = 0) -> str:
        """Run a command in the repository, which ends with this code, and return its output."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.place,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = f"{command}\n{done.stdout[-3_000:]}\n{done.stderr[-3_000:]}"
        assert done.returncode == code, said
        return done.stdout

    def carry_days(self, source: Path) -> None:
        """Fetch and publish each day, once more with corrections, and a day that is not there."""
        for each in self.commands("Install and test"):
            self.run(each)
        self.environment[f"{self.package.upper()}_SOURCE"] = source.as_uri()
        for is_corrected in (False, True):
            write_days(source, is_corrected=is_corrected)
            for day in DAYS:
                self.run(f".venv/bin/{self.command} afternoon --day {day}")
                self.run(f".venv/bin/{self.command} publish-prices")
        self.run(f".venv/bin/{self.command} afternoon --day {DAYS[-1] + DAY}", code=REFUSED)
        for country in ZONES:
            self.run(f".venv/bin/{self.command} read-edition csv/prices-{country}.csv")

    def recorded(self) -> dict[str, int]:
        """Return how often each event stands in the product's own database."""
        with sqlite3.connect(self.place / f"data/{self.package}.db") as db:
            return dict(db.execute("SELECT name, count(*) FROM events GROUP BY name"))


def prepare(home: Path, product: Product) -> tuple[str, str]:
    """Follow the README to a cockpit; return the name of the product there, and its key."""
    printed = ""
    commands = product.commands("Measure it")
    for command in commands:
        done = mission(home, *shlex.split(command)[1:])
        assert done.returncode == SUCCEEDED, done.stderr.decode()
        printed += done.stdout.decode()
    key = re.search(r"mcw_[\w-]+", printed)
    assert key is not None, printed
    return shlex.split(commands[0])[3], key[0]


def counted(home: Path, name: str, event: str) -> int:
    """Return how often the cockpit has counted an event."""
    found = answer(home, "analytics", "trends", "--product", name, "--event", event, "--days", "2")
    return int(found["lines"][0]["total"])


def test_a_goal_becomes_a_product_whose_events_reach_its_cockpit(
    tmp_path: Path, codex_program: Path
) -> None:
    place, plan = tmp_path / "product", plan_of(PRICES)
    package = blueprint(plan).package
    script = Script(package)
    with serving(*[script] * 80) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        gateway = home / "gateway.toml"
        gateway.write_text(gateway.read_text("utf-8").replace("= 500", "= 40000"), "utf-8")
        words = ("run", PRICES, "--scaffold", "--repo", str(place), "--builder", "coder")
        done = prefork.run(words, environment(home), timeout=1_200)
    assert done.returncode == SUCCEEDED, (done.stdout + done.stderr).decode()[-6_000:]
    assert script.answered == list(BY_TASK.values())
    assert git(place, "rev-list", "--count", "HEAD") == str(1 + len(BY_TASK))
    assert git(place, "status", "--porcelain") == ""
    run = answer(home, "show", "last")
    assert run["is_completed"], run["lacking"]
    product = Product(place, package)
    assert product.commands("Every afternoon")
    house = HouseProcess(home)
    house.up()
    try:
        name, key = prepare(home, product)
        prefix = package.upper()
        product.environment |= {f"{prefix}_EVENTS_URL": house.url, f"{prefix}_EVENTS_KEY": key}
        product.carry_days(tmp_path / "source")
        seen = {event: counted(home, name, event) for event in product.recorded()}
    finally:
        house.close()
    assert seen == product.recorded()
    assert plan.design is not None
    assert set(seen) == {event for each in plan.design.metrics for event in each.events}
    published = sorted(each.name for each in (place / "published/api/v1/prices").iterdir())
    assert published == list(ZONES)
    command = f".venv/bin/{product.command} rebuild-prices {tmp_path}/rebuilt.db"
    rebuilt = json.loads(product.run(command))
    assert (rebuilt["files"], rebuilt["differences"]) == (seen["source_loaded"], 0)
