"""A fault of a command line is reported once, by the verb that it is about."""

import re

import pytest

from missioncontrol.cli.arguments import parse, parser
from missioncontrol.cli.manual import manual
from missioncontrol.cli.nouns import EARLIER, current_spelling


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "--workflow", "a", "--workflow", "b"),
        ("runs", "--workflow=a", "--workflow=a"),
        ("audit", "search", "--text", "a", "--workflow", "a", "--workflow", "b"),
        ("schedule", "add", "n", "--workflow", "a", "--cron", "@daily", "--workflow", "b"),
    ],
)
def test_an_option_of_one_value_that_comes_twice_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    message = refusal(capsys, *words)
    assert "--workflow is given twice; give it once." in message
    assert message.startswith(f"mission {words[0]}")


def test_options_that_may_be_repeated_and_flags_are_taken_as_before() -> None:
    chosen = parse(["workflow", "run", "w", "--input", "a=1", "--input", "b=2", "--json", "--json"])
    assert chosen.input == ["a=1", "b=2"]
    assert chosen.json is True


def test_one_parser_reads_several_command_lines() -> None:
    top = parser()
    for name in ("a", "b"):
        assert top.parse_args(["runs", "list", "--workflow", name]).workflow == name


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (("audit", "export", "--output", "x", "--json"), "mission audit export"),
        (("runs", "--nope"), "mission runs list"),
        (("--nope", "runs"), "mission"),
    ],
)
def test_what_a_verb_does_not_know_names_that_verbs_own_help(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], verb: str
) -> None:
    message = refusal(capsys, *words)
    assert message.startswith(f"{verb}: unrecognized arguments: --")
    assert message.endswith(f"`{verb} --help` tells more.\n")


def test_the_help_of_an_export_says_that_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["audit", "export", "--help"])
    assert "as a line of JSON" in capsys.readouterr().out


def test_the_list_of_verbs_names_searching(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    assert "check the log, search it, or write it out" in " ".join(capsys.readouterr().out.split())


def test_the_reference_says_everything_once_and_ends_its_sentences() -> None:
    rows = [row for row in manual().splitlines() if row.startswith("| `")]
    for row in rows:
        meaning = row.split(" | ", 1)[1].removesuffix("|").strip()
        assert not meaning.endswith((".", ",", ";", ":")), row
        assert "Required" not in meaning, row
        parts = [part.strip() for part in meaning.split(";")]
        assert len(set(parts)) == len(parts), row
    assert "| `SCOPE` | workspace, workflow, agent, model, run, step |" in rows
    assert "| `WHAT` | one of agent, actor, workspace |" in rows


@pytest.mark.parametrize(("earlier", "current"), EARLIER.items())
def test_an_earlier_spelling_still_works_and_is_not_in_the_help(earlier: str, current: str) -> None:
    assert current_spelling([earlier, "x"]) == [*current.split(), "x"]
    before = ["--home", "here", "--server=there"]
    assert current_spelling([*before, earlier]) == [*before, *current.split()]
    assert parser().get_default("verb") is None
    assert f"\n  {earlier} " not in parser().format_help()
    assert f"\n## mission {current}" in manual()


def test_runs_alone_lists_them_and_its_help_names_its_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["runs"], ["runs", "--status", "failed"], ["runs", "list"]):
        assert parse(words).declared == "run.list"
    assert parse(["runs", "show", "last"]).verb == "show"
    with pytest.raises(SystemExit):
        parse(["runs", "--help"])
    assert "replay" in capsys.readouterr().out


def test_the_help_has_at_most_twenty_nouns() -> None:
    nouns = parser().format_help().partition("nouns;")[2].partition("options:")[0]
    assert 10 < len(re.findall(r"^  \w", nouns, re.MULTILINE)) <= 20
