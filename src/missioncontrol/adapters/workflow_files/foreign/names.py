"""Makes valid names from names of other systems."""

import re
import unicodedata
from collections.abc import Iterable

KEY_MAX = 64
NAME_MAX = 63
_RESERVED = {"stop", "continue", "in", "true", "false", "null"}
"""Words with another meaning in `on_failure` or in conditions."""


class Names:
    """Makes unique keys, with underscores, so that conditions can use them."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        """`used` are never returned."""
        self._used = set(used)
        self._numbers: dict[str, int] = {}  # the last number for each text

    def key(self, *parts: str) -> str:
        """Return a free key made of `parts`, joined by underscores."""
        words = (re.sub(r"[^A-Za-z0-9]+", "_", _ascii(part)).strip("_") for part in parts)
        text = "_".join(filter(None, words)) or "step"
        if text[0].isdigit() or text in _RESERVED:
            text = f"_{text}"
        return self._free(text[:KEY_MAX].rstrip("_"))

    def variable(self, *parts: str) -> str:
        """Return a free name of an environment variable."""
        text = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(map(_ascii, parts))).strip("_").upper()
        return self._free((text or "VALUE")[:KEY_MAX])

    def take(self, *names: str) -> None:
        """Reserve `names`."""
        self._used.update(names)

    def _free(self, text: str) -> str:
        name = text
        while name in self._used:
            number = self._numbers[text] = self._numbers.get(text, 1) + 1
            name = f"{text[: KEY_MAX - 6]}_{number}"
        self._used.add(name)
        return name


def workflow_name(text: str, filename: str) -> str:
    """Return the name of a workflow: small letters, digits and hyphens, from `text` or the file."""
    stem = re.sub(r"\.[^.]*$", "", re.split(r"[/\\]", filename)[-1])
    for words in (text, stem):
        name = re.sub(r"[^a-z0-9]+", "-", _ascii(words).lower()).strip("-")
        name = re.sub(r"^[0-9]", r"w-\g<0>", name)[:NAME_MAX].strip("-")
        if name:
            return name
    return "imported"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
