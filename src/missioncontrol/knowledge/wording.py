"""Words of a document as a line of memory has them: without the marks of the document's format."""

import re

_CODE = re.compile(r"(`+[^`]*`+)")
_ROLE = re.compile(r":[a-z][a-z:+-]{0,40}:$")
_MARKS = (
    (re.compile(r"!?\[([^\]\[]{1,300})\]\([^()\s]{0,500}\)"), r"\1"),
    (re.compile(r"\*\*(?=\S)([^*]{1,300}?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]{1,300}?)(?<=[^\s*])\*(?![\w*])"), r"\1"),
)


def unmarked(text: str) -> str:
    """Return a text without the marks of emphasis and links of Markdown; code stays as it is.

    What stands before code as a role of reStructuredText, such as `:meth:`, goes too.
    """
    pieces = _CODE.split(text)
    for place in range(0, len(pieces), 2):
        piece = pieces[place]
        for mark, kept in _MARKS:
            piece = mark.sub(kept, piece)
        if place + 1 < len(pieces):
            piece = _ROLE.sub("", piece)
        pieces[place] = piece
    return "".join(pieces)
