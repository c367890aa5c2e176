"""How files that hold tests are called."""

import re

_TEST_NAME = re.compile(
    r"(?:^|/)(?:[tT]est(?!ing\.)[_.-]?[^/]*|[^/]*(?:[_.-](?:tests?|spec)|Tests?|Spec))\.\w+$"
)
"""Other files among the tests are applications and helpers that tests use; so is `testing.py`."""


def is_test_name(path: str) -> bool:
    """Whether a file is called as tests are; `tests/util.py` helps tests and is none."""
    return _TEST_NAME.search(path) is not None
