import pytest

from missioncontrol.guard.surface import changes_of, is_public

BEFORE = """
def add(a, b=1, *, fast=False): ...
async def wait(): ...
class Cart:
    def __init__(self, owner): ...
    def total(self, currency="EUR"): ...
    def _inner(self): ...
def _own(): ...
"""


def said(after: str) -> list[str]:
    return [words for words, _ in changes_of(BEFORE, after)]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("def add(a, b=1, *, fast=False)", "def add(a, b, *, fast=False)", "no default for `b`"),
        ("def add(a, b=1, *, fast=False)", "def add(a, c, b=1, *, fast=False)", "needs `c`"),
        ("def add(a, b=1, *, fast=False)", "def add(a, b=1)", "takes no `fast`"),
        ("def add(a, b=1, *, fast=False)", "def add(b, a=1, *, fast=False)", "`b`"),
        ("def add(a, b=1", "def plus(a, b=1", "`add` is gone"),
        ("async def wait", "def wait", "awaited"),
        ("self, owner", "self, owner, size", "`Cart.__init__` needs `size`"),
        ("    def total", "    def sum", "`Cart.total` is gone"),
    ],
)
def test_what_callers_lose_is_said(old: str, new: str, words: str) -> None:
    [only] = said(BEFORE.replace(old, new))
    assert words in only


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fast=False)", "fast=False, slow=True)"),
        ("def add(a, b=1, *, fast=False)", "def add(a, *more, **options)"),
        ("def _own(): ...", ""),
        ("    def _inner(self): ...\n", ""),
        ("def add(a, b=1, *, fast=False): ...", "from other import add"),
        ("def add(a, b=1, *, fast=False): ...", "add = make()"),
        ("async def wait(): ...", "async def wait(): ...\ndef more(): ..."),
    ],
)
def test_what_nobody_notices_is_not(old: str, new: str) -> None:
    assert said(BEFORE.replace(old, new)) == []


def test_a_class_that_is_gone_is_said_once() -> None:
    after = BEFORE[: BEFORE.index("class Cart")]
    assert said(after) == ["`Cart` is gone"]


def test_a_file_that_cannot_be_read_says_nothing() -> None:
    assert changes_of(BEFORE, "def (") == []


def test_names_that_begin_with_an_underscore_are_nobody_elses() -> None:
    assert is_public("src/shop/__init__.py")
    assert not is_public("src/shop/_cart.py")
    assert not is_public("src/_shop/cart.py")
    assert not is_public("readme.md")
