"""Where names are used: subclasses, calls and other mentions in code, never in comments."""

import io
import re
import tokenize
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import log
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

import msgspec

from missioncontrol.specialists.writer.parts import Part, lines_of

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

How = Literal["subclass", "call", "assignment", "import", "mention"]
ORDER: dict[How, int] = {"subclass": 0, "assignment": 1, "call": 2, "mention": 3, "import": 4}
USES_MAX = 5_000
CHARACTERS_MAX = 40_000_000
LINE_MAX = 160
NAMES_PER_PLACE = 10
NAME_LENGTH_MIN = 4
HOMES_MAX = 2
"""A name that more files define says too little about which of them a line means."""
_ASIDE = re.compile(r"(?i)^(examples?|samples?|demos?|docs?|bench(marks?)?|scripts|tools)/")
_DEFINING = r"def|class|function\*?|func|fn|interface|struct|trait|type"


class Use(msgspec.Struct, frozen=True):
    """One line that uses a name."""

    name: str
    path: str
    line: int
    text: str
    how: How
    is_product: bool  # neither a test nor an example, script or document

    @property
    def place(self) -> str:
        """Where it stands, as `path:line`."""
        return f"{self.path}:{self.line}"


def uses_of(names: Collection[str], tree: "Tree") -> list[Use]:
    """Return the lines of code files that use one of `names`, in order of path and line."""
    if not names:
        return []
    pattern = re.compile(rf"(?<![\w$])({'|'.join(map(re.escape, sorted(names)))})(?![\w$])")
    found: list[Use] = []
    left = CHARACTERS_MAX
    for file in tree.files:
        if file.kind not in {"code", "test"} or len(found) >= USES_MAX or left <= 0:
            continue
        text = tree.text(file.path) or ""
        left -= len(text)
        if pattern.search(text):
            is_product = file.kind == "code" and not _ASIDE.search(file.path)
            found += _in_file(file.path, text, file.language, pattern, is_product)
    return found[:USES_MAX]


def _in_file(
    path: str, text: str, language: str, pattern: re.Pattern[str], is_product: bool
) -> Iterable[Use]:
    lines = lines_of(text)
    for number in _code_lines(text, language, pattern):
        line = lines[number - 1] if number <= len(lines) else ""
        for name in dict.fromkeys(pattern.findall(line)):
            how = _how(name, line)
            if how is not None:
                yield Use(name, path, number, " ".join(line.split())[:LINE_MAX], how, is_product)


def _code_lines(text: str, language: str, pattern: re.Pattern[str]) -> list[int]:
    if language == "Python":
        try:
            return _python_lines(text, pattern)
        except (tokenize.TokenError, SyntaxError):
            pass
    return [
        number
        for number, line in enumerate(lines_of(text), 1)
        if pattern.search(line) and not line.lstrip().startswith(("#", "//", "*", "/*", "--"))
    ]


def _python_lines(text: str, pattern: re.Pattern[str]) -> list[int]:
    """Return the lines where a token is one of the names: no strings, no comments."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = {
        token.start[0]
        for token in tokens
        if token.type == tokenize.NAME and pattern.fullmatch(token.string)
    }
    return sorted(found)


def _how(name: str, line: str) -> How | None:
    """Say how the line uses the name; None where it defines it or names an argument so."""
    plain, word = line.strip(), re.escape(name)
    if re.match(rf"(?:[\w.]+\s+)*(?:{_DEFINING})\s+{word}\b", plain):
        return None
    if re.search(rf"{word}\s*=\s*(?:async\s+)?function\b|[(,]\s*{word}=|^{word}=", plain):
        return None
    if re.match(r"(?:from|import|use|using|require|include)\b", plain) or re.search(
        r"\brequire\(", plain
    ):
        return "import"
    if re.search(rf"\bclass\s+\w+.*(?:\(|extends|implements|:).*\b{word}\b", plain):
        return "subclass"
    if re.search(rf"\b{word}\s*(?::[^=(]+)?=(?!=)", plain) or _makes(name, plain):
        return "assignment"
    return "call" if re.search(rf"\b{word}\s*\(", plain) else "mention"


def _makes(name: str, line: str) -> bool:
    """Whether the line keeps a new object of a class; calls of functions are no such thing."""
    if not name[:1].isupper():
        return False
    word = re.escape(name)
    made = rf"^[\w.]+\s*(?::[^=]+)?=\s*(?:new\s+)?(?:\w+\.)*{word}\("
    return re.search(made, line) is not None


def specific_names(weights: Mapping[str, Sequence[tuple[float, Part]]]) -> set[str]:
    """Return names that mean one thing: not dunder names, not short, not defined all over."""
    homes: dict[str, set[str]] = {}
    for path, found in weights.items():
        for _, part in found:
            homes.setdefault(part.name, set()).add(path)
    return {
        part.name
        for found in weights.values()
        for _, part in found[:NAMES_PER_PLACE]
        if len(part.name) >= NAME_LENGTH_MIN
        and not part.name.startswith("__")
        and len(homes[part.name]) <= HOMES_MAX
    }


def meant(parts: Sequence[Part], path: str, uses: Sequence[Use]) -> list[Use]:
    """Return the uses that mean these definitions: a name at the top of a file must be imported."""
    names = {part.name for part in parts[:NAMES_PER_PLACE]}
    at_top = {part.name for part in parts if not part.owner}
    stem = PurePosixPath(path).stem
    imported = {
        (use.name, use.path)
        for use in uses
        if use.how == "import" and use.name in names and (is_specific(use.name) or stem in use.text)
    }
    knowing = {path for _, path in imported}
    return [
        use
        for use in uses
        if use.name in names
        and (is_specific(use.name) or _is_member(use))
        and (
            use.path == path
            or (
                (use.name not in at_top or _reached(use, imported))
                and (is_specific(use.name) or use.path in knowing)
            )
        )
    ]


def is_specific(name: str) -> bool:
    """Whether a name says enough by itself: `send` may be anybody's, `open_session` hardly."""
    return "_" in name.strip("_") or name != name.lower()


def _is_member(use: Use) -> bool:
    return re.search(rf"[.>]{re.escape(use.name)}\b", use.text) is not None


def _reached(use: Use, imported: Collection[tuple[str, str]]) -> bool:
    through = re.search(rf"(\w+)\.{re.escape(use.name)}\b", use.text)
    return (use.name, use.path) in imported or bool(
        through and through[1] not in {"self", "this", "cls"}
    )


def importance(part: Part, uses: Iterable[Use]) -> float:
    """Return how much depends on a definition: what others derive from stands highest."""
    hows = [use.how for use in uses if use.name == part.name]
    derived = 3.0 if "subclass" in hows and part.is_type else 0.0
    return derived + log(1 + len(hows)) * 0.5


def worth_showing(uses: Iterable[Use], path: str) -> list[Use]:
    """Keep one use of a name for each line: the product first, deriving and calling first."""
    lines: dict[tuple[str, str], Use] = {}
    for use in sorted(uses, key=lambda use: ORDER[use.how]):
        lines.setdefault((use.place, use.name), use)
    return sorted(
        lines.values(),
        key=lambda use: (
            not use.is_product,
            ORDER[use.how],
            use.path == path,
            use.path,
            use.line,
        ),
    )
