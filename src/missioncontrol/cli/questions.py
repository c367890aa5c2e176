"""`mission questions`: what steps ask people in the middle of their work, and the answers."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from missioncontrol.adapters.agents.schemas import shape_of
from missioncontrol.application.tool_permissions import AnswerGiven
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.identity import IN_ATTEMPT
from missioncontrol.cli.output import columns, print_json, print_text
from missioncontrol.cli.text import duration
from missioncontrol.domain.agent import misfit
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.question import Question, unknown_question
from missioncontrol.domain.visible import visible

PREFIX_MIN = 4
"""Characters of an id, after its kind: fewer may match one by mistake."""


class QuestionDesk(Protocol):
    """What these verbs need of a home, whether or not an engine holds it."""

    def questions(self) -> Sequence[Question]:
        """Return what people are asked now, oldest first."""
        ...

    def deliver(self, ask: AnswerGiven) -> Any:
        """Send the answer to the engine; return once it is on disk."""
        ...


def questions(
    arguments: argparse.Namespace,
    desk: QuestionDesk,
    *,
    environment: Mapping[str, str],
    now: float,
) -> int:
    """Do what `mission questions` was asked for; `now` is in seconds since the epoch."""
    if arguments.questions == "list":
        return _list(arguments, desk, now)
    question = _found(desk, arguments.question)
    if arguments.questions == "show":
        return _show(arguments, question, now)
    if environment.get(IN_ATTEMPT):
        raise Rejected(
            "question.by_agent",
            f"This command was started by an agent at work ({IN_ATTEMPT} is set), "
            "and questions are for people.",
            hint="A person answers, in a terminal of their own.",
        )
    answer = _answer(arguments)
    if problem := misfit(answer, shape_of(question.asked.form)):
        raise Rejected(
            "question.bad_answer",
            f"The answer does not fit: {problem}.",
            hint=f"`mission questions show {question.asked.question}` shows its form.",
        )
    desk.deliver(AnswerGiven(question.asked.question, answer))
    if arguments.json:
        print_json({"question": question.asked.question, "answered": True})
    else:
        print_text(
            visible(f"{question.asked.question} is answered; {question.asked.step} goes on.\n")
        )
    return SUCCEEDED


def _found(desk: QuestionDesk, prefix: str) -> Question:
    if len(prefix.removeprefix("question-")) < PREFIX_MIN:
        raise Rejected(
            "question.bad_id",
            f"ID is {prefix!r}; give at least {PREFIX_MIN} characters of it.",
            hint="`mission questions list` shows the ids.",
        )
    found = [each for each in desk.questions() if each.asked.question.startswith(prefix)]
    if len(found) > 1:
        names = ", ".join(each.asked.question for each in found[:5])
        raise Rejected(
            "question.ambiguous", f"{prefix!r} begins several questions: {names}.", hint="Say more."
        )
    if not found:
        raise unknown_question(prefix)
    return found[0]


def _answer(arguments: argparse.Namespace) -> Any:
    if arguments.set and arguments.answer is not None:
        raise Rejected(
            "question.bad_answer", "--answer and --set are both given.", hint="Give one of them."
        )
    if arguments.answer is not None:
        return _read(arguments.answer)
    if not arguments.set:
        raise Rejected(
            "question.bad_answer",
            "There is no answer.",
            hint="Give --answer JSON, or --set FIELD=VALUE for each field.",
        )
    fields = {}
    for text in arguments.set:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Rejected(
                "question.bad_answer", f"--set is {text[:60]!r}.", hint="Write FIELD=VALUE."
            )
        fields[name] = _read(value)
    return fields


def _read(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def view(question: Question) -> dict[str, Any]:
    """Return a question as JSON tells it. Times are seconds since the epoch."""
    asked: dict[str, Any] = msgspec.to_builtins(question.asked)
    return {"since": question.since, "to": [], **asked}


def _list(arguments: argparse.Namespace, desk: QuestionDesk, now: float) -> int:
    found = desk.questions()
    if arguments.json:
        print_json([view(each) for each in found])
        return SUCCEEDED
    for each in found:
        to = f" · for {', '.join(each.asked.to)}" if each.asked.to else ""
        print_text(visible(f"{each.asked.question}  {each.asked.title}\n"))
        waits = duration(max(0.0, now - each.since))
        print_text(visible(f"    {each.asked.step} of {each.asked.run} waits for {waits}{to}\n"))
    if not found:
        print_text("No step asks anything.\n")
    return SUCCEEDED


def _show(arguments: argparse.Namespace, question: Question, now: float) -> int:
    if arguments.json:
        print_json(view(question))
        return SUCCEEDED
    for line in _sheet(question, now, columns()):
        print_text(f"{line}\n")
    return SUCCEEDED


def _sheet(question: Question, now: float, width: int) -> Iterator[str]:
    asked = question.asked
    yield from wrapped(asked.title, width)
    yield ""
    yield visible(f"  step     {asked.step} of {asked.run}")
    yield f"  waits    for {duration(max(0.0, now - question.since))}"
    if asked.to:
        yield visible(f"  for      {', '.join(asked.to)}")
    for name, value in asked.detail.items():
        shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        yield from wrapped(f"{name}: {shown}", width, "  ", "    ")
    yield "  answer   " + visible(msgspec.json.encode(asked.form).decode())
    yield ""
    yield f"`mission questions answer {asked.question} --answer JSON` answers it."
