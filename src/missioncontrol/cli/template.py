"""`mission workflow template`, and goals that are made from a template on the command line."""

import argparse
from pathlib import Path

from missioncontrol.application.templates import Templates
from missioncontrol.cli.open_home import server_of
from missioncontrol.cli.places import home_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.template import TEXT_MAX, FilledGoal


def goal_from_template(arguments: argparse.Namespace, repository: str) -> FilledGoal:
    """Return the goal that `--template` and `--answer` say.

    Raises:
        Rejected: `template.or_goal`, `template.bad_answer`, or as `Templates.filled`.
    """
    if arguments.goal:
        raise Rejected(
            "template.or_goal",
            "GOAL and --template are two goals.",
            hint="Leave one of them out; `--context` takes what else is to be known.",
        )
    answers = _answers(arguments.answer)
    url = server_of(arguments)
    if not url:
        return Templates(home_of(arguments).root).filled(arguments.template, answers, repository)
    from missioncontrol.cli.server import line_to

    line = line_to(url)
    try:
        asked = {"answers": answers, "repository": repository}
        return line.post(f"/templates/{arguments.template}/goal", asked, FilledGoal)
    finally:
        line.close()


def _answers(texts: list[str]) -> dict[str, str]:
    answers: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Rejected(
                "template.bad_answer",
                f"--answer is {text[:60]!r}.",
                hint="Write the name of a question, `=`, and its answer.",
            )
        if value.startswith("@"):
            value = _file(name, Path(value[1:]))
        answers[name] = f"{answers[name]}\n{value}" if name in answers else value
    return answers


def _file(name: str, path: Path) -> str:
    try:
        with path.open("rb") as opened:
            content = opened.read(4 * TEXT_MAX + 1)
    except OSError as error:
        raise Rejected(
            "template.bad_answer",
            f"The answer to {name!r} is in {str(path)!r}, which can't be read: "
            f"{error.strerror or error}.",
        ) from None
    return content.decode("utf-8", "replace")
