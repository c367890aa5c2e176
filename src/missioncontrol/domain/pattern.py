"""Regular expressions that anybody may write: RE2, whose time grows with the text alone."""

from functools import lru_cache
from typing import Any


def pattern_fault(pattern: str) -> str:
    """Say why `pattern` is no regular expression, or return an empty text."""
    import re2

    try:
        compiled(pattern)
    except re2.error as error:
        return error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
    return ""


def finds(pattern: str, text: str) -> bool:
    """Tell whether `pattern` finds something in `text`."""
    return compiled(pattern).search(text) is not None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """Return what `pattern` means, with `search` and `fullmatch` like those of `re`."""
    import re2  # Few inputs and no small change need it.

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options=options)
