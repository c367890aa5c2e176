"""Templates of missions: questions, and a goal with places for their answers."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.stack_trace import Trace, read_trace

QuestionType = Literal["text", "multiline", "choice", "path", "number", "list"]

QUESTIONS_MAX = 20
LINE_MAX = 1_000
TEXT_MAX = 20_000
ITEMS_MAX = 50
CHOICES_MAX = 30
_PLACE = re.compile(r"\{(?P<asks>\??)(?P<name>[a-z][a-z0-9_]*(?:\.[a-z]+)?)\}")


class TemplateQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that has to be known before the mission begins."""

    name: str
    text: str
    type: QuestionType = "text"
    required: bool = False
    default: str = ""
    example: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()  # of a choice
    reads: Literal["", "stack-trace"] = ""  # what a text is parsed as
    exists: bool = True  # whether a path has to be there already


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A kind of mission, ready to be begun once its questions are answered.

    `{name}` in a text is the answer of that name, and `{?name}` says nothing but needs it. A line
    that needs a missing answer is left out; of variants (“ || ”) the first stands that
    has its answers. A line that begins with `- ` stands once for each item of its list.
    """

    key: str
    title: str
    summary: str
    goal: str
    kind: str = ""  # of work, as the planner knows it
    mission: str = ""  # the title of missions made from it
    constraints: tuple[str, ...] = ()
    context: str = ""
    question: tuple[TemplateQuestion, ...] = ()

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the texts that have places for answers, each with its field."""
        yield "goal", self.goal
        yield "mission", self.mission
        yield "context", self.context
        for text in self.constraints:
            yield "constraints", text


class FilledGoal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a template comes to with its answers."""

    text: str
    title: str
    context: str
    constraints: tuple[str, ...]
    template: str
    kind: str
    begins: tuple[str, ...] = ()  # places of the repository that answers lead to: path:line


class Grounds(msgspec.Struct, frozen=True):
    """What is known of the repository while answers are looked at."""

    files: frozenset[str] | None = None  # relative paths; None where there is no repository
    folders: frozenset[str] = frozenset()


def faults_of(template: Template) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a template: the field, as `question[1].name`, and what it is."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", template.key) or len(template.key) > 60:
        yield "key", f"{template.key[:60]!r} is not made of lower-case words joined by `-`"
    for field in ("title", "summary", "goal"):
        if not getattr(template, field).strip():
            yield field, "is empty"
    if len(template.question) > QUESTIONS_MAX:
        yield (
            "question",
            f"there are {len(template.question)} questions; at most {QUESTIONS_MAX} fit",
        )
    yield from _naming_faults(template)
    known = {question.name for question in template.question}
    known |= {f"{q.name}.{part}" for q in template.question if q.reads for part in TRACE_PARTS}
    for field, text in template.texts():
        for place in _places(text):
            if place not in known:
                yield field, f"{{{place}}} is answered by no question"


def _naming_faults(template: Template) -> Iterator[tuple[str, str]]:
    names: set[str] = set()
    for number, question in enumerate(template.question):
        where = f"question[{number}]"
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", question.name):
            yield f"{where}.name", f"{question.name[:60]!r} is no lower-case word"
        if question.name in names:
            yield f"{where}.name", f"{question.name!r} is asked twice"
        names.add(question.name)
        yield from _question_faults(question, where)


def _question_faults(question: TemplateQuestion, where: str) -> Iterator[tuple[str, str]]:
    if not question.text.strip():
        yield f"{where}.text", "is empty"
    if (question.type == "choice") != bool(question.choices):
        yield f"{where}.choices", "stand where the type is choice, and only there"
    if len(question.choices) > CHOICES_MAX:
        yield f"{where}.choices", f"are more than {CHOICES_MAX}"
    if question.type == "choice" and question.default and question.default not in question.choices:
        yield f"{where}.default", f"{question.default[:60]!r} is none of the choices"
    if question.reads and question.type != "multiline":
        yield f"{where}.reads", "takes a multiline answer"


TRACE_PARTS = ("error", "kind", "place", "function", "frames")


def filled(template: Template, answers: Mapping[str, str], grounds: Grounds) -> FilledGoal:
    """Return the goal that a template comes to.

    Raises:
        Rejected: `template.unanswered`, `template.unknown_question` or `template.bad_answer`, each
            naming the question.
    """
    known = {question.name for question in template.question}
    odd = next((name for name in answers if name not in known), None)
    if odd is not None:
        raise Rejected(
            "template.unknown_question",
            f"Template {template.key!r} asks nothing called {odd[:60]!r}.",
            hint=f"It asks {', '.join(q.name for q in template.question)}." if known else "",
        )
    values: dict[str, str | tuple[str, ...]] = {}
    begins: list[str] = []
    for question in template.question:
        given = answers.get(question.name, "").replace("\r\n", "\n").strip() or question.default
        _refuse_bad_answer(template, question, given, grounds)
        items = tuple(line.strip(" \t-*") for line in given.split("\n") if line.strip(" \t-*"))
        values[question.name] = items if question.type == "list" else given
        if question.reads == "stack-trace" and given:
            trace = read_trace(given, grounds.files)
            begins += [frame.place for frame in trace.inside]
            values |= _of_trace(question.name, trace)
    return FilledGoal(
        _filled(template.goal, values),
        " ".join(_filled(template.mission, values).split())[:300],
        _filled(template.context, values),
        tuple(text for each in template.constraints if (text := _filled(each, values))),
        template.key,
        template.kind,
        tuple(begins),
    )


def _of_trace(name: str, trace: Trace) -> dict[str, str | tuple[str, ...]]:
    first = trace.inside[0] if trace.inside else None
    return {
        f"{name}.error": trace.error,
        f"{name}.kind": trace.kind,
        f"{name}.place": first.place if first else "",
        f"{name}.function": first.function if first else "",
        f"{name}.frames": tuple(frame.label for frame in trace.inside),
    }


def _filled(text: str, values: Mapping[str, str | tuple[str, ...]]) -> str:
    lines: list[str] = []
    for line in text.split("\n"):
        listed = [place for place in _places(line) if isinstance(values.get(place), tuple)]
        if len(listed) == 1 and line.lstrip().startswith("- ") and len(_places(line)) == 1:
            each = f"{{{listed[0]}}}"
            lines += [_ended(line.replace(each, item)) for item in values[listed[0]]]
        else:
            variants = (part.strip() for part in line.split(" || ")) if " || " in line else (line,)
            wanted = (
                each for each in variants if all(values.get(place) for place in _places(each))
            )
            chosen = [_PLACE.sub(lambda found: _answer(found, values), each) for each in wanted]
            lines += [_ended(each) if _places(line) else each for each in chosen[:1]]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _ended(line: str) -> str:
    """Return a line whose sentence ends once, also where its answer brought a full stop along."""
    return re.sub(r"([.?!…])\.+$", r"\1", line.rstrip())


def _places(text: str) -> list[str]:
    return [found["name"] for found in _PLACE.finditer(text)]


def _answer(found: re.Match[str], values: Mapping[str, str | tuple[str, ...]]) -> str:
    return "" if found["asks"] else _join_values(values[found["name"]])


def _join_values(value: str | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return value
    return value[0] if len(value) == 1 else f"{', '.join(value[:-1])} and {value[-1]}"


def _refuse_bad_answer(
    template: Template, question: TemplateQuestion, given: str, grounds: Grounds
) -> None:
    if not given:
        if question.required:
            raise Rejected(
                "template.unanswered",
                f"Template {template.key!r} needs an answer to {question.name!r}: {question.text}",
                hint=f"For example: {question.example}" if question.example else question.help,
            )
        return
    wrong = _wrong(question, given, grounds)
    if wrong:
        raise Rejected(
            "template.bad_answer",
            f"The answer to {question.name!r} ({question.text}) {wrong}.",
            hint=f"For example: {question.example}" if question.example else question.help,
        )


def _wrong(question: TemplateQuestion, given: str, grounds: Grounds) -> str:
    most = TEXT_MAX if question.type in ("multiline", "list") else LINE_MAX
    if len(given) > most:
        return f"has {len(given):,} characters; at most {most:,} fit"
    odd = next((c for c in given if (c < " " and c not in "\n\t") or "\ud800" <= c <= "\udfff"), "")
    if odd:
        return f"holds the control character U+{ord(odd):04X}"
    if question.type not in ("multiline", "list") and "\n" in given:
        return "has more than one line"
    match question.type:
        case "choice" if given not in question.choices:
            return f"is {given[:60]!r}; it must be one of {', '.join(question.choices)}"
        case "number" if not re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", given):
            return f"is {given[:60]!r}, and no number"
        case "list" if given.count("\n") >= ITEMS_MAX:
            return f"has {given.count(chr(10)) + 1} items; at most {ITEMS_MAX} fit"
        case "path":
            return _wrong_path(question, given, grounds)
    return ""


def _wrong_path(question: TemplateQuestion, given: str, grounds: Grounds) -> str:
    parts = given.rstrip("/").split("/")
    if given.startswith(("/", "~")) or ".." in parts or "\\" in given:
        return f"is {given[:200]!r}, and no path below the repository"
    path = "/".join(part for part in parts if part not in ("", "."))
    is_there = grounds.files is None or path in grounds.files or path in grounds.folders or not path
    if question.exists and not is_there:
        return f"is {given[:200]!r}, which the repository does not have"
    return ""
