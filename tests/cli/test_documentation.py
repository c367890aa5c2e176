import argparse
import re
from pathlib import Path

from missioncontrol.cli.arguments import parser

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```[a-z]*\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in re.split(r"\n| · ", block)]
USAGE = [line.strip().removeprefix("$ ") for line in LINES]


def verbs_of(top: argparse.ArgumentParser, prefix: str = "mission") -> dict[str, set[str]]:
    """Return every verb with its options."""
    found: dict[str, set[str]] = {}
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, verb in action.choices.items():
                found |= verbs_of(verb, f"{prefix} {name}")
    own = {text for action in top._actions for text in action.option_strings if text[:2] == "--"}
    return found or {prefix: own - {"--help", "--version"}}


def test_the_readme_lists_every_verb_and_no_other() -> None:
    verbs = verbs_of(parser())
    nouns = "audit"
    documented = {
        " ".join(found.groups(default="")).strip()
        for line in USAGE
        if (found := re.match(rf"(mission) ((?:{nouns} )?[a-z]+)(?![\w-])", line))
    }
    assert documented == set(verbs)


def test_every_option_is_documented_and_every_documented_option_exists() -> None:
    options = set[str]().union(*verbs_of(parser()).values())
    shown = {
        option
        for line in USAGE
        if line.startswith("mission ")
        for option in re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", line)
    }
    mentioned = set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", README))
    assert shown <= options | {"--help", "--version"}
    assert options <= mentioned
