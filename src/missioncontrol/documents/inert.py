"""Text of others as Markdown that shows every character of it as it is.

It stands apart from the report, whose templates take a while to load and few processes need.
"""

import re

from markupsafe import Markup

from missioncontrol.documents.hidden import visible
from missioncontrol.documents.inline_code import spans

_ACTIVE = re.compile(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|(?<=!)(?=\[)")
_OPENING = re.compile(r"(#|[-+=]|\d{1,9}(?=[.)](\s|$)))")


def plain(text: str) -> str:
    """Return `text` on one line, written so that Markdown shows every character of it as it is."""
    return unopened(inside(" ".join(text.split())))


def inside(line: str) -> str:
    """Return a line, with what is marked as code in it, as it may stand inside another one."""
    pieces = spans(line)
    return "".join(str(code(piece)) if is_code else _bare(piece) for piece, is_code in pieces)


def _bare(text: str) -> str:
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
        return Markup(_bare(line) or "\u2013")  # noqa: S704 - a table would end the span there
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return Markup(f"{fence}{room}{line}{room}{fence}")  # noqa: S704
