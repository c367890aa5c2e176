"""Reads YAML so that each value knows its line; invalid YAML gives nothing."""

from collections.abc import Iterator
from typing import Any

import msgspec

DOCUMENTS_MAX = 60
BYTES_MAX = 512 * 1024


class Marked(msgspec.Struct, frozen=True):
    """A value of a YAML document, looked into one step at a time, so no alias is ever unfolded."""

    node: Any

    @property
    def line(self) -> int:
        """Where it begins, 1-based."""
        return int(self.node.start_mark.line) + 1

    def text(self) -> str:
        """Return a scalar as it is written; "" for anything else."""
        value = getattr(self.node, "value", "")
        return value if isinstance(value, str) else ""

    def items(self) -> Iterator[tuple[str, int, "Marked"]]:
        """Yield keys of a mapping with their lines and values."""
        if getattr(self.node, "id", "") == "mapping":
            for key, value in self.node.value:
                if isinstance(key.value, str):
                    yield key.value, int(key.start_mark.line) + 1, Marked(value)

    def each(self) -> Iterator["Marked"]:
        """Yield the parts of a sequence."""
        if getattr(self.node, "id", "") == "sequence":
            yield from (Marked(part) for part in self.node.value)

    def at(self, *keys: str) -> "Marked":
        """Return what stands behind these keys, an empty value where nothing does."""
        found = self
        for wanted in keys:
            found = next((value for key, _, value in found.items() if key == wanted), NOTHING)
        return found

    def line_of(self, key: str) -> int:
        """Return the line of a key, else the line of the mapping."""
        return next((line for name, line, _ in self.items() if name == key), self.line)

    @property
    def is_there(self) -> bool:
        """Whether anything stands there."""
        return self.node is not None


NOTHING = Marked(None)


def documents(text: str) -> list[Marked]:
    """Return the documents of a YAML file, none where it is no YAML or too large."""
    import yaml

    if len(text) > BYTES_MAX:
        return []
    try:
        found = []
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            found.append(Marked(node))
            if len(found) == DOCUMENTS_MAX:
                break
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    return [each for each in found if each.is_there]
