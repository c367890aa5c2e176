"""Turns errors of the CEL library into messages for the author of an expression."""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from missioncontrol.domain.expression import FUNCTIONS, NAMES, hyphenated, references

_FUNCTIONS = (
    "all",
    "always",
    "base64.decode",
    "base64.encode",
    "bool",
    "ceil",
    "charAt",
    "contains",
    "distinct",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "exists",
    "exists_one",
    "failure",
    "filter",
    "first",
    "flatten",
    "format",
    "has",
    "indexOf",
    "int",
    "join",
    "last",
    "lastIndexOf",
    "lists.range",
    "lowerAscii",
    "map",
    "matches",
    "math.abs",
    "math.ceil",
    "math.floor",
    "math.greatest",
    "math.least",
    "math.round",
    "math.sign",
    "math.sqrt",
    "optional.of",
    "orValue",
    "regex.extract",
    "regex.extractAll",
    "regex.replace",
    "replace",
    "reverse",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "size",
    "slice",
    "sort",
    "sortBy",
    "split",
    "startsWith",
    "string",
    "substring",
    "success",
    "timestamp",
    "transformList",
    "trim",
    "type",
    "upperAscii",
    "value",
)

_KINDS = {
    "bool": "boolean",
    "double": "number",
    "dyn": "any",
    "int": "integer",
    "int64": "integer",
    "null": "null",
    "null_type": "null",
    "uint": "unsigned integer",
    "uint64": "unsigned integer",
    "list": "list",
    "map": "object",
    "optional_type": "optional value",
    "*error*": "any",
    "google.protobuf.Duration": "duration",
    "google.protobuf.Timestamp": "timestamp",
}
_UNCLOSED = "the text is not closed, or has an unknown escape in it"
_ADVICE = {
    "=": "write == to compare",
    "&": "write && for and",
    "|": "write || for or",
    "and": "write && for and",
    "or": "write || for or",
    "not": "write ! for not",
    "$": "inside of an expression, leave ${{ }} out",
    "is": "write == to compare",
    "'": _UNCLOSED,
    '"': _UNCLOSED,
}
_ENDS_EARLY = "it ends too early"


def about_compiling(source: str, message: str) -> str:
    """Return the library's message on an expression that does not compile as one line.

    It begins with the column, counted from 1, where there is one.
    """
    entries = [
        (int(line), int(column) - 1, text.strip())
        for line, column, text in _ENTRY.findall(_strip_codes(message))
    ]
    if not entries:
        return _phrase(source, -1, _first_line(_strip_codes(message)))
    offsets = [(_offset(source, line, column), text) for line, column, text in entries]
    at, text = _gravest(offsets)
    at, words = _unknown(source, at, text) or (at, _phrase(source, at, text))
    return _place(source, at) + words


def about_running(message: str) -> str:
    """Return what the library says of an expression that could not be worked out as a phrase."""
    text = _first_line(_strip_codes(message))
    for pattern, phrase in _RUNNING:
        found = pattern.match(text)
        if found:
            return phrase(found)
    return text[:1].lower() + text[1:].rstrip(" .:")


_ENTRY = re.compile(
    r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?=\n \| |\nERROR: <input>|\Z)", re.DOTALL
)


def _strip_codes(message: str) -> str:
    """Return the message without the status code before and behind it."""
    return re.sub(r"\A[A-Z_]+: | \[[A-Z_]+\]\Z", "", message.strip())


def _first_line(text: str) -> str:
    return " ".join(text.split("\n", 1)[0].split())


def _gravest(entries: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """Return the message from which the others may follow: the first one in the text."""
    return min(entries, key=lambda entry: (entry[0] < 0, entry[0]))


def _offset(source: str, line: int, column: int) -> int:
    """Return where a line, counted from 1, and a column, counted from 0, are in the source."""
    if line < 1:
        return -1
    return sum(len(each) for each in source.splitlines(keepends=True)[: line - 1]) + column


def _place(source: str, at: int) -> str:
    if at < 0:
        return ""
    line, column = source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)
    return f"column {column}: " if line == 1 else f"line {line}, column {column}: "


def _unknown(source: str, at: int, text: str) -> tuple[int, str] | None:
    """Return place and words of a complaint about an unknown name or function; None for others."""
    found = re.match(r"undeclared reference to '(.*?)'", text)
    if not found:
        return None
    if source[at : at + 1] == "(":
        return at - len(found[1].rpartition(".")[2]), _no_function(found[1])
    head = found[1].split(".")[0]
    namespaced = re.match(r"\w+\.\w+(?=\()", source[at:])
    if namespaced:
        return at, _no_function(namespaced[0])
    named = [each for each in references(source) if each.path[0] == head]
    place = named[0].at if named else at
    return place, _no_name(source, place, head)


def _no_function(name: str) -> str:
    if name in {"cancelled", "canceled"}:
        return f"{name}() is not offered, because nothing starts after a cancel"
    if name in _FUNCTIONS:
        return f"{name}() does not take these arguments"
    close = get_close_matches(name, _FUNCTIONS, 1, cutoff=0.7)
    return f"there is no function {name!r}" + (f"; did you mean {close[0]}()?" if close else "")


def _no_name(source: str, place: int, name: str) -> str:
    meant = [
        (each, key)
        for each in references(source)
        if (key := hyphenated(source, each))
        and each.at < place <= each.at + len(".".join(map(str, each.path))) + len(key)
    ]
    if meant:
        path, key = ".".join(map(str, meant[-1][0].path[:-1])), meant[-1][1]
        return f"'{path}.{key}' is read as a subtraction; write {path}['{key}']"
    if name in FUNCTIONS:
        return f"{name} is a function; write {name}()"
    close = get_close_matches(name, NAMES, 1, cutoff=0.7)
    asked = f"did you mean {close[0]!r}? " if close else ""
    return (
        f"there is no name {name!r}; {asked}the names are {', '.join(NAMES[:-1])} and {NAMES[-1]}"
    )


def _phrase(source: str, at: int, text: str) -> str:
    text = text.removeprefix("Syntax error: ")
    for pattern, phrase in _COMPILING:
        found = pattern.match(text)
        if found:
            return phrase(found)
    return " ".join(text.split()).rstrip(" .:")


_WORDS = {"in", "true", "false", "null"}
"""No name after a dot can be one of these."""

_WRITTEN_SO = {"&&", "||", "=="}
"""Signs that are right, and stand at a wrong place."""


def _unexpected(found: re.Match[str]) -> str:
    word = found[1]
    if word == "<EOF>":
        return _ENDS_EARLY
    key = word.removeprefix(".")
    if key != word and key in _WORDS:
        return f"{key!r} is a word of the language; write ['{key}'] instead of {word}"
    advice = _ADVICE.get(word) or ("" if word in _WRITTEN_SO else _ADVICE.get(word[:1]))
    return f"{word!r} does not fit here" + (f"; {advice}" if advice else "")


def _mismatch(found: re.Match[str]) -> str:
    return _can_not(found[1], _types(found[2]))


def _mismatch_running(found: re.Match[str]) -> str:
    target = [_KINDS.get(found[1], found[1])] if found[1] else []
    return _can_not(found[2], [*target, *_types(found[3] or "")])


def _no_members(found: re.Match[str]) -> str:
    return f"{_KINDS.get(found[1], found[1])} has no members"


def _no_range(found: re.Match[str]) -> str:
    return f"it goes through {_KINDS.get(found[1], found[1])}, which is no list or object"


def _no_items(found: re.Match[str]) -> str:
    return f"it takes an item of {_KINDS.get(found[1], found[1])}, which has none"


def _types(text: str) -> list[str]:
    """Return the kinds in `int, map(string, dyn)`: what stands outside of the inner brackets."""
    outer, depth = "", 0
    for character in text:
        depth += (character in "(<") - (character in ")>")
        if depth == 0 and character not in ")>":
            outer += character
    return [_KINDS.get(each.strip(), each.strip()) for each in outer.split(",") if each.strip()]


def _can_not(function: str, kinds: Sequence[str]) -> str:
    listed = " and ".join(kinds) or "nothing"
    if function == "_?_:_" and len(kinds) == 3 and kinds[0] in {"boolean", "any"}:
        return f"the two results of ? : differ: {kinds[1]} and {kinds[2]}; put dyn(…) around one"
    if function in {"<jump_condition>", "_?_:_"}:
        return "what stands before ? is not a boolean"
    if function in {"_&&_", "_||_", "!_"}:
        return f"{_sign(function)!r} is for booleans only" + (f", not {listed}" if kinds else "")
    advice = "; convert one with double(…), int(…) or string(…)" if len(set(kinds)) > 1 else ""
    return f"{_sign(function)!r} can't be used on {listed}" + advice * (_sign(function) in "+-*/%")


def _sign(function: str) -> str:
    """Return how an operator is written: `+` for `_+_`."""
    plain = function.removeprefix("@").strip("_")
    named = function if re.fullmatch(r"\w+|.*\w\.\w.*", plain) and plain != "in" else plain
    return {"[_": "[ ]", "[_]": "[ ]"}.get(plain, named)


_Phrase = Callable[[re.Match[str]], str]


def _phrasing(*pairs: tuple[str, str | _Phrase]) -> list[tuple[re.Pattern[str], _Phrase]]:
    r"""Make the table; in a text, `\1` stands for the first group."""
    return [
        (re.compile(pattern, re.DOTALL), _template(phrase) if isinstance(phrase, str) else phrase)
        for pattern, phrase in pairs
    ]


def _template(text: str) -> _Phrase:
    return lambda found: found.expand(text)


_NESTED = "it is nested too deeply: 32 levels at most, and each + or . of a chain is one"
_ROUNDS = "it goes through more than 10,000 items; in a loop within a loop, every round counts"

_COMPILING = _phrasing(
    (r"token recognition error at: '(.)", _unexpected),
    (r"token recognition error", "there is a character here that does not belong"),
    (r"(?:mismatched|extraneous) input '(.*?)' expecting", _unexpected),
    (r"no viable alternative at input '(.*?)'", _unexpected),
    (r"missing '?(.*?)'? at '<EOF>'", _ENDS_EARLY),
    (r"missing (.*?) at '(.*)'", r"\1 is missing before '\2'"),
    (r"reserved identifier: (\w+)", r"'\1' is a reserved word"),
    (r"found no matching overload for '(.*?)' applied to '\((.*)\)'", _mismatch),
    (r"expression of type '([\w.]+).*' cannot be the operand of a select", _no_members),
    (r"expression of type '([\w.]+).*' cannot be the range of a compr", _no_range),
    (r".*(?:max recursion depth|recursion limit)", _NESTED),
    (r".*codepoint limit", "it is too long"),
)

_RUNNING = _phrasing(
    (r"No value with name \"(.*)\" found", r"'\1' is not known here"),
    (r"Key not found in map : (.*)", r"there is no \1 in an object that it refers to"),
    (r"Applying SELECT to non-message type", "something that it takes a member of is no object"),
    (r"Index error: index=(-?\d+) size=(\d+)", r"there is no item \1 in a list of \2"),
    (r"Index error: expected integer type, got (\w+)", r"a list has no item with a \1 as index"),
    (r"Invalid container type: '(\w+)'", _no_items),
    (r"No matching overloads found : <iter_range>", "what it goes through is no list or object"),
    (r"No matching overloads found : (?:\((\w+)\)\.)?(\S+?)(?:\((.*)\))?$", _mismatch_running),
    (r"Iteration budget exceeded", _ROUNDS),
    (r"divide by zero|modulus by zero", "it divides by zero"),
    (r"vector::reserve", "lists.range() needs a number that is not below zero"),
    (r".*cel\.@mapInsert", "transformMap() is not offered; transformList() is"),
)
