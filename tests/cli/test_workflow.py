"""`mission workflow` as a person or a program meets it."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.workflows import Library, Saved
from missioncontrol.cli.workflow import schema, workflow
from missioncontrol.cli.workflow_arguments import add_workflow
from missioncontrol.domain.errors import NotFound, Rejected
from tests.application.shelf import Shelf

FIRST = """name: tidy
description: Tidies up.
inputs:
  tag: {type: string, pattern: 'v\\d+', description: What is released}
  level: {type: integer, default: 3}
budget: {cost: 2.00 USD, tokens: 400000}
timeout: 1h
outputs: {all: "${{ steps.test.output }}"}
steps:
  test: {agent: changer, retry: 3, on_failure: tell}
  tell: {agent: changer}
  push:
    title: Push the tag
    agent: changer
    needs: test
    if: inputs.level > 1
    risk: irreversible
    with: {argv: [git, push, "${{ inputs.tag }}"]}
"""
SECOND = FIRST.replace("retry: 3, ", "").replace("2.00 USD", "3.00 USD").replace("1h", "2h") + (
    "  each: {agent: changer, for_each: [1, 2], concurrency: 2, approval: {from: [alice, bob]}}\n"
)
BAD = "name: tidy\nsteps:\n  a: {agent: chnger}\n  b: {agent: changer, needs: [c]}\n"


class Desk:
    """A home of its own, without other users."""

    def __init__(self, path: Path) -> None:
        self.shelf = Shelf(path)
        self.path = path

    @property
    def library(self) -> Library:
        return self.shelf.library

    def save(self, text: str, file: str) -> Saved:
        return self.shelf.do(self.shelf.workflows.save(text, file, actor="user:alice"))

    def file(self, text: str, name: str = "tidy.yaml") -> str:
        """Write a file and return its name."""
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def mission(self, *arguments: str) -> int:
        """Do what one command line says."""
        top = argparse.ArgumentParser()
        home = argparse.ArgumentParser(add_help=False)
        add_workflow(top.add_subparsers(), home, int)
        chosen = top.parse_args(["workflow", *arguments])
        return schema(chosen) if chosen.workflow == "schema" else workflow(chosen, self)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("COLUMNS", "80")
    return Desk(tmp_path)


def answer(desk: Desk, output: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Return the JSON that a command line prints."""
    desk.mission(*arguments, "--json")
    return json.loads(output.readouterr().out)


def test_a_file_without_faults_is_said_to_be_fine(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    name = desk.file(FIRST)
    assert desk.mission("check", name) == 0
    assert capsys.readouterr().out == f"{name}: nothing is wrong with 'tidy', 3 steps.\n"


def test_faults_are_lines_that_editors_jump_to_and_nothing_is_saved(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    name = desk.file(BAD)
    lines = (
        f"{name}:3: steps.a.agent: There is no agent 'chnger'. Did you mean 'changer'?\n"
        f"{name}:4: steps.b.needs[0]: There is no step 'c'. Known: a, b.\n"
    )
    assert desk.mission("check", name) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (lines, f"2 faults in {name}.\n")
    assert desk.mission("save", name) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (lines, f"2 faults in {name}.\nNothing was saved.\n")
    assert answer(desk, capsys, "list") == []


def test_faults_are_json_for_programs(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(desk, capsys, "check", desk.file(BAD))
    assert [(fault["line"], fault["thing"]) for fault in found["faults"]] == [
        (3, "steps.a.agent"),
        (4, "steps.b.needs[0]"),
    ]


def test_saving_tells_the_version_and_saving_again_that_nothing_changed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    name = desk.file(FIRST)
    desk.mission("save", name)
    desk.mission("save", desk.file(SECOND))
    desk.mission("save", desk.file(FIRST))
    assert capsys.readouterr().out == (
        "tidy is saved as version 1.\n"
        "tidy is saved as version 2.\n"
        "tidy version 1 says the same already; nothing was saved.\n"
        "The newest is version 2. To make this the newest again, write `version: 3` into the "
        "file.\n"
    )


def test_a_workflow_is_shown_as_people_would_tell_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.mission("save", desk.file(SECOND))
    capsys.readouterr()
    assert desk.mission("show", "tidy") == 0
    assert capsys.readouterr().out == (
        "tidy  version 1\n"
        "  Tidies up.\n"
        "  saved     2026-09-21 14:13:20 UTC by user:alice\n"
        "  budget    3.00 USD, 400,000 tokens\n"
        "  limits    64 steps at once, 2h in all\n"
        "\n"
        "inputs\n"
        "  tag    string · required · matches v\\d+ — What is released\n"
        "  level  integer · default 3\n"
        "\n"
        "steps\n"
        "   1 test  changer  write\n"
        "           if it fails, run tell\n"
        "   2 tell  changer  write\n"
        "           when test fails\n"
        "   3 push  changer  irreversible\n"
        "           Push the tag\n"
        "           after test · if inputs.level > 1 · approval by an approver\n"
        "   4 each  changer  write\n"
        "           for each of [1,2], 2 at once · approval from alice and bob, expires\n"
        "           7d\n"
        "\n"
        "outputs\n"
        "  all  ${{ steps.test.output }}\n"
    )


def test_versions_are_compared_by_what_they_mean(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.mission("save", desk.file(FIRST))
    desk.mission("save", desk.file(SECOND))
    capsys.readouterr()
    desk.mission("diff", "tidy", "1", "2")
    assert capsys.readouterr().out == (
        "~ budget\n"
        "    ~ cost: 2.00 USD → 3.00 USD\n"
        "~ timeout: 1h → 2h\n"
        "~ steps.test\n"
        "    - retry: 3\n"
        "+ steps.each\n"
        "    + agent: changer\n"
        "    + for_each: [1,2]\n"
        '    + approval.from: ["alice","bob"]\n'
        "    + approval.expires: 7d\n"
        "    + concurrency: 2\n"
    )
    desk.mission("diff", "tidy", "2", "2")
    assert capsys.readouterr().out == "Versions 2 and 2 say the same.\n"
    assert [each["thing"] for each in answer(desk, capsys, "diff", "tidy", "1", "2")] == [
        "budget",
        "timeout",
        "steps.test",
        "steps.each",
    ]


def test_what_is_exported_is_what_was_saved_and_can_be_imported(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.mission("save", desk.file(f"# why\n{FIRST}"))
    output = desk.path / "out.yaml"
    assert desk.mission("export", "tidy", "--output", str(output)) == 0
    assert output.read_text("utf-8") == f"# why\n{FIRST}"
    capsys.readouterr()
    assert desk.mission("import", str(output)) == 0
    message = "tidy version 1 says the same already; nothing was saved.\n"
    assert capsys.readouterr().out == message


def test_a_list_names_versions_and_what_they_are_for(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.mission("list")
    assert capsys.readouterr().out == (
        "No workflows yet. `mission workflow save FILE` saves one.\n"
    )
    desk.mission("save", desk.file(FIRST))
    desk.mission("save", desk.file("name: other\nsteps:\n  a: {agent: changer}\n"))
    capsys.readouterr()
    desk.mission("list")
    assert capsys.readouterr().out == (
        "other  version 1     1 step      2026-09-21 14:13\n"
        "tidy   version 1     3 steps     2026-09-21 14:13  Tidies up.\n"
    )


def test_the_schema_needs_no_home(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.mission("schema")
    assert json.loads(capsys.readouterr().out)["title"] == "Mission Control workflow"


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    with pytest.raises(NotFound, match="There is no file '/nowhere'"):
        desk.mission("check", "/nowhere")
    with pytest.raises(Rejected, match="is a directory"):
        desk.mission("save", str(desk.path))


def test_what_a_file_says_can_not_steer_a_terminal(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'name: tidy\nsteps:\n  a: {agent: changer, "b\\e[31m": 1, title: "\\u202e x"}\n'
    desk.mission("check", desk.file(text))
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    desk.mission("save", desk.file(text.replace('"b\\e[31m": 1, ', "")))
    desk.mission("show", "tidy")
    assert "\u202e" not in capsys.readouterr().out


GITHUB = """name: CI
on: [push]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make test
"""


def test_what_an_import_leaves_out_is_listed_with_lines(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    name, output = desk.file(GITHUB, "ci.yml"), desk.path / "ours.yaml"
    assert desk.mission("import", name, "--output", str(output)) == 0
    errors = capsys.readouterr().err
    assert f"{name}:5: jobs.build.runs-on: " in errors
    assert errors.endswith(f"left out.\nWritten to {output}.\n")
    assert "\nname: ci\n" in output.read_text("utf-8")
    assert answer(desk, capsys, "list") == []


def test_an_import_that_can_not_be_saved_can_be_written_to_be_mended(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.mission("import", desk.file(GITHUB, "ci.yml")) == 2  # No agent runs commands.
    captured = capsys.readouterr()
    assert "There is no agent 'command'" in captured.out
    assert captured.err.endswith("writes it for you to mend.\n")


def test_programs_are_answered_in_json(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    name = desk.file(FIRST)
    assert answer(desk, capsys, "check", name) == {"file": name, "faults": [], "name": "tidy"}
    assert answer(desk, capsys, "save", desk.file(BAD))["faults"][0]["line"] == 3
    assert answer(desk, capsys, "save", desk.file(FIRST))["version"] == 1
    shown = answer(desk, capsys, "show", "tidy")
    assert shown["definition"]["version"] == 1
    assert shown["tiers"] == {"test": "write", "tell": "write", "push": "irreversible"}
    assert [row["name"] for row in answer(desk, capsys, "list")] == ["tidy"]


def test_another_order_is_one_line_of_a_comparison(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.mission(
        "save", desk.file("name: x\nsteps:\n  a: {agent: changer}\n  b: {agent: changer}\n")
    )
    desk.mission(
        "save", desk.file("name: x\nsteps:\n  b: {agent: changer}\n  a: {agent: changer}\n")
    )
    capsys.readouterr()
    desk.mission("diff", "x", "1", "2")
    assert capsys.readouterr().out == "~ steps: in another order\n"


def test_every_term_of_a_step_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    text = """name: tidy
inputs: {env: {enum: [dev, prod], required: false}}
steps:
  a: {agent: changer, retry: 3, concurrency: {key: k, limit: 2}}
  b:
    agent: changer
    needs: a
    if: always()
    retry: {attempts: 2, wait: 5s}
    repeat: {until: output.done, times: 3}
    on_failure: continue
    artifacts: a.json
"""
    desk.mission("save", desk.file(text))
    desk.mission("show", "tidy")
    shown = " ".join(capsys.readouterr().out.split())
    assert "string · may be left out · one of dev, prod" in shown
    assert "2 at once with key k · 3 attempts" in shown
    assert (
        "once a ended, however · if always() · retry attempts 2, backoff exponential, wait 5s, "
        "max_wait 1m · repeat until output.done, times 3 · artifacts a.json · if it fails, go on"
    ) in shown


def test_columns_hold_and_no_tier_is_lost_where_there_is_little_room(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """name: tidy
inputs: {tag: {pattern: 'v\\d+'}}
outputs: {a: 1, changed: "${{ steps.publish-notes.output }}"}
steps:
  test: {workflow: other-tests}
  publish-notes: {agent: changer, effects: pushes}
""".replace("steps.publish-notes", "steps['publish-notes']")
    desk.mission("save", desk.file("name: other-tests\nsteps:\n  a: {agent: changer}\n"))
    desk.mission("save", desk.file(text))
    capsys.readouterr()
    desk.mission("show", "tidy")
    shown = capsys.readouterr().out
    assert "matches v\\d+\n" in shown
    assert (
        "   1 test           workflow other-tests  write\n"
        "   2 publish-notes  changer               irreversible\n"
    ) in shown
    assert "  a        1\n  changed  ${{" in shown
    monkeypatch.setenv("COLUMNS", "40")
    desk.mission("show", "tidy")
    narrow = capsys.readouterr().out
    assert NARROW in narrow
    assert max(map(len, narrow.splitlines())) <= 40


NARROW = """
   1 test
                    workflow other-tests
                    write
   2 publish-notes
                    changer irreversible
"""
