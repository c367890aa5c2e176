"""What reading a decision record came to: its form, status, date, and what it supersedes."""

import re
from typing import Literal

import msgspec

from missioncontrol.domain.decision import Status
from missioncontrol.domain.decision_text import DecisionText

Form = Literal["madr", "nygard", "unknown"]
WORDS: dict[str, Status] = {
    "proposed": "proposed",
    "draft": "proposed",
    "pending": "proposed",
    "open": "proposed",
    "rfc": "proposed",
    "accepted": "accepted",
    "approved": "accepted",
    "adopted": "accepted",
    "decided": "accepted",
    "active": "accepted",
    "implemented": "accepted",
    "done": "accepted",
    "final": "accepted",
    "rejected": "rejected",
    "declined": "rejected",
    "withdrawn": "rejected",
    "deprecated": "deprecated",
    "obsolete": "deprecated",
    "retired": "deprecated",
    "superseded": "superseded",
    "superceded": "superseded",
    "replaced": "superseded",
}
_WORD = re.compile(rf"(?i)\b({'|'.join(WORDS)})\b")
_BY = re.compile(r"(?i)\b(?:superseded|superceded|replaced)\b(?:\s+(?:by|with))?[\s:]*(.*)")
_OLDER = re.compile(r"(?i)\b(?:supersedes|supercedes|replaces)\b[\s:]*(.*)")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


class NotUnderstood(msgspec.Struct, frozen=True):
    """Something in a file that has no place in a decision, and what became of it."""

    line: int  # 1-based
    what: str
    kept: bool  # whether More Information holds it, word for word


class ReadDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of a decision, as far as it was understood."""

    file: str  # relative to where the files were looked for
    form: Form
    text: DecisionText
    status: Status
    date: str = ""
    number: int = 0  # as the name of the file says
    id: str = ""  # where the file was written from a log
    superseded_by: str = ""  # as the file says it: an id, a number or the name of a file
    supersedes: tuple[str, ...] = ()  # likewise
    mission: str = ""
    run: str = ""
    repository: str = ""
    source: str = ""
    tasks: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()


class NoDecision(msgspec.Struct, frozen=True):
    """A file that is none, and why."""

    file: str
    why: str


class Standing(msgspec.Struct, frozen=True):
    """What a record says of its status."""

    status: Status = "proposed"
    is_known: bool = False
    date: str = ""
    superseded_by: str = ""
    supersedes: tuple[str, ...] = ()

    def on(self, date: str) -> "Standing":
        """Return the same with its date."""
        return msgspec.structs.replace(self, date=date)


def standing_of(text: str, before: Standing) -> tuple[Standing, str]:
    """Return what `text` says of the status, and what else it says."""
    left: list[str] = []
    now = before
    for line in re.split(r"\n+", text):
        plain = re.sub(r"[*_~`]{1,2}|<!--.*?-->", "", line).strip(" .-+")
        if plain:
            now, rest = _after(now, plain)
            left += [rest] if rest else []
    return now, "\n".join(left)


def _after(now: Standing, line: str) -> tuple[Standing, str]:
    older = _OLDER.search(line)
    by = _BY.search(line)
    word = _WORD.search(line)
    dated = _DATE.search(line)
    if dated and not now.date:
        now = now.on(dated.group())
    if by:
        names = names_in(by[1])
        now = msgspec.structs.replace(
            now, status="superseded", is_known=True, superseded_by=next(iter(names), "")
        )
    elif older:
        now = msgspec.structs.replace(now, supersedes=(*now.supersedes, *names_in(older[1])))
    elif word:
        if now.status == "superseded" and now.is_known:
            return now, ""
        now = msgspec.structs.replace(now, status=WORDS[word[1].lower()], is_known=True)
        rest = line[: word.start()] + line[word.end() :]
        return now, line if len(re.findall(r"[^\W\d_]{2,}", rest)) > 1 else ""
    elif not dated:
        return now, line
    return now, ""


def names_in(text: str) -> tuple[str, ...]:
    """Return what a text names decisions by: files of links, else ids or numbers."""
    linked = re.findall(r"\[[^\]]*\]\(\s*<?([^)\s>]+)", text)
    if linked:
        return tuple(each.rpartition("/")[2].partition("#")[0] for each in linked)
    owned = re.findall(r"\bmission-\w+/\S+|\bD\d+\b", text)
    if owned:
        return tuple(owned)
    return tuple(re.findall(r"(?i)(?:adr[-_ ]?)?0*(\d{1,6})\b", text))
