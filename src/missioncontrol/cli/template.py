"""`mission workflow template`, and goals that are made from a template on the command line."""

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.application.templates import TemplateFile, Templates
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.open_home import server_of
from missioncontrol.cli.output import columns, print_json, print_text
from missioncontrol.cli.places import home_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.template import TEXT_MAX, FilledGoal, TemplateQuestion
from missioncontrol.domain.visible import visible

if TYPE_CHECKING:
    from missioncontrol.adapters.server_line import ServerLine


class _Items(msgspec.Struct):
    items: list[TemplateFile]


def template(arguments: argparse.Namespace) -> int:
    """Do what `mission workflow template VERB` was asked for."""
    if arguments.template_verb == "list":
        return _list(arguments, _all(arguments))
    return _show(arguments, _one(arguments, arguments.key))


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
    line = _line(arguments)
    if line is None:
        return Templates(home_of(arguments).root).filled(arguments.template, answers, repository)
    try:
        asked = {"answers": answers, "repository": repository}
        return line.post(f"/templates/{arguments.template}/goal", asked, FilledGoal)
    finally:
        line.close()


def _line(arguments: argparse.Namespace) -> "ServerLine | None":
    url = server_of(arguments)
    if not url:
        return None
    from missioncontrol.cli.server import line_to

    return line_to(url)


def _all(arguments: argparse.Namespace) -> list[TemplateFile]:
    line = _line(arguments)
    if line is None:
        return Templates(home_of(arguments).root).all()
    try:
        return line.get("/templates?limit=200", _Items).items
    finally:
        line.close()


def _one(arguments: argparse.Namespace, key: str) -> TemplateFile:
    line = _line(arguments)
    if line is None:
        return Templates(home_of(arguments).root).get(key)
    try:
        return line.get(f"/templates/{key}", TemplateFile)
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


def _list(arguments: argparse.Namespace, found: list[TemplateFile]) -> int:
    if arguments.json:
        print_json([_view(each) for each in found])
        return SUCCEEDED
    room = max(len(each.template.key) for each in found)
    for each in found:
        line = f"{each.template.key:<{room}}  {each.template.summary}"
        own = " (of this home)" if each.is_own else ""
        lines = textwrap.wrap(
            line + own,
            max(columns(), 60),
            subsequent_indent=" " * (room + 2),
            break_on_hyphens=False,
        )
        print_text(visible("\n".join(lines)) + "\n")
    return SUCCEEDED


def _view(found: TemplateFile) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(found.template)
    return {**fields, "file": found.file, "is_own": found.is_own}


def _show(arguments: argparse.Namespace, found: TemplateFile) -> int:
    if arguments.json:
        print_json(_view(found))
        return SUCCEEDED
    template = found.template
    lines = [f"{template.key}  {template.title}", f"  {template.summary}", ""]
    for question in template.question:
        lines += _question_lines(question)
    lines += ["", "goal", *(f"  {line}" for line in template.goal.strip().split("\n"))]
    lines += ["", "constraints", *(f"  {each}" for each in template.constraints)]
    required = [each for each in template.question if each.required and not each.default]
    answers = " ".join(f"--answer {each.name}=…" for each in required)
    lines += ["", f"mission run --repo PATH --template {template.key} {answers}".rstrip()]
    print_text(visible("\n".join(lines)) + "\n")
    return SUCCEEDED


def _question_lines(question: TemplateQuestion) -> list[str]:
    about = "one of these" if question.type == "choice" else str(question.type)
    about += ", required" if question.required and not question.default else ""
    lines = [f"  {question.name} ({about}): {question.text}"]
    lines += [f"      {each}" for each in question.choices]
    lines += [f"    by default: {question.default}"] if question.default else []
    lines += [f"    for example: {question.example}"] if question.example else []
    lines += [f"    {question.help}"] if question.help else []
    return lines
