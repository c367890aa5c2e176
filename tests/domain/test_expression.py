"""Expressions in texts: where they stand, what they refer to, and how results fill them in."""

import re
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.expression import (
    FILLED_CHARACTERS_MAX,
    LEVELS_MAX,
    Source,
    calls,
    filled,
    hyphenated,
    pieces,
    references,
    sources_in,
    strip_delimiters,
)

CEL_SIGNS = st.text(st.sampled_from("ab.[](){}'\"`\\,:?/$rb\n01 -"), max_size=60)


def paths(source: str) -> list[tuple[str | int, ...]]:
    return [reference.path for reference in references(source)]


# Templates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("plain", ["plain"]),
        ("${{ a }}", [Source("a")]),
        ("${{a}}${{ b }}", [Source("a"), Source("b")]),
        ("to ${{ a }}.", ["to ", Source("a"), "."]),
        ("$${{ a }} and ${{ b }}", ["${{ a }} and ", Source("b")]),
        ("$$${{ a }}", ["$${{ a }}"]),
        ("costs $5 {{ a }}", ["costs $5 {{ a }}"]),
        ("${{ {'a': {'b': 1}} }}", [Source("{'a': {'b': 1}}")]),
        ("${{ {'a': {'b': 1}}}}", [Source("{'a': {'b': 1}}")]),
        ("${{ '}}' }}", [Source("'}}'")]),
        ("${{ '${{' }}", [Source("'${{'")]),
        ("${{ r'\\' }} x", [Source("r'\\'"), " x"]),
        ("${{ '\\'}}' }}", [Source("'\\'}}'")]),
        ("${{ '''it's }}''' }}", [Source("'''it's }}'''")]),
        ("${{\n a // }}\n}}", [Source("a // }}")]),
        ("ü ${{ 'ü😀' }} 😀", ["ü ", Source("'ü😀'"), " 😀"]),
        ("${{ }}", [Source("")]),
    ],
)
def test_a_text_is_split_at_its_expressions(text: str, expected: list[str | Source]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize(
    "text", ["${{ a", "x ${{ a }", "${{ 'a }}", "${{ {'a': 1 }}", "${{ a // }}"]
)
def test_an_expression_that_never_ends_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Rejected) as refusal:
        pieces(text)
    assert refusal.value.code == "expression.unclosed"
    assert f"character {text.index('$') + 1}" in refusal.value.reason


@settings(deadline=None)
@given(st.lists(st.one_of(st.text("abc {}'ü", min_size=1), st.just(Source("a + '}}'")))))
def test_what_is_split_can_be_put_together_again(parts: list[str | Source]) -> None:
    text = "".join(p if isinstance(p, str) else f"${{{{ {p.text} }}}}" for p in parts)
    assert (
        "".join(p if isinstance(p, str) else f"${{{{ {p.text} }}}}" for p in pieces(text)) == text
    )


@pytest.mark.parametrize(
    "text",
    ["a == 'b'", "${{ a == 'b' }}", "  ${{a == 'b'}}\n", "${{\n  a == 'b'\n}}"],
)
def test_a_condition_may_be_written_with_or_without_the_signs(text: str) -> None:
    assert strip_delimiters(text) == "a == 'b'"


def test_a_condition_that_only_speaks_of_the_signs_is_left_as_it_is() -> None:
    assert strip_delimiters("inputs.text.contains('${{')") == "inputs.text.contains('${{')"


@pytest.mark.parametrize("text", ["${{ a }} && ${{ b }}", "${{ a }} b", "${{ a }} $${{"])
def test_a_condition_with_text_beside_the_signs_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as refusal:
        strip_delimiters(text)
    assert refusal.value.code == "expression.mixed"


def test_expressions_are_found_in_nested_values_in_order_but_not_in_keys() -> None:
    value = {
        "a": ["${{ 1 }}", 5, {"${{ no }}": "x ${{ 2 }} ${{ 3 }}"}],
        "b": ("$${{ no }}", None, "no"),
    }
    assert sources_in(value) == ["1", "2", "3"]


# Filling in


def test_an_expression_alone_keeps_the_type_of_its_value() -> None:
    given_values: dict[str, Any] = {"a": [1, {"b": None}], "b": 2.0, "c": None, "d": True}
    template = {"list": "${{ a }}", "more": ["${{ b }}", {"null": "${{ c }}"}], "d": "${{ d }}"}
    assert filled(template, given_values.__getitem__) == {
        "list": [1, {"b": None}],
        "more": [2.0, {"null": None}],
        "d": True,
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("ü", "ü"),
        (None, ""),
        (True, "true"),
        (3, "3"),
        (1.0, "1.0"),
        (10**30, "1" + "0" * 30),
        ([1, {"ü": "x y"}], '[1,{"ü":"x y"}]'),
        ({}, "{}"),
    ],
)
def test_within_a_text_values_stand_as_a_reader_expects(value: Any, written: str) -> None:
    assert filled("<${{ x }}>", lambda _: value) == f"<{written}>"


def test_what_is_filled_in_is_not_a_template_again() -> None:
    assert filled("a ${{ x }}", lambda _: "${{ y }}") == "a ${{ y }}"


def test_what_is_no_text_and_keys_stay_as_they_are() -> None:
    value = {"${{ x }}": [1, None, True, 2.5, "plain", "$${{ x }}"]}
    assert filled(value, lambda _: 0) == {"${{ x }}": [1, None, True, 2.5, "plain", "${{ x }}"]}


def test_a_text_that_grows_too_long_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        filled("${{ x }}${{ x }}", lambda _: "a" * (FILLED_CHARACTERS_MAX // 2 + 1))
    assert refusal.value.code == "expression.too_long"


def test_values_deeper_than_any_sensible_one_are_refused_and_not_a_crash() -> None:
    deep: Any = "${{ x }}"
    for _ in range(LEVELS_MAX):
        deep = [deep]
    assert sources_in(deep) == ["x"]
    for each in (sources_in, lambda value: filled(value, str)):
        with pytest.raises(Rejected) as refusal:
            each({"more": deep})
        assert refusal.value.code == "expression.too_deep"


# References


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("steps.test.output.passed", [("steps", "test", "output", "passed")]),
        ("inputs.a + inputs.b", [("inputs", "a"), ("inputs", "b")]),
        ("steps['a-b'].output", [("steps", "a-b", "output")]),
        ('steps["a\\"b"].x', [("steps", 'a"b', "x")]),
        (r"steps['\u00fc\x41\102\n\U0001F600\?']", [("steps", "üAB\n😀?")]),
        (r"steps[r'a\n']", [("steps", r"a\n")]),
        ("steps['''it's''']", [("steps", "it's")]),
        ('steps[""].a', [("steps", "", "a")]),
        ("steps.`a-b`.output", [("steps", "a-b", "output")]),
        ("item[0].x[0x1f]", [("item", 0, "x", 31)]),
        ("item[-1].x", [("item",)]),
        ("item[index].x", [("item",), ("index",)]),
        ("item[b'a']", [("item",)]),
        ("item[1u]", [("item",)]),
        ("item[1.5]", [("item",)]),
        ("steps . a\n . output // . x\n . y", [("steps", "a", "output", "y")]),
        ("steps.?a.?b", [("steps", "a", "b")]),
        ("steps[?'a'].b", [("steps", "a", "b")]),
        ("[?item.?a]", [("item", "a")]),
        ("{?'k': item.?a, inputs.b: 1}", [("item", "a"), ("inputs", "b")]),
        ("has(steps.a.output.b)", [("steps", "a", "output", "b")]),
        ("!inputs.a ? -inputs.b : (inputs.c)", [("inputs", "a"), ("inputs", "b"), ("inputs", "c")]),
        ("'steps.a' == \"inputs.b\" // item", []),
        ("'''\nsteps.a''' + r\"steps\\\" + b'item'", []),
        ("1.5.size() + 2.x", []),
        ("true || false || null == 1", []),
        ("'a' in inputs.list", [("inputs", "list")]),
        ("inputs.a in [item, 1]", [("inputs", "a"), ("item",)]),
        ("'a' in ['b'].map(x, x)", []),
        ("size(inputs.a)", [("inputs", "a")]),
        ("inputs.a.size()", [("inputs", "a")]),
        ("inputs.a.size().b.c(item)", [("inputs", "a"), ("item",)]),
        ("(inputs).a", [("inputs",)]),
        ("[inputs.a].b", [("inputs", "a")]),
        ("math.greatest(item, 1)", [("item",)]),
        ("optional.none()", []),
        ("optional.of(item.a).orValue(inputs.b)", [("item", "a"), ("inputs", "b")]),
        ("type(item) == int || type(item) == map", [("item",), ("item",)]),
        ("google.protobuf.Duration{seconds: index}", [("index",)]),
        ("type(item) == google.protobuf.Timestamp", [("item",)]),
        ("foo.bar", [("foo", "bar")]),
        ("math", [("math",)]),
        (".steps.a", [("steps", "a")]),
    ],
)
def test_references_are_the_chains_that_begin_with_a_free_name(
    source: str, expected: list[tuple[str | int, ...]]
) -> None:
    assert paths(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("steps.all(x, x.ok)", [("steps",)]),
        ("steps.a.exists(x, x.ok && inputs.b)", [("steps", "a"), ("inputs", "b")]),
        ("x.exists(x, x.ok)", [("x",)]),
        ("inputs.a.map(x, x.b.filter(y, y == x))", [("inputs", "a")]),
        ("inputs.a.map(x, 1) + inputs.b.map(y, x)", [("inputs", "a"), ("inputs", "b"), ("x",)]),
        ("inputs.a.filter(item, item.b).map(x, item)", [("inputs", "a"), ("item",)]),
        ("item.all(item, .item == item)", [("item",), ("item",)]),
        ("inputs.a.map(x, x.b, x.c)", [("inputs", "a")]),
        ("inputs.a.all(i, v, v == i)", [("inputs", "a")]),
        ("inputs.a.transformList(k, v, [k, v, w])", [("inputs", "a"), ("w",)]),
        ("cel.bind(x, x.a, x.b)", [("x", "a")]),
        ("cel.bind(x, item) + x", [("item",), ("x",)]),
        ("item, x) + [item", [("item",), ("x",), ("item",)]),
        ("inputs.a.sortBy(e, e.size)", [("inputs", "a")]),
        ("item.?a.optMap(v, v.b)", [("item", "a")]),
        ("foo().all(x, x)", []),
        ("all(x, x)", [("x",), ("x",)]),
        ("inputs.a.foo(x, x)", [("inputs", "a"), ("x",), ("x",)]),
        ("inputs.a.map(x)", [("inputs", "a"), ("x",)]),
        ("inputs.a.exists(x, {'x': x, 'y': [x, (x)]} == item)", [("inputs", "a"), ("item",)]),
    ],
)
def test_variables_of_macros_hold_within_their_macro_and_no_further(
    source: str, expected: list[tuple[str | int, ...]]
) -> None:
    assert paths(source) == expected


def test_a_reference_says_where_it_begins() -> None:
    source = "'ü' == steps.a.output &&\n inputs.b"
    assert [source[each.at :][:6] for each in references(source)] == ["steps.", "inputs"]


def test_a_key_with_hyphens_is_a_subtraction_and_can_be_told() -> None:
    source = "steps.a.output > 1 && steps.fix-the-tests.output.ok"
    found = {each.path: hyphenated(source, each) for each in references(source)}
    assert found == {
        ("steps", "a", "output"): "",
        ("steps", "fix"): "fix-the-tests",
        ("the",): "",
        ("tests", "output", "ok"): "",
    }


def test_calls_are_functions_methods_and_macros() -> None:
    source = "always() && steps.all(k, size(k) > 0) && 'f(x)' != math.abs (1) && x in (y) && g.h()"
    assert calls(source) == {"always", "all", "size", "math.abs", "h"}


@settings(deadline=None)
@given(CEL_SIGNS)
def test_any_text_can_be_read(text: str) -> None:
    for reference in references(text):
        assert isinstance(reference.path[0], str)
        assert text.startswith(str(reference.path[0]), reference.at)
        assert isinstance(hyphenated(text, reference), str)
    calls(text)
    try:
        assert all(isinstance(piece, str | Source) for piece in pieces("${{" + text))
    except Rejected as refusal:
        assert refusal.code == "expression.unclosed"  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    "text",
    [
        "'" * 30_001,
        '"""' + "'''" * 10_000,
        "(" * 30_000,
        "a." * 15_000,
        "x.all(a, " * 4_000,
        "${{ {" * 6_000,
        "[" * 15_000 + "]" * 15_000,
        "1" * 30_000,
        "a['" * 10_000,
        "\\" * 29_999,
    ],
)
def test_a_text_of_thirty_thousand_signs_is_read_in_a_moment(text: str) -> None:
    references(text)
    calls(text)
    with pytest.raises(Rejected):
        pieces("${{" + text)


@settings(deadline=None)
@given(st.text(string.printable), st.sampled_from(["'", '"', "'''", '"""']))
def test_nothing_in_a_string_counts_as_a_reference(text: str, quote: str) -> None:
    inner = re.sub(r"[\\'\"\n\r]", "", text)
    assert paths(f"inputs.a == {quote}{inner}{quote} && inputs.b") == [
        ("inputs", "a"),
        ("inputs", "b"),
    ]
