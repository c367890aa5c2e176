"""Which changes count, what is left of their messages, and how a plan is compared with one."""

import pytest

from missioncontrol.specialists.backtest.history import PastWork, cleaned, is_paper, is_suitable
from missioncontrol.specialists.backtest.scoring import Score, figures


def work(subject: str, *files: str) -> PastWork:
    return PastWork("c", "p", 0, subject, files)


@pytest.mark.parametrize(
    ("subject", "files", "fits"),
    [
        ("Keep sessions for longer", ("a.py",), True),
        ("fix(web): keep sessions longer", ("a.py",), False),  # three words
        ("Keep sessions for longer", ("README.md", "docs/a.html"), False),  # no code
        ("Keep sessions for longer", tuple(f"{n}.py" for n in range(9)), False),
        ("Keep sessions for longer", ("a.py", *(f"{n}.md" for n in range(16))), False),
        ("Bump httpx from 0.27 to 0.28", ("pyproject.toml",), False),
        ("chore(deps): update all of them now", ("a.py",), False),
        ("Release the version 1.2 of this", ("a.py",), False),
        ("Test the newest version of it", ("tests/test_a.py",), True),
    ],
)
def test_a_change_counts_that_says_what_it_is_for(
    subject: str, files: tuple[str, ...], fits: bool
) -> None:
    assert is_suitable(work(subject, *files)) is fits


def test_a_message_loses_what_tools_and_forms_wrote() -> None:
    message = (
        "Keep sessions longer (#12)\n\nThey ended too soon.\n\n- [x] I have read the rules\n"
        "<!-- say why -->\nFixes #3\nCo-authored-by: Ada <ada@example.org>\n"
    )
    assert cleaned(message) == "Keep sessions longer\n\nThey ended too soon."
    assert cleaned("Write to ada@example.org") == "Write to (address)"
    assert len(cleaned("Subject\n\n" + "word " * 400)) < 620


@pytest.mark.parametrize(
    ("path", "paper"),
    [("docs/a.html", True), ("README.md", True), ("HISTORY.rst", True), ("a.py", False)],
)
def test_papers_are_told_from_code(path: str, paper: bool) -> None:
    assert is_paper(path) is paper


def test_figures_of_several_plans() -> None:
    right = Score("1", "a", ("x.py", "y.py"), ("x.py", "y.py"), ("x.py",), (), (1, 3), 2, "x.py")
    late = Score("2", "b", ("y.py", "z.py"), ("y.py",), ("z.py",), ("gone.py",), (1, 11), 1, "q")
    none = Score("3", "c", error="It says nothing.")
    found = figures([right, late, none], paths=7)
    assert (found.changes, found.errors) == (3, 1)
    assert (found.begins, found.begins_soon, found.bm25_begins) == (0.333, 0.667, 0.5)
    assert (right.precision, right.recall) == (0.5, 1.0)
    assert found.f1 == pytest.approx(1 / 3, abs=0.001)
    # A range of more than ten times says nothing, so it is not counted.
    assert (found.ranges, found.ranges_held) == (1, 1)
    assert (found.false_paths, found.paths) == (1, 7)
