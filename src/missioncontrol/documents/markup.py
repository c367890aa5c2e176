"""Text of others as Markdown that shows every character of it as it is.

It stands apart from the report, whose templates take a while to load and few processes need.
"""

import re

from markupsafe import Markup

_PATH = re.compile(
    r"(?<![\w`/.:@-])(?:[\w.@+-]+/)*[\w@+-][\w.@+-]+\.[a-z][a-z0-9]{0,5}(?::\d+)?(?![\w/])"
)
"""A path with an ending: `src/app.py`, `pyproject.toml:12`."""
_MARKED = re.compile(r"(?<!`)`([^`\n]{1,200})`(?!`)")


def spans(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of `text` in order, each with whether it was marked as code."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _MARKED.finditer(text):
        pieces += [(text[end : found.start()], False), (found[1], True)]
        end = found.end()
    return [piece for piece in (*pieces, (text[end:], False)) if piece[0]]


def marked_paths(text: str) -> str:
    """Return `text` with the paths of files in it marked as code, with their lines."""
    return "".join(
        f"`{piece}`" if is_code else _PATH.sub(r"`\g<0>`", piece) for piece, is_code in spans(text)
    )


def shortened(text: str, length: int) -> str:
    """Return `text`, cut between words with an ellipsis where it is longer than `length`."""
    if len(text) <= length:
        return text
    beginning = text[: length - 1]
    beginning = beginning.rsplit(None, 1)[0] if " " in beginning.strip() else beginning
    if beginning.count("`") % 2:
        beginning = beginning[: beginning.rindex("`")]
    return f"{_closed(beginning).rstrip(' ,;:(-')}…"


def _closed(beginning: str) -> str:
    """Return the text up to the bracket that it would leave open, unless little would be left."""
    is_code = False
    opened: list[int] = []
    for place, letter in enumerate(beginning):
        if letter == "`":
            is_code = not is_code
        elif letter == "(" and not is_code:
            opened.append(place)
        elif letter == ")" and not is_code and opened:
            opened.pop()
    return beginning[: opened[0]] if opened and opened[0] > len(beginning) // 2 else beginning


_INVISIBLE = re.compile(
    "["
    "\u0000-\u0008\u000b-\u001f\u007f-\u009f"  # controls, but not tab and line feed
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, marks of direction, zero width
    "\u2028-\u202e\u2060-\u206f"  # separators, bidirectional controls, invisible operators
    "\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"  # halves of a character; they cannot be written as UTF-8
    "\U000e0000-\U000e0fff"  # tags and variation selectors that can carry a hidden message
    "]"
    # Joiners belong to emoji and to some scripts; between ASCII they only hide something.
    "|(?<=[\u0000-\u007f])[\u200c\u200d]|[\u200c\u200d](?=[\u0000-\u007f])"
)


def visible(text: str) -> str:
    """Return `text` with each hidden character written out, such as `⟨U+202E⟩`."""
    return _INVISIBLE.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


_ACTIVE = re.compile(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|(?<=!)(?=\[)")
_OPENING = re.compile(r"(#|[-+=]|\d{1,9}(?=[.)](\s|$)))")


def plain(text: str) -> str:
    """Return `text` on one line, written so that Markdown shows every character of it as it is."""
    return unopened(inside(" ".join(text.split())))


def inside(line: str) -> str:
    """Return a line, with what is marked as code in it, as it may stand inside another one."""
    pieces = spans(line)
    return "".join(
        str(code(piece)) if is_code else _escape_active(piece) for piece, is_code in pieces
    )


def _escape_active(text: str) -> str:
    return _ACTIVE.sub(lambda found: f"\\{found[0]}", visible(text))


def unopened(line: str) -> str:
    """Keep the start of a line from becoming a heading, a list or a rule."""
    opening = _OPENING.match(line)
    if not opening:
        return line
    at = opening.end() if line[0].isdigit() else 0
    return f"{line[:at]}\\{line[at:]}"


def code(text: str) -> Markup:
    """Return `text` as a code span that also fits into a table."""
    line = " ".join(visible(text).split())
    if not line or "|" in line:
        return Markup(_escape_active(line) or "\u2013")  # noqa: S704 - a table would end the span there
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return Markup(f"{fence}{room}{line}{room}{fence}")  # noqa: S704
