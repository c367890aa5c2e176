"""The executive brief: one page on the goal, its state, and the open decisions."""

from collections.abc import Iterator

from missioncontrol.documents.anchors import plain_text
from missioncontrol.documents.figures import counted, grouped, money
from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.material import Material, code, ended, short
from missioncontrol.documents.studio.model import Listing, Section, Statement

WORDS_MAX = 330
"""Words of a page that leave room for its sources."""

FEW = 3
FAILED_MAX = 2


def sections(of: Material) -> Iterator[Section]:
    """Yield the sections of one page; what has no room is left to the other documents."""
    room = _Room(WORDS_MAX)
    yield from parts.section(
        "outcome",
        "Where it stands",
        parts.paragraph(
            room.add(of.say(f"Asked: “{short(of.asked, 240)}”", of.goal)),
            room.add(of.say(plain_text(of.reading.verdict), of.standing)),
        ),
    )
    yield from parts.section(
        "needed", "Needed from you", Listing(tuple(room.some(_needed(of), 4)), "number")
    )
    yield from parts.section("decided", "Decided", Listing(tuple(room.some(_decided(of), FEW + 1))))
    yield from parts.section("risks", "Risks", Listing(tuple(room.some(_risks(of), FEW))))
    yield from parts.section(
        "figures", "Time and cost", parts.paragraph(*room.some(_figures(of), FEW))
    )
    yield from parts.section(
        "known", "What was found out", Listing(tuple(room.some(_found(of), FEW)))
    )


class _Room:
    """Counts the words that still fit on the page."""

    def __init__(self, words: int) -> None:
        self._left = words

    def add(self, statement: Statement) -> Statement | None:
        words = len(statement.text.split())
        if words > self._left:
            return None
        self._left -= words
        return Statement(statement.text, statement.sources[:1])

    def some(self, statements: Iterator[Statement], most: int) -> list[Statement]:
        found: list[Statement] = []
        for statement in statements:
            fits = self.add(statement) if len(found) < most else None
            if fits is None:
                break
            found.append(fits)
        return found


def _needed(of: Material) -> Iterator[Statement]:
    for number, text in enumerate(of.plan.questions, start=1):
        yield of.say(f"An answer: {text}", of.question(number))
    yield from _failed(of)
    for step in of.reading.next_steps.advised:
        if "question" in step.text.lower():
            continue  # It stands above in its own words.
        one = of.reading.by_key.get(step.source)
        yield of.say(ended(short(step.text, 200)), of.result(one) if one else of.standing)


def _failed(of: Material) -> Iterator[Statement]:
    """Yield what failed, and how it is done again: no reviewer advises on what it never came to."""
    failed = [one for one in of.record.tasks if one.state == "failed"]
    for one in failed[:FAILED_MAX]:
        tried = next((each.error for each in reversed(one.attempts) if each.error), "")
        reason = short(one.reason or tried or "no reason is recorded", 160)
        yield of.say(
            f"{code(one.task.key)} ({short(one.task.title, 80)}) failed: {ended(reason)} Once the "
            f"cause is mended, `mission runs retry {of.record.run} {one.task.key}` does it again.",
            of.result(one),
        )
    if len(failed) > FAILED_MAX:
        left = counted(len(failed) - FAILED_MAX, "more task")
        yield of.say(
            f"{left} failed; `mission runs retry {of.record.run}` does all of them again.",
            of.standing,
        )


def _decided(of: Material) -> Iterator[Statement]:
    for each in of.plan.decisions:
        yield of.say(f"{each.title}: {ended(short(each.choice, 170))}", of.decision(each))


def _risks(of: Material) -> Iterator[Statement]:
    grades = {"high": 0, "medium": 1, "low": 2}
    for each in sorted(of.plan.risks, key=lambda k: (grades[k.impact], grades[k.likelihood])):
        yield of.say(
            f"{each.title} (likelihood {each.likelihood}, impact {each.impact}). "
            f"{ended(short(each.mitigation, 160))}",
            of.risk(each),
        )


def _figures(of: Material) -> Iterator[Statement]:
    for each in of.plan.estimates:
        if not each.task and each.measure in ("hours", "files", "cost"):
            yield of.say(
                f"{_WHAT[each.measure]}: likely {parts.amount(each, each.likely)}, eight of ten "
                f"times {parts.amount(each, each.low)} to {parts.amount(each, each.high)}.",
                of.whole_plan,
            )
    spent = of.record.usage
    if spent.tokens:
        yield of.say(
            f"Spent on models so far: {money(spent.cost)} for {grouped(spent.tokens)} tokens.",
            of.standing,
        )


_WHAT = {"hours": "Hours of a person", "files": "Files to change", "cost": "Cost of models"}


def _found(of: Material) -> Iterator[Statement]:
    order = {"tester": 0, "historian": 1, "auditor": 2, "architect": 3, "surveyor": 4}
    done = [o for o in of.record.tasks if o.state == "succeeded" and o.task.role in order]
    for one in sorted(done, key=lambda each: order[each.task.role]):
        if one.work.summary:
            yield of.say(ended(short(one.work.summary, 220)), of.result(one))
