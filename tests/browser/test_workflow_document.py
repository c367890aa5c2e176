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


def modules(tab: Tab) -> str:
    found: str = tab.go("/workflows").evaluate(MODULES)
    return found


def test_a_thousand_changes_keep_comments_order_and_layout(tab: Tab) -> None:
    files = sorted((ROOT / "examples" / "workflows").glob("*.yaml"))
    texts = {"commented": COMMENTED, **{file.stem: file.read_text("utf-8") for file in files}}
    assert len(texts) > 6
    given: dict[str, Any] = {"root": modules(tab), "texts": texts, "rounds": 160}
    found = tab.page.evaluate(PROPERTIES, given)
    assert found["faults"] == []
    assert found["count"] > 1000


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
