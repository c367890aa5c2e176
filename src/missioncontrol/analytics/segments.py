"""Whom a segment means as of a day, so that they can be kept as a cohort."""

from missioncontrol.analytics.filtering import counted
from missioncontrol.analytics.questions import Active, Range, Segment
from missioncontrol.analytics.setting import Setting, day_of
from missioncontrol.analytics.sql import Parameters
from missioncontrol.ports.warehouse import Statement


def people_of(segment: Segment, product: str, setting: Setting) -> Statement:
    """Return the statement of everybody of whom an event counts for a segment, each once.

    What people did "in the last days" is counted back from the day on which `as_of` is.

    Raises:
        Rejected: see `filtering.counted`.
    """
    today = day_of(setting.as_of, setting)
    asked = Active(product=product, range=Range(today, today), segment=segment)
    parameters = Parameters(product)
    events = counted(asked, setting, parameters)
    return parameters.statement(f"SELECT DISTINCT e.person FROM {events} AS e")


def each_once(members: Statement) -> Statement:
    """Return the statement of the people of a `members` statement, each once."""
    return Statement(f"SELECT DISTINCT m.person FROM ({members.sql}) AS m", members.parameters)
