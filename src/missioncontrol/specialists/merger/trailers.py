"""The last lines of a commit of ours: which run and task it is of, and what it was made from."""

import re
from typing import TYPE_CHECKING

from missioncontrol.specialists.commits.borrowed_repository import Lent

if TYPE_CHECKING:
    from missioncontrol.specialists.merger.merge_request import Wanted

RUN, STEP, TASK, SOURCE = "Mission-Run", "Mission-Step", "Mission-Task", "Mission-Source"
TITLE_MAX = 200
MESSAGE_MAX = 20_000
_FIELD, _VALUE = "\x1e", "\x1f"
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def message_of(lent: Lent, what: "Wanted") -> str:
    """Return the message of the commit: what people wrote, and where it comes from.

    Only the last paragraph of a message has trailers, so nothing that is written above can pass
    for one of ours.
    """
    written = what.message.strip() or lent.text("log", "-1", "--format=%s", what.commit)
    text = _UNFIT.sub(" ", written.replace("\r\n", "\n"))[:MESSAGE_MAX].strip()
    text = text or "Change files"
    title = " ".join((what.task or text.split("\n", 1)[0]).split())[:TITLE_MAX]
    values = ((RUN, what.run), (STEP, what.step), (TASK, title), (SOURCE, what.commit))
    return "\n".join([text, "", *(f"{key}: {_flat(value)}" for key, value in values), ""])


def _flat(value: str) -> str:
    return " ".join(_UNFIT.sub(" ", value).split()) or "-"


def merged_before(lent: Lent, what: "Wanted", tip: str) -> str:
    """Return the commit of the branch that this very step has made of this very change.

    An attempt that is killed between its merge and its report has left it there.
    """
    asked = ("log", "-z", "-F", f"--grep={SOURCE}: {what.commit}", f"--format={_format()}")
    output = lent.git(*asked, tip, f"^{what.base}").decode("utf-8", "replace")
    own = (_flat(what.run), _flat(what.step), what.commit)
    for entry in output.split("\0"):
        commit, *values = entry.strip("\n").split(_FIELD)
        if tuple(value.strip() for value in values) == own:
            return commit
    return ""


def _format() -> str:
    fields = (f"%(trailers:key={key},valueonly,separator=%x1f)" for key in (RUN, STEP, SOURCE))
    return "%x1e".join(["%H", *fields])


def last_commit_of(lent: Lent, fork: str, onto: str, path: str) -> tuple[str, str]:
    """Return the last commit between two that changed `path`, and whose it is, in words."""
    asked = f"--format=%H%x1e%(trailers:key={TASK},valueonly,separator=%x1f)%x1e%s"
    output = lent.git("log", "-1", asked, onto, f"^{fork}", "--", path).decode("utf-8", "replace")
    if not output.strip():
        return "", ""
    commit, tasks, subject = output.strip("\n").split(_FIELD, 2)
    return commit, (tasks.split(_VALUE)[0].strip() or subject)[:TITLE_MAX]
