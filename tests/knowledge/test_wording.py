"""Words of documents as lines of memory."""

import pytest

from missioncontrol.knowledge.text import without_markup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tests **must** pass", "Tests must pass"),
        ("It *has* to be **quick**.", "It has to be quick."),
        ("See [the guide](docs/guide.md) first", "See the guide first"),
        ("Use :meth:`open_session` there", "Use `open_session` there"),
        ("Leave `**kwargs` and `a*b*c` alone", "Leave `**kwargs` and `a*b*c` alone"),
        ("2 * 3 * 4 and *args", "2 * 3 * 4 and *args"),
        ("a **mark that never ends", "a **mark that never ends"),
    ],
)
def test_marks_of_a_document_go_and_code_stays(text: str, expected: str) -> None:
    assert without_markup(text) == expected
