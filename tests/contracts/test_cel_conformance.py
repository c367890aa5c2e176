"""The CEL specification's own tests: what passes is written down, and the list only grows."""

import pytest

from tests.contracts.cel_conformance import FILES, Case, Failed, outcomes, pass_list, run
from tests.contracts.textproto import read


@pytest.mark.parametrize("file", FILES)
def test_what_passed_before_passes_and_what_passes_now_is_written_down(file: str) -> None:
    ended = outcomes([file])
    listed = {name for name in pass_list() if name.startswith(f"{file}/")}
    lost = {name: ended.get(name, "is gone") for name in sorted(listed) if ended.get(name, "-")}
    gained = sorted(name for name, how in ended.items() if not how and name not in listed)
    assert not lost
    assert not gained, "add them: python -m tests.contracts.cel_conformance --write"


@pytest.mark.parametrize(
    "test",
    [
        'expr: "1 + 1" value { int64_value: 3 }',
        'expr: "1 + 1" value { uint64_value: 2 }',
        'expr: "1 + 1" value { double_value: 2 }',
        'expr: "[1]" value { list_value { values { int64_value: 2 } } }',
        'expr: "{1: 2}" value { map_value {} }',
        'expr: "1 / 0" value { int64_value: 0 }',
        'expr: "1 / 1" eval_error { errors { message: "divide by zero" } }',
        'expr: "1" typed_result { deduced_type { primitive: STRING } }',
        'expr: "false"',
        'expr: "1 +" eval_error { errors { message: "syntax" } }',
    ],
)
def test_a_wrong_answer_does_not_pass(test: str) -> None:
    with pytest.raises(Failed):
        run(Case("made/up/here", read(test)))
