"""Documents of a new product tell its design, and nothing about code that is not there."""

from functools import cache

import pytest

from missioncontrol.domain.document import KINDS, DocumentKind
from tests.documents.records import Made, redis_run
from tests.documents.test_studio import written
from tests.greenfield.test_product_plans import planned


@cache
def made() -> Made:
    return redis_run(plan=planned("choir")[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_of_a_product_names_no_code_that_is_there(kind: DocumentKind) -> None:
    text = written(made(), kind)
    assert "has no task for a" not in text
    assert "is not known" not in text


def test_the_requirements_say_for_whom_and_how_success_is_measured() -> None:
    text = written(made(), "prd")
    design = planned("choir")[1]
    for user in design.users:
        assert f"- {user.name.capitalize()}: " in text
    for item in (*design.scope, *design.non_goals):
        assert item.text.rstrip(".") in text
    for metric in design.metrics:
        assert f"| {metric.id} {metric.name} |" in text


def test_the_design_has_each_table_interface_choice_and_file() -> None:
    text = written(made(), "design")
    design = planned("choir")[1]
    for entity in design.entities:
        section = text.split(f"### `{entity.table}`")[1].split("\n#")[0]
        assert all(f"| `{field.name}` |" in section for field in entity.fields)
    shown = [each for each in design.interfaces if each.kind != "event"]
    assert all(f"| `{each.name}` |" in text for each in shown)
    assert all(f"| {each.part} | {each.choice} |" in text for each in design.stack)
    assert all(each.path in text for each in design.files)
    assert all(each.threat in text for each in design.security)
