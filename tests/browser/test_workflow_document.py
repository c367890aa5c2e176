"""Whatever the builder changes in a workflow file, everything beside it stays as it was."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.scene import Tab

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
PROPERTIES = (Path(__file__).parent / "document_properties.js").read_text("utf-8")
MODULES = """() => {
    const { islands } = JSON.parse(document.getElementById("places").textContent);
    return new URL("../workflow/", new URL(islands["workflow-editor"], location)).href;
}"""

COMMENTED = """\
# The first line.
name: commented   # the name

# Before the inputs.
inputs: {folder: {type: path},  # where
         mode: {enum: [a, b], default: a}}
outputs:
  out: "${{ steps.list.output }}"   # of list

steps:   # all of them

  # About list, in two
  # lines.
  list:   # beside the key
    agent: command   # who
    # between the fields
    with: {argv: [ls,   "-a"],   # odd spaces
           cwd: /tmp}
    # below the last field

  'quoted-key':
    agent: command
    needs:   # a list with remarks
      # the first
      - list   # because
    if: >-
      steps.list.output.json > 3 &&
      steps['list'].state == 'steps.list'
    with:
      argv:
        - echo
        # one argument
        - '${{ steps["list"].output }} steps.list'
        - "${{ steps['list'].state }}"
      stdin: |
        # no comment, but text
        ${{ steps.list.output }}

  last: {agent: command, needs: [list, quoted-key], with: &shared {argv: [echo]}}   # on a line
  same:
    agent: command
    with: *shared
  # after the last step
# The last line, without an end"""

SHARED = """\
name: shared
steps:
  one: &one   # what two is as well
    agent: command
    with: &given   # shared
      argv: [echo, one]   # its words
  two: *one
  three:
    agent: command
    needs: &both [one, two]   # both
    with: *given
  four:   # the last
    agent: command
    needs: *both
    with: {argv: [echo, four], cwd: /tmp}   # where
"""


def modules(tab: Tab) -> str:
    found: str = tab.go("/workflows").evaluate(MODULES)
    return found


@pytest.mark.slow
def test_a_thousand_changes_keep_comments_order_and_layout(tab: Tab) -> None:
    files = sorted((ROOT / "examples" / "workflows").glob("*.yaml"))
    texts = {
        "commented": COMMENTED,
        "shared": SHARED,
        **{file.stem: file.read_text("utf-8") for file in files},
    }
    assert len(texts) > 7
    given: dict[str, Any] = {"root": modules(tab), "texts": texts, "rounds": 160}
    found = tab.page.evaluate(PROPERTIES, given)
    assert found["faults"] == []
    assert found["count"] > 1000


CHANGING = """async ([root, text, changes]) => {
    const edit = await import(root + "operations.js");
    return changes.reduce((now, [name, ...given]) => edit[name](now, ...given), text);
}"""


@pytest.mark.parametrize(
    ("changes", "gone", "come"),
    [
        ([["removeStep", "one"]], "  one:", "  two: {agent: command, with: {argv: [echo, one]}}\n"),
        ([["setField", "one", ["title"], "First"]], "*one", "    title: First\n"),
        ([["setField", "two", ["title"], "Second"]], "*one", "    title: Second\n"),
        ([["disconnect", "one", "three"]], "*both", "    needs: &both [two]   # both\n"),
        ([["setField", "three", ["with", "argv"], ["x"]]], "*given", "argv: [x]"),
    ],
)
def test_what_one_step_shares_with_another_is_changed_for_itself_alone(
    tab: Tab, changes: list[object], gone: str, come: str
) -> None:
    found: str = tab.go("/workflows").evaluate(CHANGING, [modules(tab), SHARED, changes])
    assert gone not in found
    assert come in found
    assert "# its words" in found or "removeStep" in str(changes)


def test_remarks_of_a_connection_stay_when_it_goes(tab: Tab) -> None:
    changes = [["disconnect", "list", "quoted-key"]]
    found: str = tab.go("/workflows").evaluate(CHANGING, [modules(tab), COMMENTED, changes])
    for remark in ("# a list with remarks", "# the first", "# because"):
        assert remark in found
    assert "- list" not in found


MERGING = """async (root) => {
    const { merged } = await import(root + "merge.js");
    const base = "a\\nb\\nc\\nd\\ne\\n";
    return [
        merged(base, base.replace("b", "B"), base.replace("e", "E")),
        merged(base, base.replace("b", "B"), base.replace("b", "x")),
        merged(base, base.replace("b", "B"), base.replace("b", "B")),
        merged(base, base, base.replace("c\\n", "")),
        merged(base, base.replace("c\\n", "c\\nmine\\n"), base.replace("a\\n", "theirs\\na\\n")),
    ];
}"""


def test_two_changes_of_one_text_are_brought_together_where_they_fit(tab: Tab) -> None:
    both, clash, same, one, added = tab.page.evaluate(MERGING, modules(tab))
    assert both == "a\nB\nc\nd\nE\n"
    assert clash is None
    assert same == "a\nB\nc\nd\ne\n"
    assert one == "a\nb\nd\ne\n"
    assert added == "theirs\na\nb\nc\nmine\nd\ne\n"
