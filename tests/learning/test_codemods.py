"""Codemods that commits teach: found, generalised no further than they were seen, and proven."""

from collections.abc import Sequence

import pytest

from missioncontrol.domain.learned import Codemod, Fixture, Place
from missioncontrol.learning.codemods import Found, codemods_of, holds
from missioncontrol.ports.history import Changed, Commit


def taught(*files: tuple[str, str, str]) -> list[Found]:
    return codemods_of(Commit("c0ffee", tuple(Changed(*each) for each in files)))


def rewrites(found: Sequence[Found]) -> list[tuple[str, str]]:
    return [(each.codemod.before, each.codemod.after) for each in found]


def changed(before: str, *swaps: tuple[str, str], path: str = "t.py") -> list[tuple[str, str]]:
    after = before
    for one, other in swaps:
        after = after.replace(one, other)
    return rewrites(taught((path, before, after)))


CASES = """
class T(Case):
    def test(self):
        self.assertEquals(a(), b)
        self.assertEquals(len([1]), 3)
        self.assertEquals(1,
            2)
"""


def test_a_method_that_got_another_name() -> None:
    found = changed(CASES, ("assertEquals", "assertEqual"))
    assert found == [("self.assertEquals", "self.assertEqual")]


def test_what_differs_between_places_becomes_a_variable() -> None:
    before = "if a == None: p\nif b(1) == None: p\nwhile c.d == None: p\n"
    assert changed(before, ("== None", "is None")) == [("$A == None", "$A is None")]


def test_an_argument_by_name_is_renamed_whatever_stands_beside_it() -> None:
    before = "x = f(1, warn=True)\ny = f(2, 3, warn=False)\nz = f(warn=q, other=1)\n"
    found = changed(before, ("warn=", "warning="))
    assert found == [("f($$$BEFORE, warn=$A, $$$AFTER)", "f($$$BEFORE, warning=$A, $$$AFTER)")]


def test_a_class_that_names_no_base_keeps_its_body() -> None:
    before = "".join(f"class {name}(object):\n    x = 1\n\n\n" for name in "ABC")
    [found] = taught(("t.py", before, before.replace("(object)", "")))
    assert (found.codemod.before, found.codemod.after) == (
        "class $A(object): ...",
        "class $A: ...",
    )


def test_what_is_dropped_on_the_way_may_differ() -> None:
    before = "".join(
        f"class {name}(B):\n    def f(self):\n        super({name}, self).f()\n" for name in "XYZ"
    )
    after = before
    for name in "XYZ":
        after = after.replace(f"super({name}, self)", "super()")
    assert rewrites(taught(("t.py", before, after))) == [("super($A, self)", "super()")]


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_places_teach_nothing(count: int) -> None:
    before = "".join(f"x{n} = old({n})\n" for n in range(count))
    assert changed(before, ("old(", "new(")) == []


def test_a_change_that_most_places_did_not_get_is_no_rule() -> None:
    lines = [f"x{n} = old.f({n})\n" for n in range(10)]
    after = [line.replace("old.f", "new.f") if n < 3 else line for n, line in enumerate(lines)]
    assert taught(("t.py", "".join(lines), "".join(after))) == []


def test_a_rewrite_that_finds_its_own_outcome_is_no_rewrite() -> None:
    before = "run(1)\nrun(2)\nrun(3)\n"
    assert changed(before, ("run(", "run(run)(")) == []


def test_a_name_of_the_files_themselves_is_no_pattern() -> None:
    files = [
        ("a.py", "def old_name():\n    pass\n\nold_name(1)\n", "def new():\n    pass\n\nnew(1)\n"),
        ("b.py", "old_name(1)\nx = old_name(2)\n", "new(1)\nx = new(2)\n"),
    ]
    assert taught(*files) == []


def test_names_of_one_function_say_nothing_elsewhere() -> None:
    before = (
        "def f(app):\n    app.go(app)\n    x = 1\n    app.go(app)\n    y = 2\n    app.go(app)\n"
    )
    assert changed(before, ("app.go(app)", "app.go(app, fast=True)")) == [
        ("$A.go($A)", "$A.go($A, fast=True)")
    ]


def test_words_of_a_text_are_no_syntax() -> None:
    before = 'a = "one"\nb = f("one")\nc = "one"\n'
    assert changed(before, ('"one"', '"two"')) == []


def test_imports_that_moved_by_name_and_as_a_whole() -> None:
    before = "from collections import Mapping, OrderedDict\nimport mock\n"
    moved = "from collections import OrderedDict\nfrom collections.abc import Mapping\n"
    after = f"{moved}from unittest import mock\n"
    files = [(f"f{n}.py", before, after) for n in range(3)]
    assert rewrites(taught(*files)) == [
        ("from collections import Mapping", "from collections.abc import Mapping"),
        ("import mock", "from unittest import mock"),
    ]


def test_a_module_that_is_left_for_good_moves_with_all_its_names() -> None:
    files = [
        (f"f{name}.py", f"from old.place import {name}\n", f"from new.place import {name}\n")
        for name in "abc"
    ]
    assert rewrites(taught(*files)) == [("from old.place import $A", "from new.place import $A")]


@pytest.mark.parametrize(
    ("path", "line", "swap", "wanted"),
    [
        ("t.js", "x{0} = new Buffer({0});\n", ("new Buffer", "Buffer.from"), "Buffer.from($A)"),
        ("t.ts", "const x{0} = lib.old({0});\n", ("lib.old", "lib.fresh"), "lib.fresh"),
        ("t.go", "var x{0} = ioutil.ReadAll(r{0})\n", ("ioutil.", "io."), "io.ReadAll"),
        ("t.rs", "static X{0}: u8 = mem::old({0});\n", ("mem::old", "mem::fresh"), "mem::fresh"),
    ],
)
def test_other_languages_by_their_own_grammars(
    path: str, line: str, swap: tuple[str, str], wanted: str
) -> None:
    head = "package main\n" if path == "t.go" else ""
    before = head + "".join(line.format(n) for n in range(1, 5))
    assert wanted in [after for _, after in changed(before, swap, path=path)]


def test_a_fixture_that_does_not_become_what_history_says_does_not_hold() -> None:
    codemod = Codemod("syntax", "f($A)", "g($A)")
    place = Place("t.py", 1, "c0ffee")
    assert holds(codemod, "python", Fixture(place, "f( 1 )", "g(1)"))
    assert not holds(codemod, "python", Fixture(place, "f(1)", "h(1)"))
    assert not holds(codemod, "python", Fixture(place, "f(1", "g(1"))


def test_text_that_is_no_code_teaches_nothing_and_breaks_nothing() -> None:
    assert taught(("t.py", "def (:\n" * 9, "class ]:\n" * 9), ("t.js", "\x01{{{", "}}}")) == []
    assert taught(("t.py", "", "x = 1\n"), ("t.py", "\ufeffx = 1\n", "x = 2\n")) == []


def test_what_a_rewrite_needs_is_read_off_the_files_it_was_made_in() -> None:
    before = "import typing\n\nx: typing.Any\ny: typing.Any\nz: typing.Any\n"
    after = before.replace("import typing", "from typing import Any").replace("typing.Any", "Any")
    [found] = taught(("t.py", before, after))
    assert (found.codemod.after, found.codemod.needs) == ("Any", ("from typing import Any",))
