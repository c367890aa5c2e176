"""The guide to workflow files says what is so: its tables, its files and its commands."""

import re
import shlex
from pathlib import Path

import pytest

from missioncontrol.adapters.agents.command import CARD
from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.workflow_files.reader import read_all
from missioncontrol.app.builtin_agents import AGENT_CARDS
from missioncontrol.application.acceptance import WORK_BYTES_MAX
from missioncontrol.application.expansion import ITEMS_MAX
from missioncontrol.cli.arguments import parser
from missioncontrol.domain.agent import MEANINGS, Shape
from missioncontrol.domain.budget.scopes import BUILT_IN
from missioncontrol.domain.definition import Definition, faults, vocabulary
from missioncontrol.domain.definition.calls import DEPTH_MAX
from missioncontrol.domain.definition.step_reading import ATTEMPTS_MAX, ROUNDS_MAX
from missioncontrol.domain.definition.value_reader import STEPS_MAX as FILE_STEPS_MAX
from missioncontrol.domain.expression import FUNCTIONS, NAMES, SOURCE_CHARACTERS_MAX
from missioncontrol.domain.run.resolution import STEPS_MAX
from missioncontrol.domain.step import ApprovalRule, Repeat
from tests.application import truth_tables
from tests.cli.test_documentation import verbs_of
from tests.guides.terminal import Terminal

GUIDE = (Path(__file__).parents[2] / "docs/guides/workflows.md").read_text("utf-8")
Row = tuple[str, ...]


def table(*head: str) -> list[Row]:
    """Return the rows of the table of the guide with this head."""
    lines = GUIDE.splitlines()
    found = [n for n, line in enumerate(lines) if cells(line) == head]
    assert len(found) == 1, f"{head} heads {len(found)} tables"
    rows = []
    for line in lines[found[0] + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(cells(line))
    return rows


def cells(line: str) -> Row:
    parts = re.split(r"(?<!\\)\|", line.strip().strip("|")) if line.startswith("|") else []
    return tuple(part.strip().strip("`").replace("\\|", "|") for part in parts)


def words(text: str) -> list[str]:
    return re.findall(r"[\w.?-]+", text)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


# Tables of what follows from what: those that are tested, in tests/application.


def test_how_the_end_of_a_need_counts() -> None:
    rows = table("how a need ended", "it counts as")
    assert dict(rows) == truth_tables.COUNTS  # type: ignore[arg-type]


def test_how_several_needs_count_together() -> None:
    rows = table("one need", "another need", "together")
    assert {(a, b): both for a, b, both in rows} == truth_tables.TOGETHER


def test_what_a_condition_comes_to() -> None:
    rows = table("if", *truth_tables.STANDINGS)
    assert {first: tuple(rest) for first, *rest in rows} == truth_tables.CONDITIONS


def test_what_follows_from_the_end_of_a_step() -> None:
    rows = table("the step", "on_failure", "what needs it", "the handler", "the run")
    assert {(a, b): tuple(rest) for a, b, *rest in rows} == truth_tables.ON_FAILURE


def test_what_a_handler_does() -> None:
    rows = table("other needs of the handler", "its `if", "after a failure it")
    assert {(a, b): does for a, b, does in rows} == truth_tables.HANDLER


def test_how_a_cancelled_step_ends() -> None:
    rows = table("a step that is", "ends as")
    assert dict(rows) == truth_tables.CANCEL  # type: ignore[arg-type]


# Tables of what there is.


@pytest.mark.parametrize(
    ("head", "keys"),
    [
        ("workflow", vocabulary.WORKFLOW),
        ("input", vocabulary.INPUT),
        ("step", vocabulary.STEP),
    ],
)
def test_every_key_is_there_and_no_other(head: str, keys: dict[str, str]) -> None:
    listed = [row[0] for row in table(head, "value", "meaning")]
    assert sorted(listed) == sorted(keys)


def test_every_key_of_a_part_is_there_and_no_other() -> None:
    listed = [row[:2] for row in table("part of", "key", "value", "meaning")]
    parts = {
        "budget": vocabulary.BUDGET,
        "approval": vocabulary.APPROVAL,
        "escalate": vocabulary.ESCALATE,
        "retry": vocabulary.RETRY,
        "timeout": vocabulary.TIMEOUT,
        "concurrency": vocabulary.CONCURRENCY,
        "repeat": vocabulary.REPEAT,
    }
    assert listed == [(part, key) for part, keys in parts.items() for key in keys]


def test_every_effect_is_there_with_its_tier() -> None:
    rows = table("effect", "tier", "meaning")
    assert rows == [(name, e.risk, e.meaning) for name, e in MEANINGS.items()]


def optional(shape: Shape) -> list[str]:
    return [f"{name}{'' if each.required else '?'}" for name, each in shape.fields.items()]


def test_every_agent_is_there_with_what_it_takes_and_hands_back() -> None:
    rows = table("agent", "takes", "hands back", "files")
    assert {row[0] for row in rows} == set(AGENT_CARDS)
    for name, takes, gives, files in rows:
        card = AGENT_CARDS[name]
        assert sorted(words(gives)) == sorted(optional(card.output)), name
        if card is not CARD:
            assert sorted(words(takes)) == sorted(optional(card.inputs)), name
            assert words(files) == list(card.artifacts), name


def test_every_input_of_a_command_is_there() -> None:
    rows = table("with` of `command", "meaning")
    assert [row[0] for row in rows] == list(CARD.inputs.fields)


def test_every_name_of_an_expression_is_there() -> None:
    rows = table("name", "what it is", "where")
    named = {re.split(r"[.(\[]", word)[0] for row in rows for word in words(row[0])}
    assert {*NAMES, *FUNCTIONS} <= named


def test_every_bound_is_as_it_is_told() -> None:
    documented = {what: words(most.replace(",", ""))[0] for what, most in table("of", "at most")}
    assert documented == {
        "steps in a file, with all that it calls": str(FILE_STEPS_MAX),
        "items of a list": str(ITEMS_MAX),
        "steps of a run, with all that they became": str(STEPS_MAX),
        "calls within calls": str(DEPTH_MAX),
        "attempts": str(ATTEMPTS_MAX),
        "rounds": str(ROUNDS_MAX),
        "what a step hands back, as JSON": str(WORK_BYTES_MAX // 2**20),
        "characters of an expression": str(SOURCE_CHARACTERS_MAX),
    }


def test_defaults_are_as_they_are_told() -> None:
    assert f"{BUILT_IN.tokens:,} tokens" in GUIDE
    assert f"{Repeat('x').times} is the default" in GUIDE
    assert f"{ApprovalRule().expires_seconds / 86_400:g} days is the default" in GUIDE


def test_exit_codes_are_those_of_the_program() -> None:
    codes = [row[0] for row in table("exit code", "meaning")]
    text = parser().format_help().replace("\n", " ")
    assert codes == re.findall(r"(\d) \w", text.partition("exit codes:")[2])


# Files and commands.


def test_every_file_could_be_saved() -> None:
    saved: dict[tuple[str, int | None], Definition] = {}
    for text in blocks("yaml"):
        definition, marks, found = read_all(text, "guide.yaml")
        wrong = faults(
            definition,
            marks,
            AGENT_CARDS,
            CelExpressions(),
            lambda name, version: saved.get((name, version)),
            found=found,
        )
        assert not wrong, [fault.describe("guide.yaml") for fault in wrong]
        saved[definition.name, None] = definition
    assert len(saved) >= 5


def test_every_command_exists_with_its_options() -> None:
    verbs = verbs_of(parser())
    typed = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    shown = [*typed, *re.findall(r"`(mission [^`]+)`", GUIDE)]
    commands = [line for line in shown if line.startswith("mission ")]
    assert len(commands) > 10
    for command in commands:
        parts = shlex.split(command)
        verb = next((v for n in (3, 2) if (v := " ".join(parts[:n])) in verbs), "")
        assert verb, command
        options = {part.partition("=")[0] for part in parts if part.startswith("--")}
        assert options <= verbs[verb], command


@pytest.mark.journey
def test_the_first_workflow_runs_as_it_is_shown(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        assert terminal.follow(GUIDE) >= 5
