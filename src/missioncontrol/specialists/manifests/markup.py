"""Reads project files in XML with their line numbers, and without resolving a single entity."""

from collections.abc import Iterator
from html.parser import HTMLParser

import msgspec


class Element(msgspec.Struct):
    """An element with its attributes and its own text; names are in lower case."""

    number: int  # its place among all elements
    path: str  # such as `project/dependencies/dependency`
    line: int
    attributes: dict[str, str]
    text: str = ""


def elements(text: str) -> list[Element]:
    """Return the elements in the order in which they open."""
    # The parser of HTML expands no entity definitions and never fails, which suits strange files.
    reader = _Elements()
    reader.feed(text)
    reader.close()
    return reader.found


def children(found: list[Element], parent: Element) -> Iterator[Element]:
    """Yield the elements directly inside `parent`."""
    for number in range(parent.number + 1, len(found)):
        item = found[number]
        if not item.path.startswith(parent.path + "/"):
            return
        if "/" not in item.path[len(parent.path) + 1 :]:
            yield item


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        above = f"{self._open[-1].path}/" if self._open else ""
        values = {name: value or "" for name, value in attrs}
        element = Element(len(self.found), above + tag, self.getpos()[0], values)
        self.found.append(element)
        self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, -1, -1):
            if self._open[depth].path.rpartition("/")[2] == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data.strip()
