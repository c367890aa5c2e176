"""Who is named to see to a risk."""

from pathlib import Path

import msgspec
import pytest
from tests.domain.plans import a_plan, a_task

from missioncontrol.domain.estimates import Knower, Likely, LikelyFile
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.owners import with_owners

CHANGE = a_task("change", role="builder", risks=("K1",))
REVIEW = a_task("check", role="reviewer", risks=("K1",))
KNOWN = Likely("R1", (LikelyFile("src/db/pool.py", 1.0, ("x",), knowers=(Knower("Mara", 9),)),))


def owner(plan: Plan, root: Path | None = None) -> str:
    return with_owners(plan, root).risks[0].owner


def test_whoever_changed_the_code_most_sees_to_its_risk() -> None:
    assert owner(a_plan(CHANGE, likely=(KNOWN,))) == "Mara"


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ("* @all\n/src/db/ @db @others\n", "@db"),
        ("/src/db/ @db\n* @all\n", "@all"),
        ("*.py @python # ours\n", "@python"),
        ("pool.py @pool", "@pool"),
        ("src/*/pool.py @star", "@star"),
        ("src/** @deep", "@deep"),
        ("/docs/ @docs\n# *  @nobody\n/src/db/pool.py\n", "Mara"),
        ("src/* @flat", "Mara"),
    ],
)
def test_an_owner_of_the_code_comes_before_that(tmp_path: Path, rules: str, named: str) -> None:
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "CODEOWNERS").write_text(rules)
    assert owner(a_plan(CHANGE, likely=(KNOWN,)), tmp_path) == named


def test_where_nobody_is_known_it_is_the_one_who_does_the_work_or_reviews_it(
    tmp_path: Path,
) -> None:
    assert owner(a_plan(CHANGE, REVIEW), tmp_path) == "reviewer"
    given = msgspec.structs.replace(CHANGE, agent="codex")
    assert owner(a_plan(given, REVIEW)) == "codex"
    assert owner(a_plan(CHANGE)) == "builder"


def test_whom_the_plan_names_stays() -> None:
    plan = a_plan(CHANGE, likely=(KNOWN,))
    (risk,) = plan.risks
    named = msgspec.structs.replace(plan, risks=(msgspec.structs.replace(risk, owner="Ann"),))
    assert owner(named) == "Ann"
