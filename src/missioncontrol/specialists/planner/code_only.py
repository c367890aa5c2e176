"""Code without what it says in prose: comments, and where asked for strings too."""

import re

_TOKEN = re.compile(
    r"""(?sx)
    (?P<long>\b[rbfuRBFU]{0,2}(?:\"{3}.*?\"{3}|\'{3}.*?\'{3}))
    |(?P<string>\"(?:\\.|[^\"\\\n])*\"|\'(?:\\.|[^\'\\\n])*\')
    |(?P<comment>\#[^\n]*|(?<![:\w])//[^\n]*|/\*.*?\*/|^[ \t]*--\ [^\n]*)
    """,
    re.MULTILINE,
)
_NOT_NEWLINE = re.compile(r"[^\n]")


def without_prose(text: str, *, strings: bool = True) -> str:
    """Return `text` with blanks in place of its comments, so that lines and columns stay.

    A string in three quotes that begins a line explains, and counts as a comment; other
    strings go with `strings`.
    """

    def blank(match: re.Match[str]) -> str:
        before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        explains = match["long"] is not None and not before.strip()
        if match["comment"] is None and not (strings or explains):
            return match.group()
        return _NOT_NEWLINE.sub(" ", match.group())

    return _TOKEN.sub(blank, text)
