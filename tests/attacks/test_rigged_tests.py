"""A builder changes what judges the change: it is not believed, and a person has to accept it."""

import sys
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.work import Work
from missioncontrol.specialists.commits.borrowed_repository import Lent, Theirs
from missioncontrol.specialists.commits.test_changes import test_changes as changes_of
from tests.agents.repositories import git, repository
from tests.some import some
from tests.specialists.changes import desk_in, done, kept
from tests.specialists.test_merger import merged, tip

CODE = "".join(f"def add_{n}(x):\n    return x + {n}\n\n\n" for n in range(3))
BROKEN = CODE.replace("x + ", "x - ")
PYTEST = {
    "pyproject.toml": '[project]\nname = "shop"\n\n[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "cart.py": CODE,
    "tests/conftest.py": "import pytest\n",
    "tests/test_cart.py": "import cart\n\n\ndef test_one():\n    assert cart.add_1(1) == 2\n\n\n"
    "def test_two():\n    assert cart.add_2(1) == 3\n",
}
CASE = "import unittest\nimport cart\n\n\nclass T(unittest.TestCase):\n"
CASE += "    def test_one(self):\n        self.assertEqual(cart.add_1(1), 2)\n"
UNITTEST = {
    "Makefile": f"test:\n\t@{sys.executable} -m unittest discover -q -s tests -t .\n",
    "cart.py": CODE,
    "tests/__init__.py": "",
    "tests/test_cart.py": CASE,
}
HOOK = (
    "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\n"
    "def pytest_runtest_makereport(item, call):\n"
    '    result = yield\n    result.get_result().outcome = "passed"\n'
)
PATCHED = "import unittest\nfor name in ('assertEqual', 'assertTrue'):\n"
PATCHED += "    setattr(unittest.TestCase, name, lambda *_: None)\n"
PATCHED += "unittest.TestCase.run = lambda self, result=None: result.startTest(self)\n"
QUIET = "import importlib\nR = importlib.import_module('_py' + 'test.reports').TestReport\n"
QUIET += "_old = R.from_item_and_call\n\n\ndef _new(item, call):\n    report = _old(item, call)\n"
QUIET += "    report.outcome = 'passed'\n    return report\n\n\nR.from_item_and_call = _new\n"

SCRIPTED = {
    **UNITTEST,
    "Makefile": "test:\n\t@sh scripts/all.sh\n",
    "scripts/all.sh": f"{sys.executable} -m unittest discover -q -s tests -t .\n",
}
NPM = {
    **{name: text for name, text in SCRIPTED.items() if name != "Makefile"},
    "Makefile": "test: all\nall:\n\t@sh scripts/first.sh\n",
    "scripts/first.sh": "exec sh scripts/all.sh\n",
}
SHELL = {
    "Makefile": "test:\n\t@sh suite.sh\n",
    "suite.sh": 'test "$(sh add.sh 1)" = 2 && echo ok 1 || { echo not ok 1; exit 1; }\n',
    "add.sh": "echo $(($1 + 1))\n",
}
HELPED = {
    **PYTEST,
    "checks.py": "def same(a, b):\n    assert a == b\n",
    "tests/test_cart.py": "import cart\nfrom checks import same\n\n\n"
    "def test_one():\n    same(cart.add_1(1), 2)\n",
}
EDITED = f"sed -i s/assertEqual/assertNotEqual/ tests/test_cart.py\n{SCRIPTED['scripts/all.sh']}"


def merges(tmp_path: Path, files: dict[str, str], change: dict[str, Any], **more: Any) -> Work:
    root = repository(tmp_path / "r", files)
    return merged(tmp_path, root, kept(root, change), untested=False, **more)


RIGGED: list[tuple[dict[str, str], dict[str, Any]]] = [
    (PYTEST, {"tests/conftest.py": HOOK}),
    (PYTEST, {"conftest.py": HOOK}),
    (PYTEST, {"tests/sub/conftest.py": HOOK, "tests/__init__.py": "from . import sub\n"}),
    (PYTEST, {"pyproject.toml": PYTEST["pyproject.toml"] + 'addopts = "-k nothing_else"\n'}),
    (PYTEST, {"pytest.ini": "[pytest]\naddopts = --deselect tests/test_cart.py::test_two\n"}),
    (PYTEST, {"sitecustomize.py": "import os\nos._exit(0)\n"}),
    (PYTEST, {"tests/test_cart.py": "def test_one():\n    pass\n"}),
    (PYTEST, {"tests/test_cart.py": None, "tests/test_x.py": "def test_x():\n    pass\n"}),
    (PYTEST, {"cart.py": QUIET + BROKEN}),
    (PYTEST, {"cart.py": "import os\nos._exit(0)\n" + BROKEN}),
    (UNITTEST, {"Makefile": "test:\n\t@echo Ran 1 test in 0.1s; echo; echo OK\n"}),
    (UNITTEST, {"unittest.py": "print('OK')\n"}),
    (
        UNITTEST,
        {"tests/__init__.py": "def load_tests(loader, tests, pattern):\n    return tests\n"},
    ),
    (UNITTEST, {"cart.py": PATCHED + BROKEN}),
    (UNITTEST, {"cart.py": "import os\nos._exit(0)\n" + BROKEN}),
    (SCRIPTED, {"scripts/all.sh": EDITED}),
    (NPM, {"scripts/all.sh": EDITED}),
    (HELPED, {"checks.py": "def same(a, b):\n    pass\n"}),
]
"""Repositories, and changes that hide what they break: by settings, by tests, and by the code."""


@pytest.mark.parametrize(("files", "change"), some(RIGGED, 0, 3, 5, 6, 9, 10, 13, 16, 17))
def test_a_change_that_breaks_code_and_what_would_show_it_is_not_merged(
    tmp_path: Path, files: dict[str, str], change: dict[str, Any]
) -> None:
    given = {"cart.py": BROKEN, **change}
    output = merges(tmp_path, files, given).output
    assert output["state"] == "returned", output["reason"]
    assert git(tmp_path / "r", "for-each-ref", "refs/heads/mission") == ""
    # No person can accept code that fails the tests of its base by the settings of its base.
    if not any(path.startswith(("tests/test_", "checks.py")) for path in given):
        root = tmp_path / "r"
        commit = git(root, "rev-parse", "refs/mission/kept/one")
        digest = changes_of(lent(tmp_path, root), git(root, "rev-parse", "main"), commit).digest
        more = {"accepted": digest, "untested": False}
        assert merged(tmp_path, root, commit, run="r2", **more).output["state"] == "returned"


def lent(tmp_path: Path, root: Path) -> Lent:
    return Lent(Theirs.found(root), tmp_path / "lent.git")


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"tests/conftest.py": "import pytest\nimport os\n"}, "test_settings"),
    ({".github/workflows/ci.yml": "on: push\n"}, "test_settings"),
    ({"pyproject.toml": PYTEST["pyproject.toml"] + 'addopts = "-q"\n'}, "test_settings"),
    ({"tests/test_cart.py": PYTEST["tests/test_cart.py"].replace("== 3", "> 2")}, ""),
    (
        {
            "tests/test_cart.py": "import cart\n\n\ndef test_one():\n    cart.add_1(1)\n\n\n"
            "def test_two():\n    assert cart.add_2(1) == 3\n"
        },
        "test_weakened",
    ),
    (
        {"tests/test_cart.py": None, "tests/test_basket.py": PYTEST["tests/test_cart.py"]},
        "test_renamed",
    ),
    (
        {
            "tests/test_cart.py": PYTEST["tests/test_cart.py"].replace("== 3", "== 4"),
            "cart.py": CODE.replace("x + 2", "x + 3"),
        },
        "test_claim",
    ),
    ({"cart.py": CODE + "import unittest\n"}, "test_runner"),
    (
        {"tests/test_cart.py": PYTEST["tests/test_cart.py"].split("def test_two")[0]},
        "test_removed",
    ),
    (
        {
            "tests/test_cart.py": PYTEST["tests/test_cart.py"].replace(
                "def test_two():\n", "def test_two():\n    return\n"
            )
        },
        "test_skipped",
    ),
    ({"pom.xml": "<skipTests>true</skipTests>\n"}, "test_settings"),
    ({"pom.xml": "<version>3</version>\n"}, ""),
    ({"tsconfig.json": '{"exclude": ["a"]}\n'}, "test_settings"),
    ({".gitlab/ci/a.yml": "a: 1\n"}, "test_settings"),
    ({"requirements-test.txt": "pytest\n"}, "test_settings"),
    ({"pyproject.toml": PYTEST["pyproject.toml"].replace("shop", "store")}, ""),
    ({"tests/test_more.py": "def test_more():\n    assert True\n"}, ""),
]
"""Changes of a repository with pytest, and the rule by which each needs a person."""


@pytest.mark.parametrize(("change", "rule"), CHANGES)
def test_what_changes_tests_is_told_by_its_rule(
    tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    root = repository(tmp_path / "r", PYTEST)
    commit = kept(root, change)
    changes = changes_of(lent(tmp_path, root), git(root, "rev-parse", "main"), commit)
    told = {each.rule for each in changes.findings}
    assert rule in told if rule and rule != "test_claim" else not told, told
    assert changes.digest or not rule


@pytest.mark.parametrize(("change", "rule"), some(CHANGES, 0, 3, 4, 6, 9))
def test_what_changes_tests_is_returned_with_its_rule(
    tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    root = repository(tmp_path / "r", PYTEST)
    commit = kept(root, change)
    output = merged(tmp_path, root, commit, untested=False).output
    if not rule:
        assert output["state"] == "merged", output["reason"]
        return
    assert output["state"] == "returned"
    assert output["findings"][0]["rule"] == f"merger.{rule}"
    assert "`approval = true`" in output["findings"][0]["remedy"]
    inputs = {"repository": str(root), "commit": commit, "base": "main"}
    blocked = done("inspector", desk_in(tmp_path), inputs).output
    listed = [each["rule"] for each in blocked["findings"] if each["blocking"]]
    is_listed = rule != "test_claim"
    assert (f"inspector.{rule}" in listed) is is_listed
    assert blocked["test_changes"]["digest"] == ""


@pytest.mark.parametrize(("change", "rule"), some([CHANGES[0], CHANGES[6], CHANGES[9]], 0))
def test_what_changes_tests_is_merged_once_it_is_accepted(
    tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    root = repository(tmp_path / "r", PYTEST)
    commit = kept(root, change)
    inputs = {"repository": str(root), "commit": commit, "base": "main", "accepting": True}
    accepting = done("inspector", desk_in(tmp_path), inputs).output
    digest = accepting["test_changes"]["digest"]
    assert not any(e["blocking"] for e in accepting["findings"] if e["rule"] == f"inspector.{rule}")
    other = kept(root, {**change, "tests/conftest.py": "pass\n"}, name="other")
    assert merged(tmp_path, root, other, accepted=digest, run="r2").output["state"] == "returned"
    assert merged(tmp_path, root, commit, accepted=digest, run="r3").output["state"] == "merged"
    assert tip(root)


def test_what_is_outside_of_the_scope_is_refused_before_it_runs(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", PYTEST)
    mark = tmp_path / "mark"
    commit = kept(root, {"conftest.py": f"open({str(mark)!r}, 'w')\n", "cart.py": CODE + "\n"})
    inputs = {"repository": str(root), "commit": commit, "base": "main", "scope": ["cart.py"]}
    output = done("tester", desk_in(tmp_path), inputs).output
    assert (output["passed"], output["status"]) == (False, "could_not_start")
    assert "beyond its scope" in output["reason"]
    assert not mark.exists()
    tests = done("inspector", desk_in(tmp_path), {**inputs, "tests": output}).output
    assert tests["verdict"] == "rework"


def test_the_tester_says_what_fails_by_the_settings_of_the_base(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", PYTEST)
    commit = kept(root, {"cart.py": BROKEN, "tests/conftest.py": HOOK})
    inputs = {"repository": str(root), "commit": commit, "base": "main"}
    output = done("tester", desk_in(tmp_path), inputs).output
    assert not output["passed"]
    assert {each["test"] for each in output["broken"]} >= {"tests.test_cart::test_one"}


@pytest.mark.parametrize(
    ("files", "change"),
    [
        (SHELL, {"suite.sh": "echo ok 1\n", "add.sh": "echo 0\n"}),
        (UNITTEST, {"tests/test_cart.py": None, "tests/test_b.py": "# none\n"}),
        (
            UNITTEST,
            {"tests/test_cart.py": CASE.replace("        self.", "        return\n        self.")},
        ),
    ],
)
def test_what_takes_the_tests_of_a_suite_without_a_report_away_needs_a_person(
    tmp_path: Path, files: dict[str, str], change: dict[str, Any]
) -> None:
    root = repository(tmp_path / "r", files)
    commit = kept(root, change)
    output = merged(tmp_path, root, commit, untested=True).output
    assert output["state"] == "returned", output["reason"]
    inputs = {"repository": str(root), "commit": commit, "base": "main"}
    tests = done("tester", desk_in(tmp_path), inputs).output
    review = done("inspector", desk_in(tmp_path), {**inputs, "tests": tests}).output
    assert review["verdict"] == "rework"
    rules = {each["rule"] for each in review["findings"] if each["blocking"]}
    assert rules & {"inspector.test_removed", "inspector.test_skipped", "inspector.test_settings"}


def test_tests_in_the_code_of_rust_are_counted(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"src/lib.rs": "fn a() {}\n#[test]\nfn b() {}\n"})
    commit = kept(root, {"src/lib.rs": "fn a() {}\nfn b() {}\n"})
    changes = changes_of(lent(tmp_path, root), git(root, "rev-parse", "main"), commit)
    assert [each.rule for each in changes.findings] == ["test_removed"]
    assert changes.digest


def test_code_that_only_tests_import_is_no_helper_of_tests(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", PYTEST)
    commit = kept(root, {"cart.py": CODE + "\n"})
    assert not changes_of(lent(tmp_path, root), git(root, "rev-parse", "main"), commit).digest


FIXTURE = {
    **PYTEST,
    "cart.py": "class Cart:\n    def size(self):\n        return 1\n",
    "tests/conftest.py": "import pytest\nimport cart\n\n\n@pytest.fixture\ndef full():\n"
    "    return cart.Cart()\n",
    "tests/test_cart.py": "def test_size(full):\n    assert full.size() == 1\n",
}
GROWN = {
    "cart.py": "class Cart:\n    def __init__(self, n):\n        self.n = n\n\n"
    "    def size(self):\n        return self.n\n",
    "tests/conftest.py": FIXTURE["tests/conftest.py"].replace("Cart()", "Cart(1)"),
}


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"pytest.ini": "[pytest]\naddopts = --deselect tests\n"}])
def test_a_fixture_that_changes_with_the_code_is_merged_once_it_is_accepted(
    tmp_path: Path, more: dict[str, str]
) -> None:
    root = repository(tmp_path / "r", FIXTURE)
    commit = kept(root, {**GROWN, **more})
    inputs = {"repository": str(root), "commit": commit, "base": "main"}
    if not more:
        tests = done("tester", desk_in(tmp_path), inputs).output
        assert (tests["passed"], tests["broken"]) == (True, [])
        (altered,) = tests["altered"]
        assert "missing 1 required positional argument" in altered["message"]
    assert merged(tmp_path, root, commit, untested=False).output["state"] == "returned"
    given = {**inputs, "accepting": True}
    digest = done("inspector", desk_in(tmp_path), given).output["test_changes"]["digest"]
    output = merged(tmp_path, root, commit, accepted=digest, untested=False, run="r2").output
    assert output["state"] == ("returned" if more else "merged"), output["reason"]


def test_tests_that_run_no_more_can_be_accepted(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", PYTEST)
    commit = kept(root, {"tests/test_cart.py": "import cart\n"})
    tests = {"passed": True, "status": "passed", "gone": ["tests.test_cart::test_one"]}
    inputs = {"repository": str(root), "commit": commit, "base": "main", "tests": tests}
    assert done("inspector", desk_in(tmp_path), inputs).output["verdict"] == "rework"
    accepting = done("inspector", desk_in(tmp_path), {**inputs, "accepting": True}).output
    assert accepting["verdict"] == "approve"
    assert "inspector.test_removed" in {
        each["rule"] for each in accepting["test_changes"]["findings"]
    }
