"""How far a task is in the tool that keeps it, how urgent it is there, and what it waits for."""

import re

import msgspec

STATUSES = {
    "open": "pending todo to-do open backlog draft approved ready ready-for-dev drafted provisional"
    " implementable new proposed",
    "in progress": "in-progress inprogress in_progress doing started active wip partial",
    "in review": "review in-review ready-for-review reviewing",
    "blocked": "blocked on-hold",
    "done": "done complete completed implemented closed merged shipped archived",
    "deferred": "deferred later postponed",
    "cancelled": "cancelled canceled rejected withdrawn replaced dropped wontfix",
}
CLOSED = frozenset({"done", "cancelled"})
"""Standings with which nothing is left to do."""
_BY_WORD = {word: status for status, words in STATUSES.items() for word in words.split()}
_BOX = re.compile(r"(?m)^\s*[-*+] \[(?P<mark>[ xX])\]")
NEEDS_SHOWN_MAX = 50


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """The status, priority and dependencies of a task, in our words."""

    status: str = "open"
    priority: str = ""
    needs: tuple[str, ...] = ()  # titles of what has to be done before it

    def sentence(self) -> str:
        """Return it as a line of a brief; "" where it says nothing."""
        parts = [self.status] if self.status != "open" else []
        parts += [f"priority {self.priority}"] if self.priority else []
        if self.needs:
            shown = ", ".join(f"“{each}”" for each in self.needs[:NEEDS_SHOWN_MAX])
            more = len(self.needs) - NEEDS_SHOWN_MAX
            parts.append(f"after {shown}" + (f" and {more} more" if more > 0 else ""))
        return f"As it was imported: {'; '.join(parts)}." if parts else ""


def status_of(word: str) -> str:
    """Return a status in our words; an unknown one stays as it is."""
    plain = re.sub(r"[\s*_`]+", "-", word.strip().lower()).strip("-.")
    return _BY_WORD.get(plain, plain or "open")


def status_of_boxes(text: str) -> str:
    """Return how far a list with boxes is: open, in progress or done."""
    marks = [match["mark"] != " " for match in _BOX.finditer(text)]
    if not any(marks):
        return "open"
    return "done" if all(marks) else "in progress"


def with_standing(brief: str, standing: Standing) -> str:
    """Return the brief of a task with a line that says how it stood."""
    return "\n\n".join(part for part in (brief, standing.sentence()) if part)
