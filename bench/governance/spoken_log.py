"""A log of runs, steps and approvals as the engine writes it, in four languages."""

import hashlib
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.domain.envelope import GENESIS, chain
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.run import events as run
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import ArtifactRef, Fact, Usage, Work

INSERT = "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
AT_ONCE = 20_000

WORKFLOWS = [
    f"{what}-{how}"
    for what in ("release", "nightly", "docs", "data", "audit", "import")
    for how in ("check", "build", "report", "publish", "sync")
]


def _words(text: str) -> list[str]:
    return text.split()


AGENTS = _words(
    "surveyor historian architect tester auditor writer reviewer command packer fetcher"
)
PEOPLE = _words("alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy")

ENGLISH = _words(
    "the release was checked against last night and all packages were read twice before anything "
    "could be written because some tests failed on a slow machine where memory was short and then "
    "passed again after a retry so nobody has to look at them now but one warning stays open about "
    "an old certificate that ends soon we found seven files without owners and three functions "
    "that grew too long documentation follows code again coverage rose by two points dependencies "
    "have no known holes index rebuilt cache cleared report stored under its digest"
)
GERMAN = _words(
    "die Prüfung der Abhängigkeiten ist abgeschlossen und alle Übersetzungen wurden noch einmal "
    "gelesen bevor etwas geschrieben werden konnte weil einige Versuche auf einer langsamen "
    "Maschine scheiterten und danach größtenteils bestanden haben niemand muss sie jetzt ansehen "
    "nur eine Warnung bleibt offen über ein altes Zeugnis das bald endet wir fanden sieben Dateien "
    "ohne Besitzer und drei zu lange Funktionen der Bericht liegt unter seiner Prüfsumme"
)
ARABIC = _words(
    "تم فحص الإصدار مقابل الليلة الماضية وقرئت جميع الحزم مرتين قبل أن يكتب أي شيء لأن بعض "
    "الاختبارات فشلت على جهاز بطيء ثم نجحت مرة أخرى بعد إعادة المحاولة ولا يحتاج أحد إلى النظر "
    "إليها الآن ولكن يبقى تحذير واحد مفتوحا حول شهادة قديمة تنتهي قريبا وجدنا سبعة ملفات بلا مالك "
    "وثلاث دوال طويلة جدا"
)
CHINESE = _words(
    "发布版本 已经检查 所有软件包 都读了两遍 部分测试 在较慢的机器上 失败了 重试之后 全部通过 "
    "没有人 需要再看 但是 还有一个警告 关于即将到期的 旧证书 我们发现 七个文件 没有负责人 "
    "三个函数 太长 文档 与代码一致 覆盖率 上升了 缓存已清除 报告 已保存"
)

Event = tuple[str, str, str, Any]  # stream, actor, correlation, data
Row = tuple[Any, ...]


def write(path: Path, events: int, seed: int = 1) -> None:
    """Write a log of so many events at `path`."""
    store = SqliteEventStore(path, writable=True)
    rows = _recorded(islice(_events(random.Random(seed)), events))
    while batch := list(islice(rows, AT_ONCE)):
        store.connection.execute("BEGIN IMMEDIATE")
        store.connection.executemany(INSERT, batch)
        store.connection.execute("COMMIT")
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


def _recorded(events: Iterator[Event]) -> Iterator[Row]:
    encode = msgspec.json.Encoder().encode
    digest, time = GENESIS, 1_767_225_600_000_000
    versions: dict[str, int] = {}
    for position, (stream, actor, correlation, data) in enumerate(events, start=1):
        name, schema = NAMES[type(data)] if isinstance(data, msgspec.Struct) else (data[0], 1)
        body = encode(data if isinstance(data, msgspec.Struct) else data[1])
        versions[stream] = version = versions.get(stream, 0) + 1
        time += 1_000 + position % 977 * 1_000
        row = (position, stream, version, name, schema, time, actor, "", 0, correlation, body)
        digest = chain(digest, *row)
        yield (*row, digest)


def _events(chance: random.Random) -> Iterator[Event]:
    """Yield the events of eight runs at a time, as an engine interleaves them."""
    number = 0
    working: list[Iterator[Event]] = []
    while True:
        while len(working) < 8:
            number += 1
            working.append(_run(chance, f"run-{chance.randrange(36**12):012x}-{number}"))
        chosen = chance.choice(working)
        event = next(chosen, None)
        if event is None:
            working.remove(chosen)
        else:
            yield event


def _run(chance: random.Random, name: str) -> Iterator[Event]:
    # Some workflows run much more often than others.
    workflow = WORKFLOWS[min(int(chance.expovariate(0.15)), len(WORKFLOWS) - 1)]
    author = chance.choice(PEOPLE)
    agents = chance.sample(AGENTS, chance.randint(3, 7))
    steps = tuple(
        Step(agent, agent, agents[max(place - 1, 0) : place], title=_said(chance, ENGLISH, 4))
        for place, agent in enumerate(agents)
    )
    tag = {"tag": f"v{chance.randrange(9)}.{chance.randrange(40)}.{chance.randrange(9)}"}
    yield name, author, name, run.RunCreated(name, workflow, steps, 8, inputs=tag, author=author)
    yield name, "engine", name, run.RunStarted()
    for fence, step in enumerate(steps, start=1):
        if step.key == "command" and chance.random() < 0.5:
            yield from _approval(chance, name, workflow, author)
        for event in _step(chance, step, fence):
            yield name, "engine", name, event
    yield name, "engine", name, run.RunSettled("succeeded")


def _step(chance: random.Random, step: Step, fence: int) -> Iterator[Any]:
    yield run.StepStarted(step.key, 1, fence, step.agent)
    yield run.ProcessStarted(step.key, fence, chance.randrange(1 << 22), 1.79e9, 1)
    if chance.random() < 0.4:
        used = Usage(
            chance.randrange(90_000), 0, chance.randrange(5_000), 0, chance.randrange(9**6)
        )
        yield run.UsageReported(step.key, fence, used)
    if chance.random() < 0.04:
        failure = run.Failure("agent.exit", f"It ended with status 1: {_sentence(chance)}")
        yield run.AttemptFailed(step.key, fence, failure, 1.79e9)
    digest = hashlib.sha256(chance.randbytes(8)).hexdigest()
    path = f"{step.key}/part-{chance.randrange(2000)}.json"
    work = Work(
        _sentence(chance),
        facts=(Fact("files read", chance.randrange(9_000), artifact=path),),
        artifacts=(ArtifactRef(path, digest, 812, "application/json"),),
    )
    yield run.StepSucceeded(step.key, fence, work, (run.Check("artifacts are there", True),))


def _approval(chance: random.Random, name: str, workflow: str, author: str) -> Iterator[Event]:
    stream = f"approval-{chance.randrange(36**12):012x}"
    argv = ["git", "push", "origin", f"v{chance.randrange(9)}.{chance.randrange(99)}"]
    asked = {
        "approval": stream,
        "run": name,
        "step": "command",
        "subject": {"workflow": workflow, "title": "Push the tag", "inputs": {"argv": argv}},
        "digest": hashlib.sha256(stream.encode()).hexdigest(),
        "author": author,
    }
    yield stream, "engine", name, ("approval_requested", asked)
    person = chance.choice([each for each in PEOPLE if each != author])
    decision = {"by": person, "reason": _sentence(chance), "signed_in": "os"}
    kind = "approval_given" if chance.random() < 0.9 else "approval_rejected"
    yield stream, person, name, (kind, decision)


def _sentence(chance: random.Random) -> str:
    """Say something of 50 to 200 characters."""
    language = chance.choice((ENGLISH, ENGLISH, GERMAN, ARABIC, CHINESE))
    phrase = _said(chance, language, chance.randint(8, 26), "" if language is CHINESE else " ")
    return f"{phrase} {chance.randrange(10_000)}"[:200]


def _said(chance: random.Random, words: list[str], count: int, between: str = " ") -> str:
    return between.join(chance.choices(words, k=count))
