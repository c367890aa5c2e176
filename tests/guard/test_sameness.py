import pytest

from missioncontrol.guard.equivalence import is_equivalent

BEFORE = '''
"""Sessions."""
import hmac
from app import keys, unused

class Session:
    lasts: int = 30

    def open(self, user, key=None):
        """Open it."""
        # Compare.
        self.last = user
        return hmac.compare_digest(user.key, key)
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        # Compare.\n", ""),
        ('"""Open it."""', '"""Open a session."""'),
        ('        """Open it."""\n', ""),
        ('"""Sessions."""', ""),
        ("(self, user, key=None):", "(self, user: User, key: bytes | None = None) -> bool:"),
        ("compare_digest(user.key, key)", "compare_digest(\n            user.key,\n key,\n )"),
        ("keys, unused", "keys"),
        ("self.last = user", "self.last: User | None = user"),
        ("import hmac\n", "from __future__ import annotations\nimport typing as t\nimport hmac\n"),
        ("\nclass", "\nif t.TYPE_CHECKING:\n    from app import User\n\nclass"),
    ],
)
def test_words_layout_and_types_are_no_work(old: str, new: str) -> None:
    assert is_equivalent(BEFORE, BEFORE.replace(old, new))
    assert is_equivalent(BEFORE.replace(old, new), BEFORE) or "unused" in old


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("key=None", "key=b''"),
        ("user.key, key", "key, key"),
        ("import hmac\n", "import fast_hmac as hmac\n"),
        ("from app", "from other"),
        ("from app", "from .app"),
        ("lasts: int = 30", "lasts: int = 300"),
        ("lasts: int = 30", "lasts: str = 30"),  # dataclasses and models read these
        ("def open", "async def open"),
        ("    def open", "    @free\n    def open"),
        ("\nclass", "\nif t.TYPE_CHECKING:\n    import x\nelse:\n    open_all()\n\nclass"),
        ("class", "class ("),
    ],
)
def test_what_runs_is(old: str, new: str) -> None:
    assert old in BEFORE
    assert not is_equivalent(BEFORE, BEFORE.replace(old, new))


def test_annotations_are_work_where_a_framework_reads_them() -> None:
    before = "from fastapi import Depends\ndef read(user: Admin): ...\n"
    assert not is_equivalent(before, before.replace("Admin", "User"))
    assert is_equivalent(before, before + "# Mind the order.\n")


def test_what_is_too_deep_to_be_compared_is_work() -> None:
    deep = f"if {'+'.join('a' * 900)}:\n    pass\n"
    assert not is_equivalent(deep, deep + "# More.\n")
