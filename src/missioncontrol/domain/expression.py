"""Expressions inside of texts: where they stand, what they refer to, and how results fill them in.

An expression is written in CEL, in `${{ }}` within a text or bare as a condition. What is here
only reads the words of an expression; whether it compiles, and what it gives, is asked of
`missioncontrol.ports.expressions`. So the functions that read accept any text and judge none.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from missioncontrol.domain.cel_words import KEYWORDS, SPACES, Token, literal, tokens, words_of
from missioncontrol.domain.errors import Rejected

SOURCE_CHARACTERS_MAX = 10_000  # of one expression
FILLED_CHARACTERS_MAX = 1_000_000  # of one text after its expressions were filled in
LEVELS_MAX = 100  # lists and objects within each other
NAMES = ("inputs", "steps", "item", "index", "run", "previous", "output")
FUNCTIONS = ("always", "success", "failure")


class Source(msgspec.Struct, frozen=True):
    """An expression that stood in `${{ }}`."""

    text: str  # without the spaces around it


class Reference(msgspec.Struct, frozen=True):
    """A name of the expression's surroundings, with the members that are accessed on it."""

    path: tuple[str | int, ...]  # ("steps", "a", "output"): first the name, then keys and indices
    at: int  # where it begins in the expression, 0 for its first character


# Templates


def pieces(text: str) -> list[str | Source]:
    """Split a text at its `${{ }}`; `$${{` stands for `${{` itself.

    Raises:
        Rejected: `expression.unclosed`, naming the place in the text.
    """
    found: list[str | Source] = []
    plain, position = "", 0
    for opening in _OPENING.finditer(text):
        if opening.start() < position:
            continue  # It stands within an expression, in a literal.
        plain += text[position : opening.start()]
        if opening[0].startswith("$$"):
            plain, position = plain + "${{", opening.end()
            continue
        closing = _closing(text, opening.end())
        found += [plain] * bool(plain) + [Source(text[opening.end() : closing].strip(SPACES))]
        plain, position = "", closing + 2
    plain += text[position:]
    return found + [plain] * bool(plain)


_OPENING = re.compile(r"\$?\$\{\{")


def _closing(text: str, start: int) -> int:
    """Return where the `}}` stands that ends the expression which begins at `start`."""
    depth = 0
    for token in tokens(text, start):
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            if depth == 0 and text.startswith("}}", token.at):
                return token.at
            depth = max(0, depth - 1)
    shown = text[start - 3 : start + 40]
    raise Rejected(
        "expression.unclosed",
        f"The expression that begins with {shown!r} (character {start - 2}) is never closed.",
        hint="End it with }}, close its quotes and braces, or write $${{ for the signs themselves.",
    )


def strip_delimiters(text: str) -> str:
    """Return the expression of a condition, written with or without `${{ }}` around all of it.

    Raises:
        Rejected: `expression.unclosed`; `expression.mixed` where there is text beside `${{ }}`.
    """
    stripped = text.strip(SPACES)
    if not stripped.startswith("${{"):
        return stripped
    match pieces(stripped):
        case [Source(source)]:
            return source
    raise Rejected(
        "expression.mixed",
        f"The condition {_short(stripped)!r} has text beside ${{{{ }}}}.",
        hint="Put one ${{ }} around all of it, or leave the signs out.",
    )


def sources_in(value: Any) -> list[str]:
    """Return every expression in the texts of nested lists and objects, in their order.

    Raises:
        Rejected: `expression.unclosed`; `expression.too_deep`.
    """
    return list(_sources_in(value, 0))


def _sources_in(value: Any, level: int) -> Iterator[str]:
    _refuse_too_deep(level)
    if isinstance(value, str):
        if "${{" in value:
            yield from (piece.text for piece in pieces(value) if isinstance(piece, Source))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _sources_in(each, level + 1)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _sources_in(each, level + 1)


def filled(value: Any, evaluate: Callable[[str], Any]) -> Any:
    """Return `value` with each expression replaced by what `evaluate` gives for it.

    A text that is one `${{ }}` alone becomes the value itself. Within a text, texts stand as they
    are, null as nothing, and everything else as compact JSON. Keys are never templates, and what
    was filled in is not looked into again.

    Raises:
        Rejected: `expression.unclosed`; `expression.too_deep`; `expression.too_long`; and what
            `evaluate` raises.
    """
    return _filled(value, evaluate, 0)


def _filled(value: Any, evaluate: Callable[[str], Any], level: int) -> Any:
    _refuse_too_deep(level)
    if isinstance(value, str):
        return _filled_text(value, evaluate) if "${{" in value else value
    if isinstance(value, list | tuple):
        return [_filled(each, evaluate, level + 1) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, evaluate, level + 1) for key, each in value.items()}
    return value


def _filled_text(text: str, evaluate: Callable[[str], Any]) -> Any:
    parts = pieces(text)
    match parts:
        case [Source(source)]:
            return evaluate(source)
    written: list[str] = []
    characters = 0
    for part in parts:
        written.append(part if isinstance(part, str) else _in_text(evaluate(part.text)))
        characters += len(written[-1])
        if characters > FILLED_CHARACTERS_MAX:
            raise Rejected(
                "expression.too_long",
                f"The text {_short(text)!r} is longer than {FILLED_CHARACTERS_MAX:,} characters "
                "once it is filled in.",
                hint="Hand the large part over as an artifact.",
            )
    return "".join(written)


def _in_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _refuse_too_deep(level: int) -> None:
    if level > LEVELS_MAX:
        raise Rejected(
            "expression.too_deep",
            f"Lists and objects lie more than {LEVELS_MAX} levels deep in each other.",
            hint="Flatten the value, or hand it over as an artifact.",
        )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


# What an expression speaks of


def references(source: str) -> tuple[Reference, ...]:
    """Return what the expression takes from its surroundings, in the order of the text.

    A chain of members ends before a method call and before an index that has to be worked out.
    The variables of macros, the names of functions and types, and the fields of message literals
    are not among them. A step's key with a hyphen is read as CEL reads it, as a subtraction: see
    `hyphenated`.
    """
    return tuple(_Reading(source).references())


def calls(source: str) -> frozenset[str]:
    """Return the functions, methods and macros that are called: `always`, `size`, `math.abs`."""
    words = list(words_of(source))
    return frozenset(
        f"{words[place - 2].text}.{word.text}" if _is_namespaced(words, place) else word.text
        for place, word in enumerate(words)
        if word.kind == "name" and word.text not in KEYWORDS and _text(words, place + 1) == "("
    )


def hyphenated(source: str, reference: Reference) -> str:
    """Return the key with hyphens that was likely meant where `reference` begins, or "".

    `steps.fix-tests.output` is `steps.fix` minus `tests.output` in CEL; for the first of these
    references this returns `fix-tests`, to be written `steps['fix-tests']`.
    """
    found = _HYPHENATED.match(source, reference.at)
    return found[1] if found else ""


_HYPHENATED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*?\.([A-Za-z_]\w*(?:-[A-Za-z0-9_]+)+)")

_NAMESPACES = frozenset(
    {"base64", "cel", "lists", "math", "optional", "regex", "sets", "strings", "google"}
)
_TYPES = frozenset(
    {
        "bool",
        "bytes",
        "double",
        "int",
        "list",
        "map",
        "null_type",
        "optional_type",
        "string",
        "type",
        "uint",
    }
)
_LOOPS = frozenset(
    {"all", "exists", "exists_one", "filter", "map", "optFlatMap", "optMap", "sortBy"}
)
_LOOPS_OF_TWO = frozenset(
    {"all", "exists", "existsOne", "transformList", "transformMap", "transformMapEntry"}
)
_OPENERS = frozenset({"(", "[", "[?", "{"})
_CLOSERS = frozenset({")", "]", "}"})


def _text(words: Sequence[Token], place: int) -> str:
    return words[place].text if 0 <= place < len(words) else ""


def _kind(words: Sequence[Token], place: int) -> str:
    return words[place].kind if 0 <= place < len(words) else ""


def _is_namespaced(words: Sequence[Token], place: int) -> bool:
    """Whether the name at `place` follows a namespace, as `greatest` does in `math.greatest`."""
    return (
        _text(words, place - 1) == "."
        and _text(words, place - 2) in _NAMESPACES
        and _text(words, place - 3) not in {".", ".?"}
    )


class _Bracket(msgspec.Struct):
    """An open bracket, and the variables that its macro declares."""

    variables: tuple[str, ...] = ()
    after: int = 0  # the variables hold from this many commas on
    commas: int = 0
    is_message: bool = False


class _Reading:
    """One pass over the words of an expression."""

    def __init__(self, source: str) -> None:
        self.words = list(words_of(source))
        self.brackets: list[_Bracket] = []
        self.bound: Counter[str] = Counter()  # variables that hold here

    def references(self) -> Iterator[Reference]:
        place = 0
        while place < len(self.words):
            word = self.words[place]
            if word.kind in {"name", "quoted"}:
                end, path = self.chain(place)
                if path and self.is_free(place, path, end):
                    yield Reference(path, word.at)
                place = end
            else:
                place = self.sign(place)

    def sign(self, place: int) -> int:
        """Take in one word that is no name; return where to go on."""
        text = self.words[place].text
        if text in _OPENERS:
            bracket, place = self.bracket(place)
            self.brackets.append(bracket)
            return place
        if text in _CLOSERS:
            self.close()
        elif text == ",":
            self.count_comma()
        elif text in {".", ".?"} and self.is_operand(place - 1):
            return place + 1 + (_kind(self.words, place + 1) in {"name", "quoted"})
        return place + 1

    def close(self) -> None:
        if self.brackets:
            bracket = self.brackets.pop()
            if bracket.commas >= bracket.after:
                self.bound.subtract(bracket.variables)

    def count_comma(self) -> None:
        if self.brackets:
            bracket = self.brackets[-1]
            bracket.commas += 1
            if bracket.commas == bracket.after:
                self.bound.update(bracket.variables)

    def chain(self, place: int) -> tuple[int, tuple[str | int, ...]]:
        """Return where the chain that begins at `place` ends, and its path; no path for a call."""
        path: list[str | int] = [self.words[place].text]
        place += 1
        if _text(self.words, place) == "(":
            return place, ()
        while (step := self.member(place)) is not None:
            path.append(step[1])
            place = step[0]
        return place, tuple(path)

    def member(self, place: int) -> tuple[int, str | int] | None:
        """Return what follows the member that stands at `place`, and the member; None for none."""
        sign, name = _text(self.words, place), _kind(self.words, place + 1)
        after = _text(self.words, place + 2)
        if sign in {".", ".?"} and name in {"name", "quoted"}:
            is_call = sign == "." and after == "("
            return None if is_call else (place + 2, self.words[place + 1].text.strip("`"))
        if sign in {"[", "[?"} and after == "]":
            key = literal(self.words[place + 1])
            return None if key is None else (place + 3, key)
        return None

    def is_free(self, place: int, path: tuple[str | int, ...], end: int) -> bool:
        """Whether the chain speaks of the surroundings and not of what the language itself has."""
        name, follows = path[0], _text(self.words, end)
        if name in KEYWORDS or (follows == "{" and self.is_operand(end - 1)):
            return False
        if self.brackets and self.brackets[-1].is_message and follows == ":":
            return False
        if _text(self.words, place - 1) == ".":
            return True  # `.name` reaches past every variable.
        if self.bound[str(name)] > 0:
            return False
        is_known = name in _TYPES or (name in _NAMESPACES and (len(path) > 1 or follows == "."))
        return not is_known

    def is_operand(self, place: int) -> bool:
        """Whether a value ends with the word at `place`, so that a dot after it takes a member."""
        if not 0 <= place < len(self.words):
            return False
        word = self.words[place]
        return word.text in _CLOSERS or (word.kind != "sign" and word.text != "in")

    def bracket(self, place: int) -> tuple[_Bracket, int]:
        """Return the bracket that opens at `place`, and where its content begins."""
        if self.words[place].text == "{":
            return _Bracket(is_message=self.is_operand(place - 1)), place + 1
        macro = _text(self.words, place - 1) if self.words[place].text == "(" else ""
        if not macro or _text(self.words, place - 2) != "." or not self.declares(place + 1):
            return _Bracket(), place + 1
        first, second = _text(self.words, place + 1), _text(self.words, place + 3)
        if macro in _LOOPS_OF_TWO and self.declares(place + 3):
            return _Bracket((first, second), after=2, commas=1), place + 4
        if macro == "bind" and _is_namespaced(self.words, place - 1):
            return _Bracket((first,), after=2), place + 2
        if macro in _LOOPS:
            return _Bracket((first,), after=1), place + 2
        return _Bracket(), place + 1

    def declares(self, place: int) -> bool:
        """Whether the word at `place` is a name and an argument of its own, with one following."""
        return _kind(self.words, place) == "name" and _text(self.words, place + 1) == ","
