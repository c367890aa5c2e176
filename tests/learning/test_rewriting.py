"""Codemods applied to texts: what they do not change keeps every character."""

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.learned import Codemod, Pattern
from missioncontrol.learning.proposals import proposed
from missioncontrol.learning.rewrite import rewritten
from missioncontrol.ports.history import TextFile


def made(before: str, after: str, text: str, language: str = "python") -> str:
    codemod = Codemod("syntax", before, after)
    found = rewritten(codemod, language, text)
    assert rewritten(codemod, language, found.text).edits == ()
    return found.text


def moved(before: str, after: str, text: str) -> str:
    return rewritten(Codemod("import", before, after), "python", text).text


@pytest.mark.parametrize(
    ("before", "after", "text", "wanted"),
    [
        ("f($A)", "g($A)", "x = f( a  )  # why\n", "x = g(a)  # why\n"),
        ("$A == None", "$A is None", "if (a or\n  b) == None: p\n", "if (a or\n  b) is None: p\n"),
        ("f($A, $A)", "g($A)", "f(a.b, a . b); f(a, b)\n", "g(a.b); f(a, b)\n"),
        ("f($$$A, x=$B)", "f($$$A, y=$B)", "f(x=1)\nf(1, *z, x=2)\n", "f(y=1)\nf(1, *z, y=2)\n"),
        ("f('a')", "g('a')", 'f("a")\nf("b")\n', "g('a')\nf(\"b\")\n"),
        ("class $A(B): ...", "class $A: ...", "@d\nclass X(B):\n  y\n", "@d\nclass X:\n  y\n"),
        ("return f($A)", "return $A", "def g(): return f(1); 2\n", "def g(): return 1; 2\n"),
        ("assert f($A)", "c($A)", "assert f(1)\nassert f(1), 'm'\n", "c(1)\nassert f(1), 'm'\n"),
        ("f($A)", "g($A)", "f(f(1))\n", "g(g(1))\n"),
    ],
)  # fmt: skip
def test_python(before: str, after: str, text: str, wanted: str) -> None:
    assert made(before, after, text) == wanted


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_stay(end: str) -> None:
    assert made("f($A)", "g($A)", f"f(1){end}# x{end}") == f"g(1){end}# x{end}"


def test_an_import_moves_and_what_stands_beside_it_stays() -> None:
    text = "import os\nfrom a import x, y as z  # both\n\nx(z)\n"
    assert moved("from a import x", "from b import x", text) == (
        "import os\nfrom a import y as z  # both\nfrom b import x\n\nx(z)\n"
    )
    assert moved("from a import $A", "from b import $A", text) == (
        "import os\nfrom b import x, y as z  # both\n\nx(z)\n"
    )
    assert moved("import os", "from more import os", text).startswith("from more import os\n")
    assert moved("from a import x", "from b import q as x", "from a import x\n") == (
        "from b import q as x\n"
    )
    assert moved("from a import x", "from b import x", "from a import *; x\n") == (
        "from a import *; x\n"
    )


def test_other_languages() -> None:
    text = "// f(1)\nx = f(1, /* two */ 2);\nf()\n"
    assert made("f($A, $B)", "g($B, $A)", text, "javascript") == "// f(1)\nx = g(2, 1);\nf()\n"
    assert made("old($$$A)", "fresh(ctx, $$$A)", "old(1, 2); old()\n", "typescript") == (
        "fresh(ctx, 1, 2); fresh(ctx)\n"
    )


@pytest.mark.parametrize(
    ("before", "text", "code"),
    [
        ("f($A)", "f(1\n", "pattern.unreadable"),
        ("f(", "f(1)\n", "pattern.bad_codemod"),
        ("f(1)\ng(2)", "f(1)\ng(2)\n", "pattern.bad_codemod"),
        ("for x in f(): pass", "for x in f(): pass\n", "pattern.bad_codemod"),
    ],
)
def test_what_can_not_be_looked_for_is_refused(before: str, text: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        rewritten(Codemod("syntax", before, "g()"), "python", text)
    assert refused.value.code == code


def test_a_text_without_the_words_is_not_even_read() -> None:
    assert rewritten(Codemod("syntax", "fetch($A)", "g($A)"), "python", "def (:\n").edits == ()


NEEDY = Codemod("syntax", "utcnow()", "now(timezone.utc)", ("from datetime import timezone",))


def test_a_name_that_is_brought_in_is_imported_where_it_is_not_known() -> None:
    text = '"""Says when."""\n\nfrom datetime import now, utcnow\n\nx = utcnow()\n'
    made = rewritten(NEEDY, "python", text).text
    assert "import now, timezone, utcnow" in made or "from datetime import timezone" in made
    assert made.startswith('"""Says when."""\n')
    known = f"from other import timezone\n{text}"
    assert "datetime import timezone" not in rewritten(NEEDY, "python", known).text


def test_a_file_that_would_not_know_a_name_is_left_as_it_is() -> None:
    codemod = Codemod("syntax", "utcnow()", "now(timezone.utc)")
    pattern = Pattern("codemod-1", "codemod", "python", "a", "b", "/r", (), (), 3, (), codemod)
    files = [TextFile("a.py", "utcnow()\n"), TextFile("b.py", "from d import *\nutcnow()\n")]
    outcome = proposed(pattern, files, "", lambda _: True)
    assert [each.path for each in outcome.proposals] == ["b.py"]
    assert "would use `now`, `timezone`" in outcome.skipped[0]
