"""What every keeper of the expressions port promises, asked of the one in CEL."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cel_expr_python import cel
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.expressions.cel import CelExpressions, environment
from missioncontrol.adapters.expressions.tree import paths_in, read_tree
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.expression import NAMES, SOURCE_CHARACTERS_MAX, references
from missioncontrol.ports.expressions import Expressions, Standing
from tests.contracts.cel_conformance import Failed, Outside, cases, compiled
from tests.contracts.textproto import all_of, one_of, text_of

EXPRESSIONS: Expressions = CelExpressions()
ENVIRONMENT = environment(dict.fromkeys(NAMES, cel.Type.DYN))
EVERYWHERE = environment(dict.fromkeys([*NAMES, "x", "y", "z"], cel.Type.DYN))

STEPS: dict[str, Any] = {
    "test": {"output": {"passed": True, "count": 3, "none": None, "of": ["a", "b"]}, "error": ""},
    "fix-tests": {"output": {"text": "grün 😀"}, "state": "failed"},
}


def evaluate(source: str, **names: Any) -> Any:
    return EXPRESSIONS.evaluate(source, names)


def failure(source: str, **names: Any) -> str:
    with pytest.raises(Rejected) as refusal:
        EXPRESSIONS.evaluate(source, names)
    assert refusal.value.code == "expression.failed"
    assert refusal.value.hint
    assert "\n" not in refusal.value.reason or "\n" in source
    return refusal.value.reason


# What expressions give


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("steps.test.output.passed", True),
        ("steps['fix-tests'].output.text + '!'", "grün 😀!"),
        ("steps.`fix-tests`.state == 'failed'", True),
        ("steps.test.output.count == 3.0 && steps.test.output.count < 3.5", True),
        ("steps.test.output.of[1]", "b"),
        ("steps.test.output.of.map(x, x.upperAscii()).join(', ')", "A, B"),
        ("size(steps['fix-tests'].output.text)", 6),
        ("has(steps.test.output.none)", True),
        ("has(steps.test.output.other)", False),
        ("steps.test.output.?other.orValue('x')", "x"),
        ("steps.test.output.none == null", True),
        (
            "{'a': [1, 2.0, null], 'b': steps.test.output.of}",
            {"a": [1, 2.0, None], "b": ["a", "b"]},
        ),
        ("math.greatest(1, 2.5)", 2.5),
        ("regex.replace('v1.2', 'v(.*)', '\\\\1')", "1.2"),
        ("regex.extract('v1.2', 'v(.*)').value() + '!'", "1.2!"),
        ("regex.extractAll('a1b22', '[0-9]+')", ["1", "22"]),
        ("'%s: %d of %.1f'.format(['a', 2, 2.5])", "a: 2 of 2.5"),
        ("[[1], [2, [3]]].flatten()", [1, 2, [3]]),
        ("[3, 1, 2].sort().first().orValue(0)", 1),
        ("steps.map(k, k).sort()", ["fix-tests", "test"]),
        ("steps.exists(k, s, s.?state.orValue('') == 'failed')", True),
        ("string(timestamp('2026-01-02T03:04:05Z') + duration('1h'))", "2026-01-02T04:04:05Z"),
        ("base64.encode(b'abc')", "YWJj"),
        ("1 / 0 > 1 || true", True),
    ],
)
def test_an_expression_gives_plain_json(source: str, result: Any) -> None:
    given = evaluate(source, steps=STEPS)
    assert (given, json.dumps(given)) == (result, json.dumps(result))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | texts
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(values)
def test_json_goes_through_an_expression_unchanged_but_for_the_order_of_keys(value: Any) -> None:
    worked_out = evaluate("[item][0]", item=value)
    assert json.dumps(worked_out) == json.dumps(value, sort_keys=True)
    assert evaluate("item", item=value) is value


def test_results_do_not_depend_on_the_order_that_a_process_keeps_objects_in() -> None:
    many = {f"k{number}": number for number in range(100)}
    assert list(evaluate("{'a': item}.a", item=many)) == sorted(many)
    assert evaluate("item.map(k, k).sort()", item=many) == sorted(many)
    assert evaluate("item.filter(k, item[k] > 49).size()", item=many) == 50
    for source in ("item.map(k, k)", "item.filter(k, true)[0]", "item.transformList(k, v, v)"):
        assert "no certain order" in failure(source, item=many)


@pytest.mark.parametrize("value", [2**64, 10**30, "a\0b", {"a\0": 1}])
def test_a_member_alone_is_handed_over_even_where_the_language_can_not_hold_it(value: Any) -> None:
    assert evaluate("item", item=value) == value
    assert evaluate("item.x", item={"x": value}) == value


@pytest.mark.parametrize(
    ("standing", "given"),
    [
        (Standing(), [True, True, False]),
        (Standing(success=False), [True, False, False]),
        (Standing(success=False, failure=True), [True, False, True]),
    ],
)
def test_the_standing_of_the_needs_is_told(standing: Standing, given: list[bool]) -> None:
    source = "[always(), success(), failure()]"
    assert EXPRESSIONS.evaluate(source, {}, standing) == given


class Asked(Mapping[str, Any]):
    """Steps that are only made on access."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.asked.append(key)
        if key not in STEPS:
            raise KeyError(key)
        return STEPS[key]

    def __contains__(self, key: object) -> bool:
        return key in STEPS

    def __iter__(self) -> Iterator[str]:
        return iter(STEPS)

    def __len__(self) -> int:
        return len(STEPS)


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("steps.test.output.count", {"test"}),
        ("steps.test.output.count > 1 && steps['fix-tests'].state == 'failed'", set(STEPS)),
        ("inputs.a || has(steps.other.output)", set()),
        ("steps.test.output.of.all(x, x != 'steps.test')", {"test"}),
        ("size(steps) == 2", set(STEPS)),
    ],
)
def test_only_what_an_expression_refers_to_is_looked_up(source: str, asked: set[str]) -> None:
    steps = Asked()
    EXPRESSIONS.evaluate(source, {"steps": steps, "inputs": {"a": True}})
    assert set(steps.asked) == asked


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("1 > 2", "boolean"),
        ("size(inputs)", "integer"),
        ("1.5", "number"),
        ("'a'", "string"),
        ("[1]", "list"),
        ("{'a': 1}", "object"),
        ("null", "null"),
        ("inputs.a", "any"),
        ("inputs.a + inputs.b", "any"),
        ("success()", "boolean"),
        ("1 +", "any"),
    ],
)
def test_the_kind_of_a_result_is_known_beforehand_where_it_can_be(source: str, kind: str) -> None:
    assert EXPRESSIONS.kind(source) == kind


# What is wrong with an expression


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("", "there is no expression"),
        ("inputs.a >", "column 11: it ends too early"),
        ("inputs.a = 'b'", "column 10: '=' does not fit here; write == to compare"),
        (
            "string(inputs.in)",
            "column 15: 'in' is a word of the language; write ['in'] instead of .in",
        ),
        ("inputs.a and true", "column 10: 'and' does not fit here; write && for and"),
        ("inputs.a & true", "column 10: '&' does not fit here; write && for and"),
        ("${{ inputs.a }}", "column 1: '$' does not fit here; inside of an expression, leave"),
        ("'abc", 'column 1: "\'" does not fit here; the text is not closed'),
        ("true &&\n  (1", "line 2, column 5: it ends too early"),
        ("'ü😀' + 1", "column 6: '+' can't be used on string and integer; convert one"),
        ("1 == 'a'", "column 3: '==' can't be used on integer and string"),
        ("!size(inputs)", "column 1: '!' is for booleans only, not integer"),
        ("true ? 1 : 'a'", "column 6: the two results of ? : differ: integer and string"),
        ("true.x", "column 5: boolean has no members"),
        ("google.protobuf.Duration{}.x", "column 27: duration has no members"),
        ("'a'.all(x, true)", "column 1: it goes through string, which is no list or object"),
        ("if", "column 1: 'if' is a reserved word"),
        ("nothing.x", "column 1: there is no name 'nothing'; the names are inputs, steps, item,"),
        ("input.tag", "column 1: there is no name 'input'; did you mean 'inputs'?"),
        (
            "1 > steps.fix-tests.x",
            "column 15: 'steps.fix-tests' is read as a subtraction; write steps['",
        ),
        ("always", "column 1: always is a function; write always()"),
        ("cancelled()", "column 1: cancelled() is not offered, because nothing starts after"),
        ("sizes('a')", "column 1: there is no function 'sizes'; did you mean size()?"),
        ("math.flor(1.5)", "column 1: there is no function 'math.flor'; did you mean math.fl"),
        ("size()", "column 1: size() does not take these arguments"),
        ("item.transformMap(k, v, v)", "transformMap() is not offered; transformList() is"),
        ("[1].map(x)", "column 5: map() does not take these arguments"),
        ("steps.map(k, k)", "it makes a list of the members of an object"),
        ("{'a': 1, 'b': 2}.map(k, k)[0]", "it makes a list of the members of an object"),
        ("double('NaN')", "its result is nan, which JSON does not have"),
        ("lists.range(9999).all(x, [1, 2].all(y, x >= 0))", "it goes through more than 10,000"),
        ("1 / 0", "it divides by zero"),
        ("'a'.matches('(')", "invalid regular expression: missing ): ("),
        ("optional.of(1)", "its result is an optional value; end it with .orValue(…)"),
        ("[duration('1s')]", "its result is a duration; put string(…) around it"),
        ("timestamp('2026-01-02T03:04:05Z')", "its result is a timestamp; put string(…) around it"),
        ("b'a'", "its result is bytes; put string(…) or base64.encode(…) around them"),
        ("type(1)", "its result is a type; compare it with one, as in type(a) == int"),
        ("{1: 2}", "its result is an object with keys that are no strings; put string("),
        ("(" * 60 + "1" + ")" * 60, "it is nested too deeply: 32 levels at most"),
        ("1" + " + 1" * 60, "it is nested too deeply: 32 levels at most"),
        ("'" + "a" * SOURCE_CHARACTERS_MAX + "'", "it has 10,002 characters; at most 10,000"),
        ("'\ud800'", "there is half of a character (U+D800) in a text"),
        ("lists.range(10000000)", "it may take 16.1 times the work that one expression may"),
    ],
)
def test_a_fault_is_one_line_with_its_place_and_what_to_do(source: str, fault: str) -> None:
    assert EXPRESSIONS.fault(source).startswith(fault)
    assert "\n" not in EXPRESSIONS.fault(source)
    assert "INVALID_ARGUMENT" not in EXPRESSIONS.fault(source)
    assert fault.encode("utf-8", "replace") in failure(source).encode("utf-8", "replace")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("steps.test.output.pased", "steps.test.output has no 'pased'; it has count, none, of"),
        ("!steps.test.output.pased", "steps.test.output has no 'pased'; it has count, none, of"),
        ("steps.lint.output", "steps has no 'lint'; it has fix-tests, test"),
        ("steps['fix-tests'].output.x", "steps['fix-tests'].output has no 'x'; it has text"),
        ("steps.test.output.none.x", "steps.test.output.none is null and has no 'x'"),
        ("steps.test.output.none.x == 1", "steps.test.output.none is null and has no 'x'"),
        ("steps.test.error.x", "steps.test.error is a string and has no 'x'"),
        ("steps.test.output.count.x", "steps.test.output.count is a number and has no 'x'"),
        ("steps.test.output.passed.x", "steps.test.output.passed is a boolean and has no 'x'"),
        ("steps.test.output.of[2]", "steps.test.output.of is a list of 2 and has no 2"),
        ("steps.test.output.of[2] + ''", "there is no item 2 in a list of 2"),
        ("steps.test.output.of.x", "steps.test.output.of is a list of 2 and has no 'x'"),
        ("steps.test.output.of['x'] == ''", "a list has no item with a string as index"),
        ("item", "'item' is not known here"),
        ("item.x + 1", "'item' is not known here"),
        ("inputs.x", "inputs has no 'x'; it is empty"),
        ("steps.all(k, v, v.x == 1)", 'there is no "x" in an object that it refers to'),
        ("steps.test.map(k, k).join(', ')", "it makes a list of the members of an object"),
        ("steps.test.output.count + 1.5", "'+' can't be used on integer and number; convert one"),
        ("steps.test.output.count && true", "'&&' is for booleans only"),
        ("steps.test.output.count ? 1 : 2", "what stands before ? is not a boolean"),
        ("steps.test.output.count.all(x, x > 1)", "what it goes through is no list or object"),
        ("steps.test.output.count.contains('a')", "'contains' can't be used on integer and string"),
        ("steps.test.output.none['a'] == 1", "it takes an item of null, which has none"),
        ("int(steps.test.error)", "cannot convert string to int"),
        ("steps.test.output.count / 0", "it divides by zero"),
        ("9223372036854775807 + steps.test.output.count", "integer overflow"),
        ("double(steps.test.output.count) / 0.0", "its result is inf, which JSON does not have"),
        ("double('NaN') * double(steps.size())", "its result is nan, which JSON does not have"),
        ("dyn([timestamp(0 + size(inputs))])", "its result is a timestamp; put string("),
        ("dyn({steps.test.output.count: 1})", "its result has the key 3, and the keys"),
        ("[dyn(steps.?x), 1]", "its result is an optional value; end it with .orValue(…)"),
        ("dyn(steps.?x)", "its result is an optional value; end it with .orValue(…)"),
        (
            "steps.all(x, lists.range(9999).all(y, y >= 0))",
            "it goes through more than 10,000",
        ),
    ],
)
def test_a_failure_names_the_expression_and_the_cause(source: str, cause: str) -> None:
    reason = failure(source, steps=STEPS, inputs={})
    assert source in reason
    assert f"can't be worked out: {cause}" in reason


# Bounds


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("a\0b", "the text 'a\\x00b' has a zero character (U+0000) in it"),
        ({"a\0b": 1}, "the text 'a\\x00b' has a zero character (U+0000) in it"),
        (["\ud800"], "there is half of a character (U+D800) in a text"),
        (2**63, "the whole number 9223372036854775808 needs more than 64 bits"),
        ([-(2**63) - 1], "the whole number -9223372036854775809 needs more than 64 bits"),
        (10**60, "needs more than 64 bits"),
    ],
)
def test_what_the_library_would_change_or_not_survive_never_reaches_it(
    value: Any, cause: str
) -> None:
    assert cause in failure("[item]", item=value)


@pytest.mark.parametrize("levels", [101, 900, 100_000])
def test_data_of_any_depth_is_no_crash(levels: int) -> None:
    deep: Any = 1
    for _ in range(levels):
        deep = [deep]
    assert "more than 100 levels deep" in failure("item == [1]", item=deep)
    if levels > 10_000:
        assert "too deep" in failure("item", item=deep)


def test_a_result_has_a_size_that_it_may_have() -> None:
    part = "ü" * 249_990
    assert evaluate("item + item", item=part) == part * 2
    assert "its result takes 1,499,942 bytes" in failure("item + item + item", item=part)
    assert "at most 1,000,000 can be used" in failure("item", item=part * 3)


ROWS = [{"name": f"n{i}", "ok": i % 2 == 0, "size": i, "of": ["a", "b"]} for i in range(5_000)]
LONG = "x" * 900_000
BOUND = "+".join(["{}"] * 10)
REPEATED = "'aaaa'.matches('{1,100}'.replace('', x.name))"


@pytest.mark.parametrize(
    "source",
    [
        "item.filter(x, x.size >= 0).size()",
        "item.all(x, x in item)",
        "item.all(x, item == item)",
        "item.transformList(i, v, i).size()",
        "item.sortBy(x, -x.size).size()",
        "item.map(x, item).size()",
        "item.all(x, (item + [x]).size() > 0)",
        "item.all(x, item.slice(0, 9999).size() > 0)",
        "item.distinct().size()",
        "sets.equivalent(item, item)",
        "index.all(x, output.matches('a.*b.*c$') == false)",
        "index.all(x, !output.contains('xxxxxy'))",
        "index.all(x, output.size() > 0)",
        "index.all(x, (output + output).size() > 0)",
        "index.all(x, 'a'.matches('\\\\pL{1,100}' + string(x)) || true)",
        "output.contains(output + 'y') || output.contains(output.substring(9000) + 'y')",
        "[" + ",".join(["item == item"] * 700) + "].size()",
        "[" + ",".join(["output + output"] * 600) + "].size()",
        f"cel.bind(a, output, cel.bind(b, {BOUND.replace('{}', 'a')}, {BOUND.replace('{}', 'b')}))",
        "['xxxxxxxxxx']" + f".map(a, {BOUND.replace('{}', 'a')})" * 8 + "[0].size()",
        "'x'" + ".replace('x', 'xxxxxxxxxxxxxxxxxxxxxxxxx')" * 9 + ".size()",
        "'x'" + ".split('').join('xxxxxxxx')" * 9 + ".size()",
        "lists.range(run.many).size()",
        "lists.range(run.many * run.many).size()",
        "lists.range(int('9000000000')).size()",
        "optional.of(output).optMap(v, v+v+v+v+v+v+v+v).optMap(v, v+v+v+v+v+v+v+v).orValue('')",
        "[1].all(item, .item.all(x, .item.filter(z, true) != []))",
    ],
)
def test_work_without_end_is_refused_at_once(source: str) -> None:
    names = {"item": ROWS, "output": LONG, "index": list(range(5_000)), "run": {"many": 10**9}}
    begun = time.process_time()
    reason = EXPRESSIONS.fault(source) or failure(source, **names)
    assert "the work that one expression may" in reason
    assert time.process_time() - begun < 2.0


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("item.filter(x, x.ok).map(x, x.name).size()", 1_000),
        ("item.map(x, x.name).distinct().size()", 2_000),
        ("item.exists(x, x.name == 'n1999' && x.of.exists(y, y == 'b'))", True),
        ("item.map(x, x.name).sort()[0]", "n0"),
        ("item.all(x, x.name.matches('n[0-9]+'))", True),
        ("item.sortBy(x, -x.size)[0].name", "n1999"),
        ("output.split('').size()", 900_000),
        ("output.contains('xxxx') && output.matches('x+')", True),
    ],
)
def test_two_thousand_items_and_a_long_text_are_ordinary_work(source: str, result: Any) -> None:
    assert evaluate(source, item=ROWS[:2_000], output=LONG) == result


# Any text at all


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.text("aitem.[](){}'\"`\\,:?!&|<>=+-*/%_0123456789eub \n")))
def test_any_text_has_a_fault_or_gives_a_value_or_fails(source: str) -> None:
    fault = EXPRESSIONS.fault(source)
    assert "\n" not in fault
    assert EXPRESSIONS.kind(source)
    try:
        json.dumps(EXPRESSIONS.evaluate(source, {"item": {"i": 1}, "steps": STEPS}))
    except Rejected as refusal:
        assert refusal.code == "expression.failed"  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    "source",
    [
        "(" * 100_000,
        "[" * 9_999,
        "-" * 9_000 + "1",
        "!" * 9_000 + "true",
        "true" + "&&true" * 1_600,
        "{" * 5_000 + "}" * 5_000,
        "item" + ".a" * 4_990,
        "item" + "[0]" * 3_300,
        "a?" * 5_000,
        "'" * 9_999,
        "item.all(x," * 900,
        "'a'.matches('" + "(" * 4_000 + ")" * 4_000 + "')",
        "'a'.matches('" + "(a{1,1000})" * 800 + "')",
        "[" + "1," * 4_990 + "1]",
        "{" + ",".join(f"'k{i}': {i}" for i in range(900)) + "}",
        "9" * 9_999,
        "1e" + "9" * 9_000,
    ],
)
def test_the_worst_sources_end_in_a_moment(source: str) -> None:
    begun = time.process_time()
    fault = EXPRESSIONS.fault(source)
    assert time.process_time() - begun < 2.0
    assert fault or evaluate(source, item=1) is not None


# What an expression refers to, asked of two readers

names = st.sampled_from(["inputs", "steps", "item", "output", "x", "y"])
keys = st.sampled_from(["a", "b_c", "x", "item", "steps", "map"])


QUOTED = ["a-b", "it\\'s", "ü", "x.y", "(", "//"]


def extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    macro = st.sampled_from(["all", "exists", "exists_one", "filter", "map"])
    two = st.sampled_from(["all", "exists", "existsOne", "transformList"])
    return st.one_of(
        st.builds("{}.{}".format, inner, keys),
        st.builds("{}['{}']".format, inner, st.sampled_from(QUOTED)),
        st.builds("{}[{}]".format, inner, st.integers(0, 99)),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}.?{}".format, inner, keys),
        st.builds("has({}.{})".format, inner, keys),
        st.builds("({} + {})".format, inner, inner),
        st.builds("{} == {} // {}\n".format, inner, inner, inner),
        st.builds("({} ? {} : dyn({}))".format, inner, inner, inner),
        st.builds("{}.{}({}, {})".format, inner, macro, names, inner),
        st.builds("{}.map({}, {}, {})".format, inner, names, inner, inner),
        st.builds("{}.{}({}, z, {})".format, inner, two, names, inner),
        st.builds("cel.bind({}, {}, {})".format, names, inner, inner),
        st.builds("[{}, {{'item.x': {}}}, {{{}: 1}}]".format, inner, inner, inner),
        st.builds("math.greatest({}, {})".format, inner, inner),
        st.builds("{}.size()".format, inner),
        st.builds("type({}) == type(int)".format, inner),
    )


sources = st.recursive(
    names | st.sampled_from(["'steps.a'", '"""item"""', "r'\\'", "1", "true", ".item", "''"]),
    extended,
    max_leaves=8,
)


def parsed(source: str) -> set[tuple[str | int, ...]]:
    """Return the chains as the library's own parser sees them; `x` to `z` are names here too."""
    return set(paths_in(read_tree(EVERYWHERE.compile(source).serialize())))


@settings(max_examples=80, deadline=None)
@given(sources)
def test_references_agree_with_the_library_s_own_parser(source: str) -> None:
    try:
        expected = parsed(source)
    except RuntimeError:
        assume(False)
    found = {each.path for each in references(source)}
    assert found == {path for path in expected if path[0] not in {"int", "type"}}


def test_references_agree_with_the_parser_on_the_specification_s_own_tests() -> None:
    asked = 0
    for case in cases():
        if all_of(case.test, "container") or one_of(case.test, "disable_check"):
            continue
        if any(b"." in one_of(each, "name") for each in all_of(case.test, "type_env")):
            continue
        try:
            expression = compiled(case.test)
        except (Failed, Outside):
            continue
        source = text_of(case.test, "expr")
        expected = {
            path
            for path in paths_in(read_tree(expression.serialize()))
            if path[0] not in BUILT_IN and not str(path[0]).startswith("google.")
        }
        assert {each.path for each in references(source)} == expected, source
        asked += 1
    assert asked > 1_000


BUILT_IN = {
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
} | {
    "dyn",
    "optional_type",
}


@settings(max_examples=80, deadline=None)
@given(sources)
def test_leaving_out_what_is_not_referred_to_changes_no_result(source: str) -> None:
    whole = {"a": {"x": [1, {"a": "s"}], "b_c": {"item": {}}}, "x": [[1], 2], "a-b": {"x": 1}}
    data = dict.fromkeys(NAMES, whole)
    assume(not EXPRESSIONS.fault(source))
    try:
        result = EXPRESSIONS.evaluate(source, data)
    except Rejected as refusal:
        result = refusal.reason
    try:
        value = ENVIRONMENT.compile(source).eval(data=data)
    except RuntimeError:
        value = None
    if value is None or value.type() == cel.Type.ERROR:
        assert "can't be worked out" in str(result)
    elif "can't be worked out" not in str(result):
        assert result == value.plain_value()


chains = st.lists(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True), max_size=20)


@settings(deadline=None)
@given(st.sampled_from(NAMES), chains)
def test_a_chain_of_names_has_a_fault_only_where_the_library_finds_one(
    name: str, members: list[str]
) -> None:
    source = ".".join([name, *members])
    try:
        ENVIRONMENT.compile(source)
    except RuntimeError:
        assert EXPRESSIONS.fault(source)
    else:
        assert EXPRESSIONS.fault(source) == ""


@pytest.mark.parametrize("word", ["true", "false", "null", "in"])
def test_a_word_of_the_language_is_no_member(word: str) -> None:
    assert EXPRESSIONS.fault(f"item.{word}")
    assert EXPRESSIONS.fault(f"item.{word}_") == ""


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("steps.a.rows.all(r, r.size > 0)", {(("steps", "a", "rows"), ("size",))}),
        ("item.filter(x, x.y).map(z, z.w)", {(("item",), ("y",)), (("item",), ("w",))}),
        (
            "item.exists(n, x, x.ys.exists(y, y.z == n))",
            {(("item",), ("ys",)), (("item",), ("ys",), ("z",))},
        ),
        ("item.map(x, {'w': x.y}).map(z, z.w)", {(("item",), ("y",))}),
        ("item.all(x, steps.all(x, x.y))", {(("steps",), ("y",))}),
        ("item.all(steps, .steps.y == 1)", set()),
        (
            "cel.bind(o, steps.a.output, o.x + o.y)",
            {(("steps", "a", "output", "x"),), (("steps", "a", "output", "y"),)},
        ),
        (
            "steps.a.rows.sortBy(r, r.x)[0].y",
            {(("steps", "a", "rows"), ("x",)), (("steps", "a", "rows"), ("y",))},
        ),
        ("steps.a.rows.map(r, {'w': r}).map(z, z.w.x)", {(("steps", "a", "rows"), ("x",))}),
        ("steps.a.rows[index].x", {(("steps", "a", "rows"), ("x",))}),
        ("[steps.a, steps.b].map(s, s.x)", set()),
        ("(index > 0 ? item.a : item.b).x", set()),
        ("{'a': item, ?'b': item.?c}.a.x", set()),
        ("steps.a.rows", set()),
        ("steps.a.rows.all(r, r.size >", set()),
    ],
)
def test_what_macros_take_from_items_of_lists_is_told(source: str, paths: set[Any]) -> None:
    assert {path for path in EXPRESSIONS.item_paths(source) if path[-1]} == paths


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("item.map(x, {'n': x.y}).map(z, z.m)", (("m", ("n",)),)),
        ("{'a': {'b': item}}.a.c == 1", (("c", ("b",)),)),
        ("cel.bind(o, {'a': item}, o['b'])", (("b", ("a",)),)),
        ("has({'a': item}.b) || {'a': item}.?b.orValue(1) == 1", ()),
        ("{item.x: 1}.y", ()),
        ("(index > 0 ? {'a': 1} : {'b': 1}).a", ()),
    ],
)
def test_what_is_taken_of_an_object_that_was_made_without_it_is_told(
    source: str, missing: Any
) -> None:
    assert EXPRESSIONS.missing_members(source) == missing


def test_a_long_way_of_a_value_through_an_expression_is_followed_quickly() -> None:
    source = "item" + ".map(x, {'x': x}).map(y, y.x)" * 100 + ".map(z, z.w)"
    assert EXPRESSIONS.item_paths(source) in {(), ((("item",), ("w",)),)}
