"""Runs the tests and settings of the base over a change: no builder owns what judges it."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec

from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import SUBMODULE
from missioncontrol.specialists.commits.test_changes import with_tests_of
from missioncontrol.specialists.commits.test_settings import can_plant, is_test
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.commit_checks import Examined, examined, forgotten
from missioncontrol.specialists.tester.test_comparison import RAN, Broken, broken, new_in, passes

CANARIES_MAX = 200
FORGED = "A test that must fail passes with the change, and fails at its base"


class BaseTests(msgspec.Struct, frozen=True):
    """What the tests of the base say of a change."""

    broken: tuple[Broken, ...] = ()  # these can't be accepted
    altered: tuple[Broken, ...] = ()  # of tests and fixtures that it alters: a person can


class Gate(msgspec.Struct, frozen=True):
    """A change, what it is held against, and where that is done."""

    lent: Lent
    base: str
    commit: str
    desk: Desk
    place: Path
    checks: tuple[tuple[str, ...], ...] = ()
    known: frozenset[str] = frozenset()

    def run(self, commit: str, name: str, *, share: float = 0.5) -> Examined:
        """Return what the tests of a commit show.

        Raises:
            AttemptFailed: as `examined`.
        """
        place = self.place / name
        try:
            return examined(self.lent, commit, self.checks, self.desk, place, share=share)
        finally:
            forgotten(place)


def base_tests(gate: Gate) -> BaseTests:
    """Run the tests of the base over the change, where that has other tests or settings.

    Raises:
        AttemptFailed: as `examined`.
    """
    full = with_tests_of(gate.lent, gate.base, gate.commit, tests=True)
    if full == gate.commit:
        return BaseTests()
    gate.desk.log("info", f"running the tests of {gate.base[:12]} over the change")
    failing = _failing(gate, gate.run(full, "base-tests"))
    if not failing:
        return BaseTests()
    own = with_tests_of(gate.lent, gate.base, gate.commit, tests=False)
    if own == gate.commit:
        return BaseTests(altered=failing)
    left = failing
    if own != full:
        gate.desk.log("info", "running the altered tests with the settings of the base")
        left = _failing(gate, gate.run(own, "base-settings"))
    return _by_fixtures(gate, failing, left) if left else BaseTests(altered=failing)


def _by_fixtures(gate: Gate, failing: tuple[Broken, ...], left: tuple[Broken, ...]) -> BaseTests:
    """Tell what fails by the fixtures of the base alone from what fails anyway.

    A fixture in conftest.py may have to change with the code. A test that the fixtures of the
    change leave out does not pass by them, so that it stays broken where a report names it.
    """
    own = with_tests_of(gate.lent, gate.base, gate.commit, tests=False, fixtures=False)
    if own == with_tests_of(gate.lent, gate.base, gate.commit, tests=False):
        return BaseTests(left)
    if _is_forged(gate, own):  # These may mark every test as passed.
        return BaseTests(left)
    gate.desk.log("info", "running the altered tests with the fixtures of the change")
    now = gate.run(own, "own-fixtures")
    lost = tuple(each for each in left if not passes(now, each))
    return BaseTests(lost) if lost else BaseTests(altered=failing)


def _failing(gate: Gate, now: Examined) -> tuple[Broken, ...]:
    """Return what fails; that nothing could run counts where the base itself could."""
    if now.status == "timed_out":
        return (Broken("", report.statement(now.trial)),)
    found = broken(now, None, known=gate.known)
    if found or now.status in RAN:
        return found
    return new_in(now, gate.run(gate.base, "base", share=1.0), known=gate.known)


def forged(gate: Gate) -> tuple[Broken, ...]:
    """Look whether a failing test still fails: code under test may reach what reports of it.

    Raises:
        AttemptFailed: as `examined`.
    """
    over = with_tests_of(gate.lent, gate.base, gate.commit, tests=True)
    return (Broken("", FORGED),) if _is_forged(gate, over) else ()


def _is_forged(gate: Gate, commit: str) -> bool:
    """Whether a planted test that must fail passes in `commit`, and does not at the base."""
    word = f"c{secrets.token_hex(4)}"
    planted = with_canaries(gate.lent, commit, word)
    if planted == commit:
        return False
    gate.desk.log("info", "looking whether a test that must fail does")
    if gate.run(planted, "canary").status != "passed":
        return False
    at_base = with_canaries(gate.lent, gate.base, word)
    # Where it passes there too, the command runs other tests, or none that are known here.
    return gate.run(at_base, "canary-base", share=1.0).status != "passed"


def with_canaries(lent: Lent, commit: str, word: str) -> str:
    """Return `commit` with a failing test at the end of its tests; itself where none is known."""
    listed = lent.git("ls-tree", "-r", "-z", commit).decode("utf-8", "surrogateescape")
    lines = list(_planted(lent, listed, word))[:CANARIES_MAX]
    if not lines:
        return commit
    more = {"GIT_INDEX_FILE": str(lent.path / "canary.index")}
    lent.git("read-tree", commit, more=more)
    stdin = "".join(lines).encode("utf-8", "surrogateescape")
    lent.git("update-index", "-z", "--index-info", stdin=stdin, more=more)
    tree = lent.git("write-tree", more=more).decode().strip()
    return lent.made(tree, commit, "Add tests that must fail\n")


def _planted(lent: Lent, listed: str, word: str) -> Iterator[str]:
    for entry in filter(None, listed.split("\0")):
        head, _, path = entry.partition("\t")
        mode, _, blob = head.split(" ")
        text = CANARIES.get(can_plant(path), "")
        if not text or mode == SUBMODULE or not mode.startswith("100") or not is_test(path):
            continue
        content = lent.git("cat-file", "blob", blob)
        if b"test" not in content:
            continue
        content += text.replace("WORD", word).encode()
        made = lent.git("hash-object", "-w", "--stdin", stdin=content).decode().strip()
        yield f"{mode} {made}\t{path}\0"


CANARIES = {
    "py": """


def test_WORD():
    assert [] == ["WORD"]


class Test_WORD(__import__("unittest").TestCase):
    def test_WORD_a(self):
        self.assertEqual(1, 2)

    def test_WORD_b(self):
        self.assertTrue(False)

    def test_WORD_c(self):
        raise AssertionError("WORD")
""",
    "go": '\nfunc TestZWORD(t *testing.T) { t.Fatal("WORD") }\n',
    "rs": '\n#[test]\nfn t_WORD() { panic!("WORD"); }\n',
}
"""By language, a test in several shapes, each of which fails."""
