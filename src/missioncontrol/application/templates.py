"""Templates of missions: those that come with the program, and a home's own, which go before."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.template import FilledGoal, Grounds, Template, faults_of, filled

FOLDER = "templates"
BYTES_MAX = 100_000
OWN_MAX = 200
FILES_MAX = 50_000
SKIPPED = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox"})


class TemplateFile(msgspec.Struct, frozen=True):
    """A template, and the file it stands in."""

    template: Template
    file: str  # as people see it
    is_own: bool  # of this home


class Templates:
    """The templates of one home. Its own files are read each time: people edit them."""

    def __init__(self, home: Path | None) -> None:
        """Without a home there are those that come with the program."""
        self._folder = home / FOLDER if home is not None else None

    def all(self) -> list[TemplateFile]:
        """Return all templates: those of the program in their order, then what a home adds.

        Raises:
            Rejected: `template.malformed`, naming file and line.
        """
        found = {each.template.key: each for each in built_in()}
        for each in self._own():
            found[each.template.key] = each
        return list(found.values())

    def get(self, key: str) -> TemplateFile:
        """Return one template.

        Raises:
            NotFound: `template.unknown`.
            Rejected: `template.malformed`.
        """
        everything = self.all()
        found = next((each for each in everything if each.template.key == key), None)
        if found is None:
            names = ", ".join(each.template.key for each in everything)
            raise NotFound(
                "template.unknown",
                f"There is no template {key[:60]!r} here.",
                hint=f"There are {names}.",
            )
        return found

    def filled(self, key: str, answers: Mapping[str, str], repository: str = "") -> FilledGoal:
        """Return the goal that a template comes to with these answers.

        Raises:
            NotFound, Rejected: as `get` and `domain.template.filled`.
        """
        template = self.get(key).template
        looks = any(each.reads or each.type == "path" for each in template.question)
        grounds = grounds_of(repository) if looks and repository else Grounds()
        return filled(template, answers, grounds)

    def _own(self) -> list[TemplateFile]:
        if self._folder is None or not self._folder.is_dir():
            return []
        files = sorted(self._folder.glob("*.toml"))
        if len(files) > OWN_MAX:
            raise Rejected(
                "template.too_many",
                f"{str(self._folder)!r} holds {len(files)} templates; at most {OWN_MAX} are read.",
            )
        return [TemplateFile(_read(file), str(file), is_own=True) for file in files]


@cache
def built_in() -> tuple[TemplateFile, ...]:
    """Return the templates that come with the program."""
    folder = resources.files("missioncontrol") / FOLDER
    order = [line for line in (folder / "order.txt").read_text("utf-8").split("\n") if line]
    return tuple(
        TemplateFile(parsed((folder / f"{key}.toml").read_text("utf-8"), key), f"{key}.toml", False)
        for key in order
    )


def _read(file: Path) -> Template:
    try:
        with file.open("rb") as opened:
            content = opened.read(BYTES_MAX + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _malformed(str(file), 1, f"it can't be read: {error}") from None
    if len(content) > BYTES_MAX:
        raise _malformed(str(file), 1, f"it has more than {BYTES_MAX:,} bytes")
    return parsed(text, file.stem, str(file))


def parsed(text: str, key: str, file: str = "") -> Template:
    """Return the template that the text of a file describes; `key` is its name without the ending.

    Raises:
        Rejected: `template.malformed`, naming the line.
    """
    file = file or f"{key}.toml"
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        raise _malformed(file, int(line[1]) if line else _last(text), f"{error}") from None
    try:
        template = msgspec.convert({"key": key, **data}, Template)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        odd = re.search(r"unknown field `(\w+)`|missing required field `(\w+)`", message)
        field = path.rstrip("`").lstrip(".")
        field = ".".join(part for part in (field, odd[1] if odd and odd[1] else "") if part)
        raise _malformed(file, line_of(text, field), _describe_fault(message, field)) from None
    for field, wrong in faults_of(template):
        raise _malformed(file, line_of(text, field), f"{field}: {wrong}")
    return template


def line_of(text: str, field: str) -> int:
    """Return the line (1-based) of a field such as `question[1].type`; 1 where it is not there."""
    lines = text.split("\n")
    begin, name = 0, field
    inside = re.match(r"question\[(\d+)\]\.?(\w*)", field)
    if inside:
        heads = [n for n, line in enumerate(lines) if re.match(r"\s*\[\[\s*question\s*\]\]", line)]
        number = int(inside[1])
        begin, name = (heads[number] if number < len(heads) else 0), inside[2]
    if not name:
        return begin + 1
    name = name.partition("[")[0].rpartition(".")[2]
    for number in range(begin, len(lines)):
        if re.match(rf"\s*\"?{re.escape(name)}\"?\s*=", lines[number]):
            return number + 1
        if inside and number > begin and lines[number].lstrip().startswith("["):
            break
    return begin + 1


def _describe_fault(message: str, field: str) -> str:
    plain = message.replace("Object", "the template" if "." not in field else "the question", 1)
    return f"{field}: {plain}" if field else plain


def _last(text: str) -> int:
    return text.count("\n") + 1


def _malformed(file: str, line: int, wrong: str) -> Rejected:
    return Rejected(
        "template.malformed",
        f"Template {file!r}, line {line}: {wrong.rstrip('.')}.",
        hint="`mission workflow template show feature` shows one that is whole.",
    )


def grounds_of(repository: str) -> Grounds:
    """Return the files and folders of a repository, as far as they are counted."""
    root = Path(repository)
    files: set[str] = set()
    folders: set[str] = set()
    todo = [root]
    while todo and len(files) < FILES_MAX:
        here = todo.pop()
        try:
            entries = sorted(here.iterdir())
        except (OSError, ValueError):  # A path with a NUL in it is no path at all.
            continue
        for each in entries:
            if each.is_symlink() or each.name in SKIPPED:
                continue
            name = each.relative_to(root).as_posix()
            if each.is_dir():
                folders.add(name)
                todo.append(each)
            else:
                files.add(name)
    return Grounds(frozenset(files), frozenset(folders))
