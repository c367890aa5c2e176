"""What a form was shown with: a change of something that is not so any more is refused."""

from missioncontrol.surfaces.conditional import Stale

FIELD = "seen"
"""The hidden field that says it; forms for something new have none."""


def refuse_overtaken(data: dict[str, str], tag: str, what: str) -> None:
    """Refuse a form whose `what` was changed since the user opened it.

    Raises:
        Stale: `form.overtaken`.
    """
    if data.get(FIELD, tag) != tag:
        raise Stale(
            "form.overtaken",
            f"{what} was changed since you opened this.",
            hint="Your input is preserved. Load the page again, and decide on what it is now.",
        )
