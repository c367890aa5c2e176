import argparse
import re
from pathlib import Path

from missioncontrol.cli.arguments import parser
from missioncontrol.cli.manual import manual

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```[a-z]*\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in re.split(r"\n| · ", block)]
USAGE = [line.strip().removeprefix("$ ") for line in LINES]


def verbs_of(top: argparse.ArgumentParser, prefix: str = "mission") -> dict[str, set[str]]:
    """Return every verb with its options."""
    found: dict[str, set[str]] = {}
    needs_more = False
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            needs_more = action.required
            for name, verb in action.choices.items():
                found |= verbs_of(verb, f"{prefix} {name}")
    own = {text for action in top._actions for text in action.option_strings if text[:2] == "--"}
    alone = {} if needs_more else {prefix: own - {"--help", "--version"}}
    if f"{prefix} list" in found:  # `mission runs` alone lists them
        alone[prefix] = set()
    return {**found, **alone}


def test_the_readme_shows_only_commands_that_exist() -> None:
    verbs = verbs_of(parser())
    shown = {line for line in USAGE if line.startswith("mission ")}
    assert shown
    for line in shown:
        assert any(re.match(rf"{verb}(?![a-z-])", line) for verb in verbs), line


def test_every_option_that_the_readme_shows_exists() -> None:
    options = set[str]().union(*verbs_of(parser()).values())
    shown = {
        option
        for line in USAGE
        if line.startswith("mission ")
        for option in re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", line)
    }
    assert shown <= options | {"--help", "--version"}


def test_the_reference_of_commands_is_what_the_program_takes() -> None:
    """`python -m missioncontrol.cli.manual > docs/reference/commands.md` writes it anew."""
    reference = ROOT / "docs" / "reference" / "commands.md"
    assert reference.read_text(encoding="utf-8") == manual()
