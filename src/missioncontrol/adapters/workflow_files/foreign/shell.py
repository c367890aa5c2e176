"""Finds the quoting context of values in a shell script, to insert variables correctly."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

Place = Literal[
    "words",  # outside of quotes: the value is split into words
    "command",  # outside of quotes, where the name of a program is expected
    "double",  # within double quotes, or another place where variables are filled in
    "single",  # within single quotes
    "ansi",  # within $'…'
    "comment",
    "heredoc",  # in a here-document that fills in nothing
    "braces",  # in {a,b} or {1..3}, which are spread out before variables are filled in
    "unsure",  # this parser does not understand the script
]
_ENDS_WORD = frozenset(" \t\n;&|()<>`")
_BEFORE_COMMAND = frozenset(
    ("then", "do", "else", "elif", "if", "while", "until", "!", "time", "{", "exec", "command")
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[[^\]]*\])?\+?=")
_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|(\\?)([A-Za-z0-9_.+-]+))")


class Gap(msgspec.Struct, frozen=True):
    """A value in a script; `name` is the variable for it."""

    name: str


def places(script: Sequence[str | Gap], *, bash: bool) -> list[Place]:
    """Return the quoting context of each gap in `script`.

    The script is read as POSIX shells and bash read it, as far as quoting goes. Where that reading
    does not come out even, no place is certain.
    """
    reader = _Reader(script, bash=bash)
    try:
        reader.read()
    except _Unsure:
        return ["unsure"] * len(reader.found)
    return reader.found


def filled_in(script: Sequence[str | Gap], standing: Sequence[Place]) -> str:
    """Return `script` with each gap as a reference to its variable, fit for where it stands."""
    at = iter(standing)
    return "".join(part if isinstance(part, str) else _reference(part, next(at)) for part in script)


def _reference(gap: Gap, place: Place) -> str:
    reference = f"${{{gap.name}}}"
    if place == "single":
        return f"'\"{reference}\"'"
    return f"'\"{reference}\"$'" if place == "ansi" else reference


class _Unsure(Exception):
    """Raised if a script is not understood."""


class _Reader:
    """Parses a script in one pass, with a stack of open quotes and brackets."""

    def __init__(self, script: Sequence[str | Gap], *, bash: bool) -> None:
        self._bash = bash
        # Each gap is one character that no script can hold.
        self._text = "".join("\0" if isinstance(p, Gap) else p.replace("\0", "") for p in script)
        self._at = 0
        self._open: list[str] = []  # of `"`, `(`, `` ` ``, `{` for ${, and `((`
        self._before: list[tuple[str, bool, int]] = []  # for each: word, expects command, place
        self._heredocs: list[tuple[str, bool, bool]] = []  # delimiter, fills in, strips tabs
        self._word = ""
        self._expects_command = True
        self.found: list[Place] = ["unsure"] * self._text.count("\0")
        self._gap = 0

    def read(self) -> None:
        while self._at < len(self._text):
            if self._open and self._open[-1] in ('"', "{"):
                self._in_double()
            else:
                self._in_unquoted()
        if self._open or self._heredocs:
            raise _Unsure

    def _stand(self, place: Place) -> None:
        if self._text[self._at - 1 : self._at] == "$":
            raise _Unsure  # The value is the name of a variable.
        self.found[self._gap] = place
        self._gap += 1
        self._at += 1

    def _in_double(self) -> None:
        char = self._text[self._at]
        if char == "\\":
            self._skip_escaped()
        elif char == "\0":
            self._stand(self._place_in_double())
        elif char == ('"' if self._open[-1] == '"' else "}"):
            self._pop()
            self._at += 1
        elif self._open[-1] == "{" and char in "'\"":
            self._quote_in_braces(char)
        else:
            self._substitution_or_next(char)

    def _place_in_double(self) -> Place:
        name = self._text[self._before[-1][2] : self._at]
        if self._open[-1] == "{" and re.fullmatch(r"[!#]?\w*", name, re.ASCII):
            raise _Unsure  # The value is part of the name of a variable.
        return "double" if '"' in self._open else "words"

    def _quote_in_braces(self, char: str) -> None:
        if char == "'" and '"' not in self._open:
            self._single("single")
        elif char == '"':
            self._begin('"', 1)
        else:
            self._at += 1

    def _substitution_or_next(self, char: str) -> None:
        """Step over one character, or over what opens a substitution."""
        rest = self._text[self._at : self._at + 3]
        if rest == "$((":
            self._begin("((", 3)
        elif rest[:2] == "$(":
            self._begin("(", 2)
        elif rest[:2] == "${":
            self._begin("{", 2)
        elif char == "`":
            self._backtick()
        else:
            self._at += 1

    def _begin(self, bracket: str, length: int, after: str = "x") -> None:
        """Open `bracket`; when it is closed, `after` is part of the word it stands in."""
        word = self._word + after if after else ""
        self._at += length
        self._open.append(bracket)
        self._before.append((word, self._expects_command or not after, self._at))
        self._word = ""
        self._expects_command = bracket in "(`"

    def _pop(self) -> None:
        self._open.pop()
        self._word, self._expects_command, _ = self._before.pop()

    def _backtick(self) -> None:
        if self._open and self._open[-1] == "`":
            self._pop()
            self._at += 1
        elif "`" in self._open:
            raise _Unsure
        else:
            self._begin("`", 1)

    def _in_unquoted(self) -> None:
        char = self._text[self._at]
        if char in _ENDS_WORD:
            self._end_word(char)
        elif char == "\0":
            self._stand(self._place_of_gap())
            self._word += "\0"
        elif char == "#" and not self._word and not self._in_arithmetic:
            self._comment()
        else:
            self._in_word(char)

    @property
    def _in_arithmetic(self) -> bool:
        return "((" in self._open

    def _place_of_gap(self) -> Place:
        if self._in_arithmetic:
            return "double"
        if self._word.count("{") > self._word.count("}"):
            return "braces"
        return "command" if self._expects_command and not self._word else "words"

    def _in_word(self, char: str) -> None:
        start = self._at
        if char == "\\":
            self._skip_escaped()
        elif char == "'":
            self._single("single")
        elif char == '"':
            self._begin('"', 1)
            return
        elif self._bash and self._text.startswith("$'", self._at):
            self._at += 1
            self._single("ansi")
        else:
            self._substitution_or_next(char)
        if not (self._before and self._before[-1][2] == self._at):  # It opened nothing.
            self._word += self._text[start] if self._at == start + 1 else "x"

    def _end_word(self, char: str) -> None:
        word, self._word = self._word, ""
        if word:
            keeps = word in _BEFORE_COMMAND or _ASSIGNMENT.match(word) is not None
            if word == "case" and self._expects_command and self._open:
                raise _Unsure  # Its `)` would count as the end of what is open.
            self._expects_command = self._expects_command and keeps
        if char in ";&|\n":
            self._expects_command = True
        if char == "`":
            self._word = word  # What it stands for is part of the word.
            self._backtick()
        elif char == "\n" and self._heredocs:
            self._at += 1
            self._read_heredocs()
        elif char == "<":
            self._redirection()
        else:
            self._bracket(char, word)

    def _bracket(self, char: str, word: str) -> None:
        if char == "(":
            double = self._text.startswith("((", self._at) and self._expects_command
            self._begin("((" if double else "(", 2 if double else 1, after="")
            self._expects_command = not word.endswith("=")  # What follows is a list of words.
        elif char == ")":
            self._close()
        else:
            self._at += 1

    def _close(self) -> None:
        top = self._open[-1] if self._open else ""
        if top == "((" and not self._text.startswith("))", self._at):
            raise _Unsure
        if top in ("(", "(("):
            self._pop()
        else:
            self._expects_command = True  # It ends a pattern of `case`.
        self._at += len(top) or 1

    def _redirection(self) -> None:
        found = None if self._in_arithmetic else _HEREDOC.match(self._text, self._at)
        if self._text.startswith("<<<", self._at):
            self._at += 3
        elif found is not None:
            quoted = found[2] or found[3]
            fills_in = not (quoted or found[4])
            self._heredocs.append((quoted or found[5], fills_in, found[1] == "-"))
            self._at = found.end()
        elif self._text.startswith("<<", self._at) and not self._in_arithmetic:
            raise _Unsure
        else:
            self._at += 1

    def _read_heredocs(self) -> None:
        for delimiter, fills_in, strips in self._heredocs:
            self._read_heredoc(delimiter, fills_in, strips)
        self._heredocs = []

    def _read_heredoc(self, delimiter: str, fills_in: bool, strips: bool) -> None:
        while self._at < len(self._text):
            end = self._text.find("\n", self._at)
            end = len(self._text) if end < 0 else end
            line = self._text[self._at : end]
            if fills_in and "\0" in line and re.search(r"[$\\]\0|\$\(|`", line):
                raise _Unsure
            for _ in range(line.count("\0")):
                self.found[self._gap] = "double" if fills_in else "heredoc"
                self._gap += 1
            self._at = end + 1
            if (line.lstrip("\t") if strips else line) == delimiter:
                return
        raise _Unsure

    def _comment(self) -> None:
        while self._at < len(self._text) and self._text[self._at] != "\n":
            if self._text[self._at] == "\0":
                self._stand("comment")
            else:
                self._at += 1

    def _single(self, place: Place) -> None:
        """Read on to the end of single quotes, in which only `$'…'` allows escapes."""
        self._at += 1
        while self._at < len(self._text) and self._text[self._at] != "'":
            if self._text[self._at] == "\0":
                self._stand(place)
            elif place == "ansi" and self._text[self._at] == "\\":
                self._skip_escaped()
            else:
                self._at += 1
        if self._at >= len(self._text):
            raise _Unsure
        self._at += 1

    def _skip_escaped(self) -> None:
        if self._text[self._at + 1 : self._at + 2] == "\0":
            raise _Unsure
        self._at += 2
