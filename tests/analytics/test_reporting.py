"""However the request to a model ends, there is a digest, and it states the outcome."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.application.analytics.digests import WRITING
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.work import ArtifactRef, Usage
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.ports.model import Completion, Message, Model
from missioncontrol.reporting_worker import Asked, ask_model
from tests.analytics.test_model_text import FOUND, passage, written

USED = Usage(900, 0, 120, cost=1_200)


class Answering:
    """A model that answers one text, or fails."""

    name = "model-1"
    output_tokens_max = WRITING.output_tokens

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.seconds: list[float] = []
        self.heard = ""

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], seconds: float
    ) -> Completion:
        del schema
        self.seconds.append(seconds)
        self.heard = "".join(each.text for each in messages)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Completion(self.answer, USED, "model-1-2026")


class Table:
    """A desk with time and money, or without."""

    scratch = Path()

    def __init__(self, seconds: float = 300.0, no: AttemptFailed | None = None) -> None:
        self.seconds = seconds
        self.no = no
        self.used: list[tuple[Usage, str]] = []
        self.admitted: list[tuple[str, int, int]] = []

    def log(self, level: LogLevel, message: str) -> None: ...
    def progress(self, done: int, total: int, note: str = "") -> None: ...

    def usage(self, usage: Usage, *, model: str = "") -> None:
        self.used.append((usage, model))

    def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        if self.no is not None:
            raise self.no
        self.admitted.append((model, input_tokens, output_tokens))

    def keep(self, name: str, content: bytes | str, **about: str) -> ArtifactRef:
        raise AssertionError(name)

    def seconds_left(self) -> float:
        return self.seconds


def words(**changes: Any) -> str:
    return msgspec.json.encode(written(**changes)).decode()


def come_of(answer: str | Exception, table: Table | None = None) -> tuple[Asked, Answering, Table]:
    model, desk = Answering(answer), table or Table()
    return ask_model(lambda: model, FOUND, desk), model, desk


def test_without_a_model_nothing_is_asked() -> None:
    assert ask_model(lambda: None, FOUND, Table()) == Asked()


def test_words_that_hold_are_used_and_what_they_took_is_told() -> None:
    found, model, desk = come_of(f"Here it is:\n{words()}\nBye.")
    assert (found.model, found.written, found.reason) == ("model-1-2026", written(), "")
    assert desk.used == [(USED, "model-1-2026")]
    ((name, tokens_in, tokens_out),) = desk.admitted
    assert (name, tokens_out) == ("model-1", WRITING.output_tokens)
    assert 0 < tokens_in <= WRITING.input_tokens
    assert model.seconds == [60.0]
    assert json.loads(model.heard[model.heard.index('{"facts"') :])["facts"]["headline"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (words(matters=(passage("It touches 7 people.", "matters-1"),)), "It says “7”"),
        ("I would rather not.", "The answer does not fit its schema"),
        ('{"headline": 1}', "The answer does not fit its schema"),
        ("", "The answer does not fit its schema"),
        (Unavailable("model.late", "It took too long."), "model.late: It took too long."),
        (Rejected("model.refused", "No such model."), "model.refused: No such model."),
    ],
)
def test_what_does_not_hold_or_does_not_come_leaves_the_digest_by_rule(
    answer: str | Exception, reason: str
) -> None:
    found, _, desk = come_of(answer)
    assert found.written is None
    assert found.reason.startswith(reason)
    assert bool(desk.used) != isinstance(answer, Exception)  # What was answered is paid for.


def test_a_cap_or_the_clock_keeps_the_call_from_being_made() -> None:
    no = AttemptFailed("budget.exceeded", "The cap is used up.", retryable=False)
    found, model, _ = come_of(words(), Table(no=no))
    assert (found.reason, model.seconds) == ("budget.exceeded: The cap is used up.", [])
    found, model, desk = come_of(words(), Table(seconds=11.0))
    assert (found.reason, model.seconds) == ("model.late: No time was left to ask the model.", [])
    assert not desk.admitted


def test_a_model_that_is_set_up_by_half_costs_no_digest() -> None:
    def half() -> Model | None:
        raise Rejected("model.incomplete", "MISSION_MODEL_NAME is not set.")

    assert (
        ask_model(half, FOUND, Table()).reason == "model.incomplete: MISSION_MODEL_NAME is not set."
    )
