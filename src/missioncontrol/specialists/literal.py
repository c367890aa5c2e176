"""Names of files and definitions that stand in a text word for word."""

import re

_QUOTED = re.compile(r"`([^`\n]{2,80})`")
_FILE = re.compile(
    r"(?i)\.(?:py|pyi|js|jsx|ts|tsx|mjs|cjs|go|rs|rb|java|kt|php|c|h|cc|cpp|cs|sql|sh|md|rst|txt|toml"
    r"|json|ya?ml|cfg|ini|html?|css|xml|lock|csv|ipynb|proto)$"
)
_NAMED = re.compile(
    r"(?<![\w./-])(?:[\w.-]+/)*[\w-]+\.[A-Za-z]\w{0,9}(?![\w/])|\b\w+_\w+\b|\b[A-Za-z][a-z0-9]+[A-Z]\w+\b"
)

_CALLED = re.compile(r"(?<![\w./-])(?:\w+\.)*([A-Za-z_]\w+)\(")


def written_names(text: str) -> list[str]:
    """Return the names that `text` writes as code, among them plain words called: `chunked()`."""
    return list(dict.fromkeys([*exact_names(text), *_CALLED.findall(text)]))


def exact_names(text: str) -> list[str]:
    """Return file names and identifiers that stand in `text` literally, in order."""
    quoted = [name for name in _QUOTED.findall(text) if " " not in name.strip()]
    named = [match.group() for match in _NAMED.finditer(text)]
    return list(dict.fromkeys(filter(None, map(_without_call, [*quoted, *named]))))


def _without_call(name: str) -> str:
    """Return `parse` for `parse(0)`: what stands in the brackets is no part of the name."""
    return name.strip().strip("()").partition("(")[0]


def is_file_name(name: str) -> bool:
    """Whether a name found in prose is a file's: `README.md`, but not `res.send`."""
    return "/" in name or _FILE.search(name) is not None
