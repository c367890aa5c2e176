"""Words in drawings stay inside of their boxes, as a real browser measures them."""

import msgspec
import pytest
from playwright.sync_api import Browser

from missioncontrol.documents.report import report_html
from missioncontrol.drawing.model import Edge, Graph, Group, Node, NodeKind, Row
from missioncontrol.drawing.svg import svg
from tests.documents.records import redis_plan, redis_run

pytestmark = pytest.mark.journey

WORDS = (
    "利用者のセッションを別の保存先へ安全に移行するための処理",
    "사용자 세션을 안전하게 옮기는 작업과 그 결과를 확인하는 시험",
    "迁移会话存储",
    "ЩУКИН И ЖУЖЖАЩИЙ ШМЕЛЬ",
    "WWMMWW MAXIMUM WIDTH QOGDHN",
    "\uff26\uff55\uff4c\uff4c \uff57\uff49\uff44\uff54\uff48 — ①②③ … →",
    "😀😀😀 pictures 😀😀😀",
    "SESSION_STORE_MAXIMUM_AGE_IN_MINUTES_OF_USE",
)

OUTSIDE = """(boxes) => {
  // No font for East Asia may be installed: their letters are squares, as a long dash is wide.
  const wide = /[\\u1100-\\u115f\\u2e80-\\u9fff\\uac00-\\ud7a3\\uff01-\\uff60]/g;
  for (const text of document.querySelectorAll("svg text")) {
    text.textContent = text.textContent.replace(wide, "\u2014");
  }
  const found = [];
  let seen = 0;
  for (const node of document.querySelectorAll(boxes)) {
    const box = node.querySelector(":scope > rect, :scope > path").getBBox();
    for (const text of node.querySelectorAll(":scope > text")) {
      seen += 1;
      const words = text.getBBox();
      if (words.x < box.x - 0.5 || words.x + words.width > box.x + box.width + 0.5) {
        found.push(`${text.textContent}: ${words.width} in ${box.width}`);
      }
    }
  }
  return { found, seen };
}"""


SHAPES: tuple[NodeKind, ...] = (
    *("module", "store", "entry", "actor"),
    *("ask", "external", "job", "service"),
)


def foreign_graph() -> Graph:
    nodes = [
        Node(f"n{n}", words, kind, note=WORDS[-n - 1], group=f"g{n % 3}")
        for n, (words, kind) in enumerate(zip(WORDS, SHAPES, strict=True))
    ]
    rows = tuple(Row(words, words, "key") for words in WORDS)
    nodes.append(Node("t", WORDS[0], "table", rows=rows))
    edges = [Edge(f"n{n}", f"n{n + 1}", words) for n, words in enumerate(WORDS[:-1])]
    groups = tuple(Group(f"g{n}", WORDS[n]) for n in range(3))
    return Graph(WORDS[0] * 3, WORDS[1], tuple(nodes), tuple(edges), groups)


def test_words_of_any_script_stay_in_the_boxes_of_a_drawing(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(svg(foreign_graph()))
    looked = page.evaluate(OUTSIDE, ".d-node")
    assert looked["seen"] > 3 * len(WORDS)
    assert looked["found"] == []
    frames = page.evaluate("""() => [...document.querySelectorAll(".d-frame")].map((frame) => {
      const box = frame.getBBox(), words = frame.nextElementSibling.getBBox();
      return words.x + words.width <= box.x + box.width;
    })""")
    assert frames
    assert all(frames)
    fits = page.evaluate("""() => {
      const whole = document.querySelector("svg").viewBox.baseVal.width;
      return [...document.querySelectorAll("text")].every((text) => {
        const place = text.getBoundingClientRect();
        return place.right - document.querySelector("svg").getBoundingClientRect().left <= whole;
      });
    }""")
    assert fits
    page.close()


def test_words_of_any_script_stay_in_the_boxes_of_a_plan(browser: Browser) -> None:
    plan = redis_plan()
    phases = tuple(
        msgspec.structs.replace(
            phase,
            tasks=tuple(
                msgspec.structs.replace(task, title=WORDS[(n + at) % len(WORDS)])
                for at, task in enumerate(phase.tasks)
            ),
        )
        for n, phase in enumerate(plan.phases)
    )
    made = redis_run(plan=msgspec.structs.replace(plan, phases=phases))
    page = browser.new_page(java_script_enabled=True)
    page.set_content(report_html(made.record, made.store.read))
    looked = page.evaluate(OUTSIDE, "svg a:has(> rect.box)")
    assert looked["seen"] >= 2 * len(made.record.tasks)
    assert looked["found"] == []
    page.close()
