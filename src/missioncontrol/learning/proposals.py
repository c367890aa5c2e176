"""Proposes the changes of a pattern to the files of a checkout; writes nothing."""

import ast
from collections.abc import Callable, Iterator, Sequence

import msgspec

from missioncontrol.domain.errors import Conflict, Rejected
from missioncontrol.domain.learned import Codemod, FileTemplate, Pattern, Rule, Settings
from missioncontrol.learning.declared_settings import section_of
from missioncontrol.learning.python_names import missing
from missioncontrol.learning.rewrite import rewritten
from missioncontrol.learning.skeletons import filled
from missioncontrol.learning.tree import language_of, parsed
from missioncontrol.ports.history import TextFile


class Proposal(msgspec.Struct, frozen=True):
    """The change of one file."""

    path: str
    before: str | None  # None where there is no such file
    after: str
    places: int


class Outcome(msgspec.Struct, frozen=True):
    """The result of applying a pattern."""

    proposals: tuple[Proposal, ...]
    skipped: tuple[str, ...] = ()  # files that can't be read as their language, each with why


def proposed(
    pattern: Pattern,
    files: Sequence[TextFile],
    name: str,
    exists: Callable[[str], bool],
) -> Outcome:
    """Return what a pattern would change; `name` is that of a new file where a template makes one.

    Raises:
        Rejected: `pattern.nothing_to_write`, `pattern.bad_name`, `pattern.no_name`.
        Conflict: `pattern.there_already`.
    """
    body = pattern.body
    match body:
        case Codemod() | Rule(codemod=Codemod()):
            codemod = body if isinstance(body, Codemod) else body.codemod
            assert codemod is not None
            return _rewrites(codemod, pattern.language, files)
        case Rule():
            return Outcome(tuple(_settings(body.path, body.section, body.text, files, exists)))
        case Settings():
            return Outcome(tuple(_settings(body.path, "", body.text, files, exists)))
        case FileTemplate():
            return Outcome((_file(body, name, exists),))
    raise Rejected(
        "pattern.nothing_to_write",
        f"{pattern.id} is a command, and changes no file.",
        hint="With --check it is run in a copy of the checkout.",
    )


def _rewrites(codemod: Codemod, language: str, files: Sequence[TextFile]) -> Outcome:
    found, skipped = [], []
    for file in files:
        if language_of(file.path) != language:
            continue
        try:
            made = rewritten(codemod, language, file.text)
        except Rejected as refused:
            skipped.append(f"{file.path}: {refused}")
            continue
        if not made.edits:
            continue
        if is_broken(language, made.text) and not is_broken(language, file.text):
            skipped.append(f"{file.path}: the result is no valid {language}")
            continue
        unknown = missing(codemod, made.text) if language == "python" else set()
        if unknown:
            names = ", ".join(f"`{name}`" for name in sorted(unknown))
            skipped.append(f"{file.path}: it would use {names}, which the file does not define")
            continue
        found.append(Proposal(file.path, file.text, made.text, len(made.edits)))
    return Outcome(tuple(found), tuple(skipped))


def is_broken(language: str, text: str) -> bool:
    """Tell whether a text can't be read as code of its language."""
    if language == "python":
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return True
        return False
    return any(each.kind == "ERROR" for each in parsed(text, language).children)


def _settings(
    path: str, section: str, text: str, files: Sequence[TextFile], exists: Callable[[str], bool]
) -> Iterator[Proposal]:
    known = next((file.text for file in files if file.path == path), None)
    if known is None and exists(path):
        raise Conflict(
            "pattern.there_already",
            f"{path} is there, and git does not know it.",
            hint="Add it to git or remove it.",
        )
    if known is None:
        yield Proposal(path, None, text, 1)
    elif section and not section_of(known, section):
        yield Proposal(path, known, f"{known.rstrip()}\n\n{text}", 1)
    elif (section_of(known, section) if section else known) != text:
        raise Conflict(
            "pattern.there_already",
            f"{path} has other settings{f' in [{section}]' if section else ''}.",
            hint="`mission pattern show` has the others: decide which of them to use.",
        )


def _file(template: FileTemplate, name: str, exists: Callable[[str], bool]) -> Proposal:
    if not name:
        raise Rejected(
            "pattern.no_name",
            "A template makes a new file, and needs its name.",
            hint=f"--name NAME makes {template.folder}/NAME{template.suffix}.",
        )
    if "/" in name or "\\" in name or name.startswith(".") or not name.isprintable():
        raise Rejected("pattern.bad_name", f"{name[:80]!r} is no plain name of a file.")
    folder = "" if template.folder == "." else f"{template.folder}/"
    path = f"{folder}{name}{template.suffix}"
    if exists(path):
        raise Conflict("pattern.there_already", f"{path} is there already.", hint="Take another.")
    return Proposal(path, None, filled(template, name), 1)
