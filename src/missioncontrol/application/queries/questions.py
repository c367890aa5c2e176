"""What steps ask people in the middle of their work."""

from typing import Any

import msgspec

from missioncontrol.application.queries.rows import newest_rows, row_of
from missioncontrol.application.read_model import Present
from missioncontrol.domain.question import Question, unknown_question

OPEN_MAX = 1_000


class QuestionView(msgspec.Struct, frozen=True):
    """A question. Times are seconds since the epoch."""

    question: str
    run: str
    step: str
    title: str
    detail: dict[str, Any]
    form: dict[str, Any]  # JSON Schema of the answer
    to: tuple[str, ...]  # people; empty is anybody
    since: float
    is_open: bool
    by: str  # who answered
    answer: Any


def questions(present: Present, *, run: str = "") -> list[QuestionView]:
    """Return those that wait, the oldest first; with `run`, only those of that run."""
    rows = newest_rows(present, "question", limit=OPEN_MAX, is_open=True)
    chosen = (view_of(row) for row in rows if run in ("", row.asked.run))
    return sorted(chosen, key=lambda row: row.since)


def question_view(present: Present, question: str) -> QuestionView:
    """Return one, whether or not it waits.

    Raises:
        NotFound: `question.unknown`.
    """
    row: Question | None = row_of(present, "question", question)
    if row is None:
        raise unknown_question(question)
    return view_of(row)


def view_of(row: Question) -> QuestionView:
    """Return a question as programs and pages see it."""
    asked = row.asked
    return QuestionView(
        asked.question,
        asked.run,
        asked.step,
        asked.title,
        asked.detail,
        asked.form,
        asked.to,
        row.since,
        row.is_open,
        row.by,
        row.answer,
    )
