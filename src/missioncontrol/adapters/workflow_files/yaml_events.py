"""Passes YAML to a `ValueBuilder` event by event, with faults in words for people."""

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import yaml

from missioncontrol.adapters.workflow_files.value_builder import Stopped, ValueBuilder

# The C parser is about thirty times faster, with the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CORE = "tag:yaml.org,2002:"
TEXT_LINES_MAX = 20  # of an unquoted string in a message that shows how to quote it
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]",
)

_IN_WORDS = (
    (
        "mapping values are not allowed",
        "A ':' stands where none can be.",
        "Put a text that holds ': ' in quotes, and check the indentation.",
    ),
    (
        "expected ',' or",
        "What begins with { or [ is not closed where it should be.",
        "Inside of { } and [ ], put texts with ${{ }}, commas, braces or brackets in quotes.",
    ),
    (
        "unknown escape character",
        "In double quotes, a backslash begins an escape, and this one is none.",
        "Put texts with backslashes in single quotes: 'v\\d+'.",
    ),
    (
        "unexpected end of stream",
        "A quote that is opened here is never closed.",
        "Close it, or leave the quotes out.",
    ),
    (
        "did not find expected key",
        "The indentation does not fit what stands above, or a quote ends too early.",
        "Put entries that belong together at the same depth.",
    ),
    (
        "did not find expected '-' indicator",
        "The indentation of this list does not fit.",
        "Put its items at the same depth.",
    ),
    (
        "could not find expected ':'",
        "There is no ':' after this key.",
        "Write `key: value`.",
    ),
    (
        "found unexpected ':'",
        "A ':' stands where none can be.",
        "Inside of { } and [ ], write a space after it, or put the text in quotes.",
    ),
    (
        "expected node content",
        "A value is missing, or a text begins with a sign such as , or }.",
        "Put such a text in quotes.",
    ),
    (
        "sequence entries are not allowed",
        "An item of a list can't begin on this line.",
        "Begin it on a line of its own, or put the text in quotes.",
    ),
    (
        "expected comment or line break",
        "Something stands behind a sign that ends its line.",
        "Begin the text on the next line, or put it in quotes.",
    ),
    (
        "expected alphabetic or numeric character",
        "A text can't begin with * or &.",
        "Put it in quotes.",
    ),
    (
        "found a tab character",
        "The line is indented with a tab.",
        "Use spaces.",
    ),
    (
        "incompatible YAML document",
        "It asks for another version of YAML.",
        "Leave the %YAML line out.",
    ),
    (
        "did not find expected <document start>",
        "Something stands after the end of the file's one value.",
        "Check the indentation, and that nothing follows a closing } or quote.",
    ),
)


def build_from_yaml(text: str, builder: ValueBuilder) -> None:
    """Pass the events and faults of a YAML text to `builder`."""
    odd = _UNPRINTABLE.search(text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        code = f"U+{ord(odd[0]):04X}"
        hint = 'Take it out, or write it in double quotes as an escape such as "\\u0007".'
        builder.stop(line, f"It holds the character {code}, which no YAML may hold.", hint)
        return
    try:
        _take_all(text, builder)
    except Stopped:
        return
    except yaml.YAMLError as error:
        _refuse_bad_yaml(text, error, builder)


def _take_all(text: str, builder: ValueBuilder) -> None:
    documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent():
                documents += 1
                if documents > 1:
                    raise builder.stop(
                        line, "A second document begins here.", "Keep one workflow in a file."
                    )
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                is_object = isinstance(event, yaml.MappingStartEvent)
                if not _is_known(event.tag, "map" if is_object else "seq"):
                    _refuse_tag(text, event, line, builder)
                builder.begin({} if is_object else [], line, event.anchor or "")
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                builder.end()
            case yaml.AliasEvent():
                builder.alias(event.anchor or "", line)
            case yaml.ScalarEvent():
                _take_scalar(text, event, line, builder)
            case _:
                pass


def _take_scalar(text: str, event: yaml.ScalarEvent, line: int, builder: ValueBuilder) -> None:
    value, anchor = event.value, event.anchor or ""
    if _is_known(event.tag, "str", "int", "float", "bool", "null"):
        is_plain = not event.style and event.tag != f"{_CORE}str"
        builder.scalar(value, line, is_plain=is_plain, anchor=anchor)
    else:
        # Read the intended value as well, so that no fault about a missing value follows.
        meant = _refuse_tag(text, event, line, builder)
        builder.scalar(meant or value, line, is_plain=False, anchor=anchor)


def _is_known(tag: str | None, *names: str) -> bool:
    return tag is None or tag in {f"{_CORE}{name}" for name in names}


_Tagged = yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent


def _refuse_tag(text: str, event: _Tagged, line: int, builder: ValueBuilder) -> str:
    """Record the fault of a tag; return the intended text if it is an unquoted string."""
    start = event.start_mark.index if event.start_mark else 0
    meant = _text_from(text, start) if text[start : start + 1] == "!" else ""
    if meant and text[start + 1 : start + 2] not in ("!", "<"):
        builder.refuse_next(line, *_needs_quotes(meant))
        return meant
    shown = str(event.tag).replace(_CORE, "!!")[:60]
    builder.refuse_next(line, f"The tag {shown} means nothing here.", "Take it away.")
    return ""


def _text_from(text: str, start: int) -> str:
    """Return what begins at `start`, to its end in its lines or in its place in { } or [ ]."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    if not re.search(r"[\[{]", before):
        return " ".join(map(_without_comment, _lines_from(text, start))).strip()
    depth = 0
    line = _without_comment(text[start:].partition("\n")[0])
    for place, sign in enumerate(line):
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0 or (sign == "," and depth == 0):
            return line[:place].strip()
    return line


def _lines_from(text: str, start: int) -> list[str]:
    """Return the lines of a value that begins at `start`: those that are deeper than its key."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    depth = len(before) - len(before.lstrip(" -")) if before.strip(" -") else len(before) - 1
    first, *others = text[start:].split("\n", TEXT_LINES_MAX)[:TEXT_LINES_MAX]
    lines = [first]
    for line in others:
        if not line.strip() or len(line) - len(line.lstrip(" ")) <= depth:
            break
        lines.append(line)
    return lines


def _without_comment(line: str) -> str:
    return line.partition(" #")[0].strip()


def _needs_quotes(meant: str) -> tuple[str, str]:
    if '"' not in meant and "\\" not in meant:
        shown = f'"{meant}"'
    else:
        shown = "'" + meant.replace("'", "''") + "'"
    return "A text that begins with ! has to stand in quotes.", f"Write {shown}."


def _refuse_bad_yaml(text: str, error: yaml.YAMLError, builder: ValueBuilder) -> None:
    problem = str(getattr(error, "problem", None) or error).partition("\n")[0]
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 1
    if mark is None or mark.index >= len(text.rstrip()):
        # At the end of the file, the open bracket or quote is further up.
        opened = getattr(error, "context_mark", None)
        if opened is not None and "end of stream" in problem:
            line = opened.line + 1
        else:
            line = builder.opened_at or line
        problem = problem.replace("expected node content", "expected ',' or ']'")
    if "cannot start any token" in problem and mark is not None:
        builder.stop(line, *_bad_beginning(text, mark.line, mark.column))
        return
    begun, meant = _unquoted(text, mark.index) if mark is not None else (0, "")
    if meant:
        builder.stop(begun, *_needs_quotes(meant))
        return
    if any(words in problem for words in _OF_DEPTH) and mark is not None:
        above = getattr(error, "context_mark", None)
        odd = _odd_line(text, above.line if above else mark.line, mark.line)
        if odd is not None:
            builder.stop(*odd)
            return
    _report_problem(line, problem, builder)


def _report_problem(line: int, problem: str, builder: ValueBuilder) -> None:
    for words, message, hint in _IN_WORDS:
        if words in problem:
            builder.stop(line, message, hint)
            return
    builder.stop(line, f"It is no YAML: {problem}.")


def _bad_beginning(text: str, line: int, column: int) -> tuple[str, str]:
    lines = text.splitlines()
    character = lines[line][column : column + 1] if line < len(lines) else ""
    if character == "\t":
        return "The line is indented with a tab.", "Use spaces."
    return f"A text can't begin with {character!r}.", "Put it in quotes."


_OF_DEPTH = ("did not find expected key", "mapping values are not", "expected '-' indicator")
_VALUE = re.compile(r"(?:[:\-]\s+|[\[{,]\s*|\A\s+)(![^!<\s][^\n]*)\Z")


def _unquoted(text: str, end: int) -> tuple[int, str]:
    """Return the text without quotes, begun with `!`, in which reading came to its end.

    Its line comes first, since it may have begun some lines further up; 0 and "" for none.
    """
    stop = end
    for _ in range(TEXT_LINES_MAX):
        begin = text.rfind("\n", 0, stop) + 1
        found = _VALUE.search(text[begin:stop])
        if found:
            start = begin + found.start(1)
            last = start + len("\n".join(_lines_from(text, start)))
            is_within = stop == end or end <= last
            return (text.count("\n", 0, start) + 1, _text_from(text, start)) if is_within else _NONE
        if not begin:
            break
        stop = begin - 1
    return _NONE


_NONE = (0, "")


def _odd_line(text: str, first: int, last: int) -> tuple[int, str, str] | None:
    """Return the one line that is at no depth of the file, with words; None where none is sure.

    The parser reports the first line that no longer fits, which may be correct itself.
    """
    lines = [
        (number, len(line) - len(line.lstrip(" ")))
        for number, line in enumerate(text.splitlines()[: last + 1], start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    steps = Counter(b[1] - a[1] for a, b in pairwise(lines) if b[1] - a[1] > 1)
    step = steps.most_common(1)[0][0] if steps else 2
    before = [number for number, _ in lines if number <= first]
    since = min(first + 1, before[-1] if before else 1)
    odd = [(number, depth) for number, depth in lines if number >= since and depth % step]
    if len(odd) != 1:
        return None
    ((number, depth),) = odd
    return (
        number,
        f"It is indented by {depth} space{'s' if depth > 1 else ''}, and the file by {step} each.",
        "Put entries that belong together at the same depth.",
    )
