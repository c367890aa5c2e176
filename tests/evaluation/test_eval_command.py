"""`mission eval` with a scripted agent: each scenario is solved, and no bad solution passes."""

import asyncio
import json
import shlex
import sys
import xml.etree.ElementTree as ET
from argparse import Namespace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import psutil
import pytest

from missioncontrol.cli.evaluation import refuse_bad_numbers
from missioncontrol.cli.scenarios import scenarios_of, shipped
from missioncontrol.cli.subjects import parse_subject, prompt_of
from missioncontrol.cli.trial_workspace import verified
from missioncontrol.domain.errors import Rejected
from missioncontrol.evaluation.report import schema
from missioncontrol.testing.scripted_models import Reply, serving
from missioncontrol.testing.scripted_models.script import codex_command
from tests import prefork
from tests.agents.houses import cost, furnished
from tests.cli.command import answer, environment, mission
from tests.sandboxes import OpenBelow

pytestmark = pytest.mark.journey

SCRIPTED = shlex.join([sys.executable, str(Path(__file__).with_name("scripted.py"))])
KEPT = Path(__file__).parents[2] / "docs/reference/evaluation.schema.json"


def evaluated(home: Path, *arguments: str, code: int = 1) -> dict[str, Any]:
    """Run one evaluation to its end, and return it as JSON tells it."""
    done = prefork.run(["eval", "run", *arguments, "--json"], environment(home), timeout=120)
    assert (done.returncode, done.stdout != b"") == (code, True), done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(KEPT.read_text()))
    return found


def outcomes(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        each["scenario"]: (each["judged"]["outcome"], each["judged"].get("reason", ""))
        for each in found["trials"]
    }


def test_the_schema_is_the_published_one() -> None:
    assert json.loads(KEPT.read_text()) == json.loads(json.dumps(schema()))


@pytest.mark.slow
def test_every_scenario_that_ships_can_be_solved_and_the_outcome_is_told(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "junit.xml"
    asked = ("--command", f"{SCRIPTED} solve", "--parallel", "2", "--junit", str(file))
    found = evaluated(home, *asked, code=0)
    assert {each["scenario"] for each in found["trials"]} == set(shipped())
    assert {each["judged"]["outcome"] for each in found["trials"]} == {"passed"}
    assert found["score"]["share"]["value"] == 1.0
    assert found["subject"]["kind"] == "command"
    suites = ET.parse(file).getroot()
    assert [each.get("failures") for each in suites] == ["0"] * len(shipped())
    assert len(suites.findall(".//testcase")) == len(shipped())
    assert not list((home / "evaluations").iterdir())
    obvious = ("shared-helper", "failing-test", "fix-rounding")
    worse = evaluated(home, *obvious, "--command", f"{SCRIPTED} obvious")
    assert {name: each[0] for name, each in outcomes(worse).items()} == dict.fromkeys(
        obvious, "failed"
    )
    results = outcomes(worse)
    assert results["failing-test"][1] == "It changed what it may not: tests/test_stock.py."
    compared = answer(home, "eval", "compare", found["evaluation"], worse["evaluation"])
    jsonschema.validate(compared, json.loads(KEPT.read_text()))
    assert "at least 6 are needed" in compared["verdict"]
    assert f"add-limit: only in {found['evaluation']}" in compared["left_out"]


TEMPLATE = """
id = "{id}"
title = "One & <two>"
language = "python"
task = "Mend it."
[caps]
time = "5m"
quiet = "{quiet}"
tokens = 1000
[files]
"do.txt" = '''{do}'''
"shop/bill.py" = '''
def split(cents, people):
    if people < 1:
        raise ValueError("nobody pays")
    return [round(cents / people, -1) // 10 * 10 for _ in range(people)]
'''
[hidden_files]
".held/check.py" = '''
import sys
sys.path.append(".")
from shop.bill import split
assert sum(split(100, 3)) == 100
print("held")
'''
[[check]]
name = "shares add up"
run = ["python3", "-I", ".held/check.py"]
says = "held"
"""


def scenarios(root: Path, behaviours: dict[str, str]) -> list[str]:
    """Write a scenario for each way to behave; its tree tells the agent which one it is."""
    names = []
    for name, do in behaviours.items():
        path = root / f"{name}.toml"
        quiet = "1s" if do in ("hang", "waits") else "5m"
        path.write_text(TEMPLATE.format(id=name, do=do, quiet=quiet))
        names.append(str(path))
    return names


@pytest.mark.slow
def test_nobody_passes_who_is_stuck_spends_too_much_or_cheats(
    tmp_path: Path, shared_memory: Path
) -> None:
    outside, marks = tmp_path / "outside", shared_memory / "marks"
    outside.mkdir()
    marks.mkdir()
    seen, prompt = shared_memory / "seen.json", tmp_path / "prompt.md"
    prompt.write_text("Be brief.\n")
    behaviours = {
        "solves": "solve",
        "tells": f"tell {seen}",
        "does-nothing": "nothing",
        "hangs": "hang",
        "overspends": "overspend",
        "dies": "die",
        "writes-the-check": "cheat .held/check.py print('held')",
        "hooks": f"hook {marks}/hooked",
        "lingers": f"linger {marks}/lingers",
        "links": f"link {outside}",
        "leaves": "leave-early",
        "shadows": "cheat unittest.py x",
        "removes": "remove .",
        "removes-ours": "remove ../own.git",
    }
    home = tmp_path / "home"
    names = scenarios(tmp_path, behaviours)
    asked = ("--command", f"{SCRIPTED} as-told", "--prompt", str(prompt), "--seed", "3")
    found = evaluated(home, *names, *asked, "--parallel", "4")
    results = outcomes(found)
    assert {name: each[0] for name, each in results.items()} == {
        "solves": "passed",
        "tells": "passed",
        "does-nothing": "stuck",
        "hangs": "stuck",
        "overspends": "over_budget",
        "dies": "failed",
        "writes-the-check": "passed",  # It solved it too, and what it wrote was laid over.
        "hooks": "failed",
        "lingers": "failed",
        "links": "passed",  # Likewise; nothing was laid through its link.
        "leaves": "failed",
        "removes": "failed",
        "removes-ours": "failed",
        "shadows": "passed",  # It may add files here, and nothing loads them.
    }
    assert "said nothing" not in results["hangs"][1]
    assert results["overspends"][1] == "It used 900,001 tokens; its cap is 1,000."
    assert "exit status 3" in results["dies"][1]
    assert "did not print the expected text" in results["leaves"][1]
    assert list(outside.iterdir()) == []
    assert [each.name for each in marks.iterdir()] == ["lingers"]
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(marks) in str(p.info["cmdline"])]
    assert (found["score"]["passed"], found["score"]["error"]) == (5, 0)
    _sees_the_task_its_seed_and_nothing_of_the_persons_own(found, seen, home)


def _sees_the_task_its_seed_and_nothing_of_the_persons_own(
    found: dict[str, Any], seen: Path, home: Path
) -> None:
    [trial] = [each for each in found["trials"] if each["scenario"] == "tells"]
    context = json.loads(seen.read_text())
    assert context["task"] == "Be brief.\n\nMend it.\n"
    assert context["MISSION_EVAL_SEED"] == str(trial["seed"])
    assert context["TZ"] == "UTC"
    assert context["HOME"].startswith(str(home))
    assert context["cwd"].startswith(str(home))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("assert sum(split(100, 3)) == 100", "pass"), "is solved already"),
        (('says = "held"', 'before = "passes"'), "every check passes before"),
        (('"python3", "-I"', '"no-such-program", "-I"'), "there is no such program"),
        (('"python3", "-I"', '"./check.sh", "-I"'), "none of its files"),
        (
            (
                "[[check]]",
                '[[check]]\nname = "more"\nrun = ["false"]\nbefore = "passes"\n[[check]]',
            ),
            "'more' should pass before anything is done, and ended with status 1",
        ),
    ],
)
def test_a_scenario_that_tells_nothing_is_refused_before_anything_begins(
    tmp_path: Path, change: tuple[str, str], fault: str
) -> None:
    text = TEMPLATE.format(id="odd", do="solve", quiet="5m").replace(*change)
    (tmp_path / "odd.toml").write_text(text)

    async def story() -> None:
        [found] = await scenarios_of([str(tmp_path / "odd.toml")])
        await verified(found, tmp_path / "place", 0, OpenBelow(tmp_path))

    with pytest.raises(Rejected, match=fault):
        asyncio.run(story())


@pytest.mark.parametrize(
    ("agent", "fault"),
    [("nobody", "There is no agent 'nobody' here"), ("tester", "changes no code in a tree")],
)
def test_an_agent_that_changes_no_code_here_is_refused(
    tmp_path: Path, agent: str, fault: str
) -> None:
    done = mission(tmp_path / "home", "eval", "run", "configure-retries", "--agent", agent)
    assert done.returncode in (1, 2), done.stderr
    assert fault in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert not (tmp_path / "home" / "evaluations").exists()


def test_a_file_that_can_not_be_written_is_refused_before_anything_is_tried(
    tmp_path: Path,
) -> None:
    asked = ("configure-retries", "--command", "no-such-program")
    place = tmp_path / "missing" / "tests.xml"
    done = mission(tmp_path / "home", "eval", "run", *asked, "--junit", str(place))
    assert done.returncode == 2, done.stderr
    assert "(--junit) is no directory" in done.stderr.decode()


@pytest.mark.parametrize(
    ("command", "fault"),
    [("no-such-program x", "no program 'no-such-program'"), ("'", "closing"), (" ", "names no")],
)
def test_a_command_that_can_not_be_started_is_refused(command: str, fault: str) -> None:
    with pytest.raises(Rejected, match=fault):
        parse_subject(command, "")


def test_a_command_is_another_one_where_a_file_of_it_is_another(tmp_path: Path) -> None:
    script = tmp_path / "agent.sh"
    script.write_text("echo 1\n")
    one = parse_subject(f"sh {script}", "")
    assert one == parse_subject(f"sh {script}", "")
    assert parse_subject(f"sh {script}", "Be brief.").prompt != one.prompt
    script.write_text("echo 2\n")
    assert parse_subject(f"sh {script}", "").digest != one.digest


def test_a_prompt_that_can_not_be_told_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" ")
    (tmp_path / "odd").write_bytes(b"\xff")
    for name, fault in {"none": "No such file", "empty": "1 bytes", "odd": "no UTF-8"}.items():
        with pytest.raises(Rejected, match=fault):
            prompt_of(str(tmp_path / name))


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        ({"repeat": 0}, "--repeat is 0; it must be 1 to 1,000."),
        ({"parallel": 99}, "--parallel is 99; it must be 1 to 32."),
        ({"seed": -1}, "--seed is -1"),
    ],
)
def test_numbers_have_bounds(numbers: dict[str, int], fault: str) -> None:
    with pytest.raises(Rejected, match=fault):
        refuse_bad_numbers(Namespace(**{"repeat": 1, "parallel": 1, "seed": 0, **numbers}))


@pytest.mark.slow
def test_codex_is_evaluated_with_what_its_models_took(tmp_path: Path, codex_program: Path) -> None:
    [dear] = scenarios(tmp_path, {"dear": "solve"})
    text = Path(dear).read_text().replace("tokens = 1000", 'cost = "0.0001"')
    Path(dear).write_text(text)
    change = "import pathlib; p = pathlib.Path('blog/archive.py'); t = p.read_text(); "
    change += "p.write_text(t.replace('tidy(title)', 'tidy(title.replace(chr(95), chr(32)))'))"
    script = (
        Reply(calls=(codex_command(f'python3 -c "{change}"'),), input_tokens=100, output_tokens=9),
        Reply("The title is mended.", input_tokens=200, output_tokens=5),
    )
    with serving(*script) as models:
        home = furnished(tmp_path / "home", models, "codex", codex_program)
        found = evaluated(home, "shared-helper", dear, "--agent", "coder", "--seed", "1")
    results = {each["scenario"]: each["judged"] for each in found["trials"]}
    assert results["shared-helper"]["outcome"] == "passed"
    assert results["shared-helper"]["files"] == ["blog/archive.py"]
    assert (results["shared-helper"]["tokens"], results["shared-helper"]["cost"]) == (
        314,
        cost(script, "gpt-5.5"),
    )
    assert results["dear"]["outcome"] == "over_budget", results["dear"]
    assert found["subject"]["version"] == "0.169.0"
    assert found["subject"]["model"] == "gpt-5.5"
