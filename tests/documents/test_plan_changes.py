"""What makes one plan differ from another, text by text."""

from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.documents.plan_changes import changes, pieces
from tests.domain.plans import a_plan, a_task

TEXTS = st.text(alphabet="ab c", max_size=30)


def test_the_same_plan_has_no_changes() -> None:
    assert changes(a_plan(), a_plan()) == ()


def test_a_changed_text_is_told_with_its_task_and_its_words() -> None:
    before = a_plan(a_task("build", detail="Do it."))
    after = a_plan(a_task("build", detail="Do it. Learned before: “slow”."))
    [change] = changes(before, after)
    assert (change.kind, change.key, change.part) == ("task", "build", "detail")
    assert [(each.mark, each.text) for each in change.pieces] == [
        ("same", "Do it."),
        ("added", "Learned before: “slow”."),
    ]


def test_a_risk_that_only_one_plan_has_is_a_change() -> None:
    found = changes(a_plan(risks=()), a_plan())
    assert {(each.kind, each.key) for each in found} == {("risk", "K1")}
    assert {each.kind for each in changes(a_plan(), a_plan(risks=()))} == {"risk"}


@given(before=TEXTS, after=TEXTS)
def test_the_pieces_hold_every_word_of_both_texts(before: str, after: str) -> None:
    found = pieces(before, after)
    old = " ".join(each.text for each in found if each.mark != "added")
    new = " ".join(each.text for each in found if each.mark != "gone")
    assert old.split() == before.split()
    assert new.split() == after.split()
