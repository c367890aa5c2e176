"""What a model's plan says of the repository is looked up, and what does not hold is refused."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.domain.coverage_gaps import Asked
from missioncontrol.domain.plan import Plan, Risk
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.planner.referee.codebase import Codebase, codebase_at
from missioncontrol.specialists.planner.referee.referee import refusals, with_facts_of
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

GOAL = "Add a percentage discount to `total` in shop/cart.py. Round half up."
FILES = {
    "shop/__init__.py": "",
    "shop/cart.py": '"""The cart."""\n\n\nclass Cart:\n    def total(self, items):\n'
    "        return sum(price for _, price in items)\n",
    "shop/money.py": "def as_cents(amount):\n    return round(amount * 100)\n",
    "tests/test_cart.py": "from shop.cart import Cart\n\n\ndef test_total():\n    assert Cart()\n",
    "docs/usage.md": "# Usage\n",
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1.0"\n',
}

Refused = Callable[..., list[str]]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("referee") / "shop"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    for argv in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-qm", "First")):
        subprocess.run(["git", *argv], cwd=root, check=True)
    (root / "shop/later.py").write_text("def not_committed():\n    pass\n")
    return root


@pytest.fixture(scope="module")
def local(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    brief = Brief(GOAL, "", (), "", repository, None, None, {}, 60)
    plan = LocalPlanner().plan(brief, LocalDesk(tmp_path_factory.mktemp("desk")))
    risk = Risk("K1", "Totals change", "low", "high", "Compare `total`.", "shop/cart.py:5 sums.")
    return msgspec.structs.replace(plan, risks=(risk,))


@pytest.fixture(scope="module")
def code(repository: Path) -> Codebase:
    return codebase_at(repository)


@pytest.fixture
def refused(local: Plan, code: Codebase) -> Refused:
    def places(change: Callable[[dict[str, Any]], None]) -> list[str]:
        whole = msgspec.json.decode(msgspec.json.encode(local))
        change(whole)
        plan = msgspec.convert(whole, Plan)
        return [str(fault) for fault in refusals(plan, local, Asked(GOAL), code)]

    return places


def with_detail(text: str) -> Callable[[dict[str, Any]], None]:
    def change(plan: dict[str, Any]) -> None:
        plan["phases"][0]["tasks"][0]["detail"] = text

    return change


def test_the_local_plan_itself_is_not_refused(refused: Refused) -> None:
    assert refused(lambda plan: None) == []


@pytest.mark.parametrize(
    "text",
    [
        "Change `total` in `shop/cart.py:5`.",
        "Change Cart.total in shop/cart.py, lines 4 to 6.",
        "`shop.cart.Cart` holds it; see cart.py and `tests/test_cart.py::test_total`.",
        "Add a function `apply_rate` to `shop/cart.py`; `apply_rate` takes a rate.",
        "Put it into the new file `shop/discount.py`, and import `shop/discount.py` in the cart.",
        "Create `shop/discount.py` with a new class `Discount`.",
        "Rename `as_cents` to `to_cents`.",
        "Call `as_cents()` from shop/money.py with `None` or `len(items)`.",
        "Read/write access and/or application/json matter; Node.js does not.",
        "Use `decimal.Decimal`; run `pytest tests/test_cart.py -q`.",
        "The route `/v1/discounts` stays.",
        "When the tests pass, the change is complete.",
        "Check whether all tests pass before the change.",
        "See https://example.org/a/b.py for the rule of rounding.",
        "The tests should cover a discount of 0 and of 100 %.",
    ],
)
def test_an_honest_text_is_accepted(text: str, refused: Refused) -> None:
    assert refused(with_detail(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "The change goes to `src/not/there.py:999`.",
        "The change goes to src/not/there.py.",
        "It goes to `src/not/there`.",
        "It goes to there.py.",
        "It goes to `shop/cart.py:99999`.",
        "It goes to shop/cart.py:3-700.",
        "It goes to line 99999 of `shop/cart.py`.",
        "It goes to `shop/cart.py`, line 99,999.",
        "It goes to shop/cart.py#L88.",
        "It goes to shop/cart.py (lines 2 to 70).",
        "It goes to `shop/cart.py:0`.",
        "It goes to line 12.",
        "Call `frobnicate` there.",
        "Call frobnicate() there.",
        "Call apply_rate_table there.",
        "Extend the class DiscountEngine there.",
        "Call `Cart.frobnicate` there.",
        "Call `shop.money.total` there.",
        "Call `as_cents` in `shop/cart.py`.",
        "shop/cart.py defines `as_cents`.",
        "See `tests/test_cart.py::test_discounts`.",
        "Create the new file `shop/cart.py`.",
        "`shop/money.py` (new) holds it.",
        "`shop/later.py` holds it.",
        "All 1,000 tests pass.",
        "The tests pass and the change is complete.",
        "This was verified by hand.",
        "Done: everything works.",
        "The implementation is finished.",
        "I have tested it.",
        "No regressions were found.",
        "Verified.",
        "Discounts \x1b[31m now",
        "Discounts \u202e now",
        "Discounts \u200b now",
    ],
)
def test_a_lie_is_refused_with_its_place(text: str, refused: Refused) -> None:
    found = refused(with_detail(text))
    assert found
    assert all(fault.startswith("/phases/0/tasks/0/detail: ") for fault in found)


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("/title", lambda plan: plan.update(title="Tests passed: discounts")),
        ("/phases/0/purpose", lambda plan: plan["phases"][0].update(purpose="See lib/gone.py")),
        (
            "/phases/0/tasks/0/acceptance/0",
            lambda plan: plan["phases"][0]["tasks"][0].update(acceptance=["It has been verified."]),
        ),
        (
            "/phases/0/tasks/0/acceptance/0",
            lambda plan: plan["phases"][0]["tasks"][0].update(acceptance=["`gone()` returns 1."]),
        ),
        ("/risks/0/owner", lambda plan: plan["risks"][0].update(owner="mallory")),
        ("/risks/0/because", lambda plan: plan["risks"][0].update(because="shop/cart.py:77 fails")),
        ("/risks/0/mitigation", lambda plan: plan["risks"][0].update(mitigation="Use `gone`.")),
        ("/questions/0", lambda plan: plan.update(questions=["Is `gone` still used?"])),
        (
            "/architecture/components/0/path",
            lambda plan: plan.update(
                architecture={"components": [{"id": "a", "name": "A", "kind": "module",
                                              "path": "shop/gone.py"}]}
            ),
        ),
        (
            "/architecture/components/0/path",
            lambda plan: plan.update(
                architecture={"components": [{"id": "a", "name": "A", "kind": "module",
                                              "path": "shop/cart.py", "change": "new"}]}
            ),
        ),
        (
            "/decisions/0/files/0",
            lambda plan: plan.update(
                decisions=[{"id": "D1", "title": "One", "choice": "That", "reason": "So",
                            "tradeoff": "This", "files": ["shop/gone.py"]}]
            ),
        ),
        (
            "/decisions/0/reason",
            lambda plan: plan.update(
                decisions=[{"id": "D1", "title": "One", "choice": "That",
                            "reason": "`Cart.gone` is there", "tradeoff": "This"}]
            ),
        ),
        (
            "/requirements/0/text",
            lambda plan: plan["requirements"][0].update(text="Move the shop to another currency"),
        ),
        (
            "/requirements/2/text",
            lambda plan: plan["requirements"].append({"id": "R3", "text": "Delete the users"}),
        ),
    ],
)  # fmt: skip
def test_every_field_is_read(
    place: str, change: Callable[[dict[str, Any]], None], refused: Refused
) -> None:
    assert [fault.partition(": ")[0] for fault in refused(change)] == [place]


def test_a_criterion_may_say_that_tests_pass(refused: Refused) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["phases"][0]["tasks"][0]["acceptance"] = ["All tests pass."]

    assert refused(change) == []


def test_a_role_may_own_a_risk(refused: Refused) -> None:
    assert refused(lambda plan: plan["risks"][0].update(owner="reviewer")) == []


def test_facts_of_the_repository_are_not_the_models(local: Plan) -> None:
    lied = msgspec.structs.replace(
        local,
        kinds=("incident",),
        stack=("Rust",),
        requirements=tuple(
            msgspec.structs.replace(each, text=f"{each.text.upper()}!!", source="ann")
            for each in local.requirements
        ),
    )
    corrected = with_facts_of(lied, local, Asked(GOAL))
    assert (corrected.kinds, corrected.stack, corrected.requirements) == (
        local.kinds,
        local.stack,
        local.requirements,
    )


def test_a_directory_without_commits_is_looked_up_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def here():\n    pass\n")
    code = codebase_at(tmp_path)
    assert code.paths == {"a.py"}
    assert code.line_count("a.py") == 2
    assert code.files_with({"here", "gone"}) == {"here": {"a.py"}, "gone": set()}


@pytest.mark.parametrize(
    "text",
    [
        "It has 12 callers in `shop/cart.py`.",
        "`shop/cart.py` has 60 lines.",
        "The documents say “discounts are always rounded down to cents”.",
    ],
)
def test_numbers_and_quotations_that_are_found_nowhere_are_refused(
    refused: Refused, text: str
) -> None:
    assert len(refused(with_detail(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`shop/cart.py` has 6 lines.",
        "Add 3 tests, in at most 40 lines.",
        "It says “def as_cents(amount):” there.",
        "What is asked: “Add a percentage discount to total in shop/cart.py”.",
        "Print the message “this discount is unknown”.",
    ],
)
def test_numbers_and_quotations_that_stand_are_taken(refused: Refused, text: str) -> None:
    assert refused(with_detail(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "This mitigates CVE-2025-99999.",
        "Commit deadbee1 changed the same lines.",
        "See GHSA-abcd-1234-efgh.",
    ],
)
def test_sources_that_are_found_nowhere_are_refused(refused: Refused, text: str) -> None:
    assert refused(with_detail(text))


def test_a_commit_of_the_repository_is_a_source(
    refused: Refused, repository: Path, code: Codebase
) -> None:
    asked = ("git", "rev-parse", "--short=9", "HEAD")
    head = subprocess.run(asked, cwd=repository, capture_output=True, text=True, check=True)
    assert refused(with_detail(f"Commit {head.stdout.strip()} began it, at 1.5e10000 items.")) == []
    assert not code.has_commit("0123abc")
