"""Which lines of JavaScript, TypeScript and Go ran in the nearest tests."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.estimates import Likely, LikelyFile, Spot
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.tester.line_coverage import _uncounted
from missioncontrol.specialists.tester.lines import Block, of_lines
from missioncontrol.specialists.tester.lines_node import Function, Range, answered, ask, executed
from missioncontrol.specialists.tester.nearest import commands_for
from missioncontrol.specialists.tester.source_maps import read_map
from missioncontrol.specialists.tree import read_tree
from tests.specialists.small_mission import PLAN
from tests.specialists.tester.projects import written
from tests.specialists.tester.test_plan_trial import tried

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="needs Go")

PRICES_JS = """\
const rate = 2;

function total(prices) {
  return prices.reduce((sum, each) => sum + each, 0);
}

function discount(price) {
  if (price > 100) {
    return price / rate;
  }
  return price;
}

module.exports = { total, discount };
"""
SHOP_JS = {
    "package.json": '{"name": "shop", "scripts": {"test": "node --test"}}',
    "lib/prices.js": PRICES_JS,
    "test/total.test.js": (
        "const { test } = require('node:test');\n"
        "const { total } = require('../lib/prices.js');\n"
        "test('total', () => { if (total([1, 2]) !== 3) throw Error('no'); });\n"
    ),
    "test/discount.test.js": (
        "const { test } = require('node:test');\n"
        "const { discount } = require('../lib/prices.js');\n"
        "test('discount', () => { if (discount(5) !== 5) throw Error('no'); });\n"
    ),
}
TESTS_JS = ("test/total.test.js", "test/discount.test.js")


def plan(path: str, tests: tuple[str, ...], *spots: Spot) -> Plan:
    import msgspec

    file = LikelyFile(path, 1.0, ("says so",), spots, tests)
    return msgspec.structs.replace(PLAN, likely=(Likely("R1", (file,)),))


def lines_of(report: dict[str, Any]) -> dict[str, tuple[int, int, str]]:
    """Return tests that ran each spot, those that were watched and the most telling one."""
    assert report["lines_missing"] == ""
    return {each["name"]: (each["tests"], each["of"], each["test"]) for each in report["lines"]}


@needs_node
def test_each_test_file_of_node_is_told_apart(tmp_path: Path) -> None:
    spots = Spot("total", 3, 5), Spot("discount", 7, 12), Spot("half", 9, 9), Spot("rate", 1, 1)
    work, report, desk = tried(tmp_path, plan("lib/prices.js", TESTS_JS, *spots), files=SHOP_JS)
    assert lines_of(report) == {
        "total": (1, 2, "test/total.test.js"),
        "discount": (1, 2, "test/discount.test.js"),
        "half": (0, 2, ""),
        "rate": (0, 2, ""),
    }
    assert work.summary.endswith("lines 3-5 run by 1 of 2 test files.")
    text = (desk.directory / "tests.md").read_text()
    assert "## Which lines ran in 2 test files" in text
    assert "`lib/prices.js:1` `rate`: holds no function, and runs on import" in text


@needs_node
def test_a_definition_that_runs_is_named_in_javascript_as_well(tmp_path: Path) -> None:
    files = SHOP_JS | {"lib/prices.js": f"{PRICES_JS}\nfunction never() {{\n  return 1;\n}}\n"}
    asked = plan("lib/prices.js", TESTS_JS, Spot("never", 16, 18))
    work, report, _ = tried(tmp_path, asked, "Make the discount smaller", files)
    assert report["sharpened"] == (
        "No nearest test runs lines 16-18 of `lib/prices.js`; `discount` (lines 7-12 of "
        "`lib/prices.js`) has the goal's words and is run by 1 test file: look there first"
    )
    assert "tester.not-run" in [each.rule for each in work.findings]


def vlq(number: int) -> str:
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    value, found = (abs(number) << 1) | (number < 0), ""
    while True:
        value, digit = value >> 5, value & 31
        found += digits[digit | (32 if value else 0)]
        if not value:
            return found


def source_map(source: str, lines: list[int], root: str = "") -> str:
    """Return a map in which each generated line begins an original line, counted from 1."""
    before = [1, *lines]
    mappings = ";".join(
        "".join(map(vlq, (0, 0, line - last, 0))) for last, line in zip(before, lines, strict=False)
    )
    return json.dumps(
        {"version": 3, "sources": [source], "sourceRoot": root, "names": [], "mappings": mappings}
    )


@needs_node
@pytest.mark.parametrize("is_inline", [True, False])
def test_compiled_code_is_told_by_the_lines_of_its_source(tmp_path: Path, is_inline: bool) -> None:
    lines = [number * 2 for number in range(1, PRICES_JS.count("\n") + 1)]
    found = source_map("../src/prices.ts", lines)
    data = base64.b64encode(found.encode()).decode()
    url = f"data:application/json;base64,{data}" if is_inline else "prices.js.map"
    files = {
        **{path: text.replace("../lib/", "../dist/") for path, text in SHOP_JS.items()},
        "dist/prices.js": f"{PRICES_JS}//# sourceMappingURL={url}\n",
        "dist/prices.js.map": found,
        "src/prices.ts": PRICES_JS.replace("\n", "\n\n"),
    }
    asked = plan("src/prices.ts", TESTS_JS, Spot("total", 6, 10), Spot("half", 18, 18))
    _, report, _ = tried(tmp_path, asked, files=files)
    assert lines_of(report) == {"total": (1, 2, "test/total.test.js"), "half": (0, 2, "")}


RUNNER_JS = """\
// As vitest does: code that was transformed runs in a wrapper, in a process that a signal ends.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
function load(file) {
  const name = path.resolve(file);
  const map = Buffer.from(fs.readFileSync(file + '.map')).toString('base64');
  const code = fs.readFileSync(file, 'utf8').replaceAll('lib/', './lib/');
  const text = `(async (module, require) => {${code}
//# sourceMappingURL=data:application/json;base64,${map}
})`;
  const module = {};
  vm.runInThisContext(text, { filename: 'file://' + name, columnOffset: -27 })(module, (each) =>
    each.endsWith('prices.js') ? load('lib/prices.js') : require(each));
  return module.exports;
}
if (process.argv[2] === 'child') {
  process.on('message', (file) => { load(file); setTimeout(() => process.send('done'), 50); });
} else {
  const child = require('node:child_process').fork(__filename, ['child']);
  child.on('message', () => { child.kill(); console.log('1 passing'); });
  child.send(process.argv.at(-1));
}
"""


@needs_node
def test_code_that_stands_nowhere_on_disk_is_told_also_where_a_signal_ends_its_process(
    tmp_path: Path,
) -> None:
    test = "require('lib/prices.js').total([1, 2]);\n"
    files = {
        "package.json": '{"scripts": {"test": "mocha"}}',
        "node_modules/.bin/mocha": f"#!/usr/bin/env node\n{RUNNER_JS}",
        "lib/prices.js": PRICES_JS,
        "lib/prices.js.map": source_map("prices.js", list(range(1, 16))),
        "test/total.test.js": test,
        "test/total.test.js.map": source_map("total.test.js", [1]),
    }
    root = written(tmp_path / "shop", files)
    (root / "node_modules/.bin/mocha").chmod(0o755)
    spots = Spot("total", 3, 5), Spot("discount", 7, 12)
    asked = plan("lib/prices.js", ("test/total.test.js",), *spots)
    _, report, _ = tried(tmp_path, asked, files=files)
    assert lines_of(report) == {"total": (1, 1, "test/total.test.js"), "discount": (0, 1, "")}


def test_a_measure_of_the_runner_itself_is_switched_off(tmp_path: Path) -> None:
    manifest = '{"scripts": {"test": "jest --coverage"}}'
    files = {
        "package.json": manifest,
        "a/package.json": manifest,
        "a/x.test.js": "",
        "y.test.js": "",
    }
    tree = read_tree(written(tmp_path, files))
    [top], [inside] = commands_for(["y.test.js"], tree), commands_for(["a/x.test.js"], tree)
    assert _uncounted(top)[-2:] == ("y.test.js", "--coverage=false")
    assert _uncounted(inside)[2].endswith("jest x.test.js --coverage=false")
    assert _uncounted(("node", "--test", "jest")) == ("node", "--test", "jest")


def function(name: str, *ranges: tuple[int, int, int]) -> Function:
    return Function(name, [Range(*each) for each in ranges])


def test_what_an_import_runs_is_no_run_of_a_function() -> None:
    text = "let a = 1\nfunction f() {\n  if (a) {\n    g()\n  }\n}\n"
    body, block = (10, len(text) - 1), (text.index("{\n    g"), text.index("}\n}") + 1)
    module = function("", (0, len(text), 1))
    assert list(executed(text, [module, function("f", (*body, 0))])) == []
    pieces = list(executed(text, [module, function("f", (*body, 3), (*block, 0))]))
    assert pieces == [(body[0], block[0]), (block[1], body[1])]
    wrapped = f"(async () => {{{text}}})"
    inner = [function("", (1, len(wrapped) - 1, 1)), function("f", (24, 24 + 20, 1))]
    assert list(executed(wrapped, inner)) == [(24, 44)]


def dumped(place: Path, top: Path, *paths: str) -> None:
    """Write what one process tells that loaded scripts of one line in this order."""
    text = "let a = 1\nfunction f() { return 1 }\n"
    scripts = [
        {"id": str(at), "path": str(top / path), "map": "", "shift": 0, "text": text}
        for at, path in enumerate(paths)
    ]
    records = "\n".join(map(json.dumps, [{"parent": 1}, *scripts]))
    (place / "scripts/7-0.jsonl").write_text(records)
    covered = [
        {
            "scriptId": str(at),
            "functions": [
                {
                    "functionName": "f",
                    "ranges": [{"startOffset": 10, "endOffset": 36, "count": at % 2}],
                }
            ],
        }
        for at in range(len(paths))
    ]
    (place / "v8/coverage-7-1-0.json").write_text(json.dumps({"result": covered}))


def test_a_process_of_several_test_files_is_told_apart_where_each_loads_its_own_modules(
    tmp_path: Path,
) -> None:
    place, tests = tmp_path / "place", ["a.test.js", "b.test.js"]
    ask(["x.js"], tests, tmp_path, place)
    dumped(place, tmp_path, "a.test.js", "x.js", "b.test.js", "y.js", "x.js")
    seen = answered(["x.js"], tests, tmp_path, place)
    assert (seen.is_shared, seen.ran) == (False, {"a.test.js": {"x.js": {2}}, "b.test.js": {}})
    dumped(place, tmp_path, "a.test.js", "x.js", "b.test.js")
    assert answered(["x.js"], tests, tmp_path, place).is_shared


@pytest.mark.parametrize("text", ["", "{", "[]\n[]", '{"parent": 1}\n{"id": 1}', "\0"])
def test_whatever_the_code_under_test_writes_there_is_left_out(tmp_path: Path, text: str) -> None:
    place = tmp_path / "place"
    ask(["x.js"], ["a.test.js"], tmp_path, place)
    dumped(place, tmp_path, "a.test.js", "x.js")
    (place / "v8/coverage-7-1-0.json").write_text(text)
    assert answered(["x.js"], ["a.test.js"], tmp_path, place).ran in ({}, {"a.test.js": {}})
    (place / "scripts/7-0.jsonl").write_text(text)
    assert answered(["x.js"], ["a.test.js"], tmp_path, place).ran == {}


def test_nothing_is_said_of_lines_that_an_unseen_test_may_run() -> None:
    total, discount = (Block("x.js", name, at, at, True, True) for name, at in (("a", 1), ("b", 5)))
    ran = {"a.test.js": {"x.js": {1}}}
    whole = of_lines([total, discount], ran, "", "test file")
    assert [each.tests for each in whole.spots] == [1, 0]
    part = of_lines([total, discount], ran, "", "test file", 1)
    assert [each.block.name for each in part.spots] == ["a"]
    assert part.missing.startswith("Lines are known of 1 of 2 test files only")


def test_a_map_that_can_not_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "outside.map").write_text(source_map("x.ts", [1]))
    top = written(tmp_path / "top", {"a.js": "", "bad.map": '{"mappings": "!", "sources": []}'})
    for url in (
        "../outside.map",
        "bad.map",
        "none.map",
        "https://x/y.map",
        "data:application/json,[",
    ):
        assert read_map(url, top / "a.js", top) is None, url
    written(top, {"good.map": source_map("x.ts", [3, 1], root="src")})
    assert read_map("good.map", top / "a.js", top) == [
        [(0, str(top / "src/x.ts"), 3)],
        [(0, str(top / "src/x.ts"), 1)],
    ]


PRICES_GO = """\
package prices

// Total adds prices.
func Total(prices []int) int {
	sum := 0
	for _, each := range prices {
		sum += each
	}
	return sum
}

// Discount halves high prices.
func Discount(price int) int {
	if price > 100 {
		return price / 2
	}
	return price
}
"""
TESTS_GO = """\
package prices

import "testing"

func TestTotal(t *testing.T) {
	if Total([]int{1, 2}) != 3 {
		t.Fatal("no")
	}
}

func TestDiscount(t *testing.T) {
	if Discount(5) != 4 {
		t.Fatal("no")
	}
}

func TestNothing(t *testing.T) {}
"""
SHOP_GO = {
    "go.mod": "module example.org/shop\n\ngo 1.19\n",
    "prices/prices.go": PRICES_GO,
    "prices/prices_test.go": TESTS_GO,
}


@needs_go
def test_each_test_of_go_is_told_apart_also_where_it_fails(tmp_path: Path) -> None:
    spots = Spot("Total", 4, 10), Spot("Discount", 13, 18), Spot("half", 15, 15)
    asked = plan("prices/prices.go", ("prices/prices_test.go",), *spots)
    work, report, _ = tried(tmp_path, asked, files=SHOP_GO)
    assert report["status"] == "failed"
    assert lines_of(report) == {
        "Total": (1, 3, "prices/prices_test.go::TestTotal"),
        "Discount": (1, 3, "prices/prices_test.go::TestDiscount"),
        "half": (0, 3, ""),
    }
    assert "lines 4-10 run by 1 of 3 tests" in work.summary


def test_a_language_whose_tests_are_not_watched_says_so(tmp_path: Path) -> None:
    files = {
        "lib/prices.rb": "def total(prices)\n  prices.sum\nend\n",
        "test/prices_test.rb": "puts '1 runs, 1 assertions, 0 failures, 0 errors, 0 skips'\n",
        "bin/ruby": "#!/bin/sh\necho '1 runs, 1 assertions, 0 failures, 0 errors, 0 skips'\n",
    }
    root = written(tmp_path / "shop", files)
    (root / "bin/ruby").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        import os

        patch.setenv("PATH", f"{root / 'bin'}:{os.environ['PATH']}")
        asked = plan("lib/prices.rb", ("test/prices_test.rb",), Spot("total", 1, 3))
        _, report, desk = tried(tmp_path, asked, files=files)
    assert report["lines"] == []
    assert report["lines_missing"] == "Which lines ran is not known: tests of Ruby are not watched."
    assert report["lines_missing"] in (desk.directory / "tests.md").read_text()
