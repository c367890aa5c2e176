"""An export is recorded once for each form."""

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.export import MissionExported, NoteExport, decide, evolve, unknown

PDF = NoteExport("mission-1", "run-1", "pdf")


def test_a_form_is_noted_when_it_is_taken_first() -> None:
    [event] = decide(PDF, None, 1.0)
    assert event == MissionExported("mission-1", "run-1", "pdf")
    noted = evolve(None, event, 2.0)
    assert decide(PDF, noted, 3.0) == []
    assert decide(NoteExport("mission-1", "run-1", "zip"), noted, 3.0)
    assert decide(NoteExport("mission-1", "run-2", "pdf"), noted, 3.0)
    assert unknown("exports-mission-1").code == "export.unknown"


@pytest.mark.parametrize("form", ["", "a" * 21, "a b", "\n"])
def test_what_is_no_form_is_refused(form: str) -> None:
    with pytest.raises(Rejected) as no:
        decide(NoteExport("mission-1", "run-1", form), None, 1.0)
    assert no.value.code == "export.bad_form"
