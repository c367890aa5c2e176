import pytest

from missioncontrol.guard.surface import changes_of, is_public, module_of

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


CLICK = "@cli.command()\n@click.option('--port')\ndef serve(port): ...\n"
HELD = """
class Cart:
    @property
    def size(self): ...
    @size.setter
    def size(self, value): ...
    @overload
    def put(self, one): ...
    def put(self, *all): ...
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CLICK, CLICK.replace("def serve(port)", "def serve(port, host)")),
        ("@hookspec\ndef menu(app): ...\n", "@hookspec\ndef menu(app, request): ...\n"),
        (HELD, HELD + "    def more(self): ...\n"),
        ("class Cart:\n    @property\n    def size(self): ...\n", "class Cart:\n    size = 1\n"),
        (
            "class Cart:\n    @property\n    def size(self): ...\n",
            "class Cart:\n    def __init__(self): self.size = 1\n",
        ),
        (
            "class Cart:\n    @locked_property\n    def size(self): ...\n",
            "class Cart:\n    @cached_property\n    def size(self): ...\n",
        ),
        (
            "class Cart:\n    def total(self): ...\n",
            "class Sum:\n    def total(self): ...\nclass Cart(Sum[int]): ...\n",
        ),
    ],
)
def test_what_is_still_reached_is_not_lost(before: str, after: str) -> None:
    assert changes_of(before, after) == []


def test_a_property_that_has_to_be_called_is_another_thing() -> None:
    [(words, _)] = changes_of(HELD.replace("size", "s"), "class Cart:\n    def s(self): ...\n")[:1]
    assert words == "`Cart.s` is another kind of thing"


def test_a_member_may_come_from_a_class_of_another_file_of_the_change() -> None:
    before = "class Cart:\n    def total(self): ...\n    def rate(self): ...\n"
    after = "from .sums import Cart as Sum\nclass Cart(Sum): ...\n"
    beside = ["def (", "class Cart(Cart):\n    def total(self): ...\n"]
    assert changes_of(before, after, beside) == [("`Cart.rate` is gone", 0)]


def test_a_module_is_known_by_its_name() -> None:
    assert module_of("src/shop/__init__.py") == module_of("shop.py")
    assert module_of("src/shop/cart.py") != module_of("shop/basket.py")


def test_a_file_that_cannot_be_read_says_nothing() -> None:
    assert changes_of(BEFORE, "def (") == []


def test_names_that_begin_with_an_underscore_are_nobody_elses() -> None:
    assert is_public("src/shop/__init__.py")
    assert not is_public("src/shop/_cart.py")
    assert not is_public("src/_shop/cart.py")
    assert not is_public("readme.md")
