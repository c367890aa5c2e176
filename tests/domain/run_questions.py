"""Random runs, and random things to ask of them: mostly what fits, now and then anything."""

from collections.abc import Iterable
from random import Random

from missioncontrol.domain.run import commands as c
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Expanded, Run
from missioncontrol.domain.step import ApprovalRule, Repeat, Retry, Slot, Step
from missioncontrol.domain.work import Usage, Work

KEYS = tuple("abcdefg")
RULE = ApprovalRule()
DIGESTS = ("1" * 64, "2" * 64)
FAILURES = (
    Failure("agent.crashed", "It broke."),
    Failure("agent.refused", "No.", retryable=False),
    Failure("approval.rejected", "No.", retryable=False),
)
INNER = (Step("x", "hand"), Step("y", "maker", ("x",)))


def some_steps(seed: int) -> tuple[Step, ...]:
    """Return up to seven steps that need, handle, call, repeat and ask."""
    chance = Random(seed)
    one_of = chance.choice
    found = []
    for number in range(chance.randint(1, len(KEYS))):
        needs = tuple(chance.sample(KEYS[:number], min(number, chance.randint(0, 3))))
        handles = needs[:1] if chance.random() < 0.25 else ()
        found.append(
            Step(
                KEYS[number],
                one_of(["hand", "maker"]),
                needs,
                "any" if handles or chance.random() < 0.3 else "success",
                retry=Retry(chance.randint(1, 3), 1.0, 1.0, 1.0),
                when=one_of(["", "", "inputs.x"]),
                for_each=one_of([None, None, None, [1, 2, 3]]),
                concurrency=chance.randint(0, 2),
                body=one_of([(), (), INNER]),
                calls="sub@1",
                slots=one_of([(), (Slot("k"),)]),
                approval=one_of([None, None, RULE]),
                on_failure=one_of(["stop", "stop", "continue"]),
                handles=handles,
                repeat=one_of([None, None, Repeat("output", 3)]),
                seconds_max=one_of([0.0, 5.0]),
                queue_seconds_max=one_of([0.0, 5.0]),
                total_seconds_max=one_of([0.0, 9.0]),
            )
        )
    return tuple(found)


def question(run: Run, seed: int) -> c.RunCommand:
    """Return something to ask of `run`."""
    return _Asking(run, Random(seed)).command()


class _Asking:
    def __init__(self, run: Run, chance: Random) -> None:
        self.run = run
        self.chance = chance

    def command(self) -> c.RunCommand:
        run = self.run
        pools = {
            self._start: run.ready or run.resting,
            self._due: run.due,
            self._held: run.held,
            self._report: run.working,
        }
        kinds = [ask for ask, keys in pools.items() if keys]
        return self.chance.choice([*kinds * 4, self._any, self._rare])()

    def one_of(self, keys: Iterable[str]) -> str:
        pool = list(keys)
        is_wild = not pool or self.chance.random() < 0.1
        return self.chance.choice(list(self.run.steps) if is_wild else pool)

    def fence(self, key: str) -> int:
        holder = self.run.working.get(key)
        return holder.fence if holder and self.chance.random() < 0.9 else self.run.fence + 1

    def digest(self) -> str:
        return self.chance.choice(DIGESTS)

    def _start(self) -> c.RunCommand:
        some = [self.one_of(self.run.ready or self.run.resting)]
        if self.chance.random() < 0.2:
            some.append(self.one_of(self.run.ready))
        return c.StartSteps(
            tuple(some), {key: self.run.released.get(key, self.digest()) for key in some}
        )

    def _due(self) -> c.RunCommand:
        key = self.one_of(self.run.due)
        step = self.run.steps[key]
        if isinstance(self.run.states[key], Expanded):
            failure = self.chance.choice([None, None, *FAILURES])
            again = step.repeat is not None and self.chance.random() < 0.5
            return c.ConcludeStep(key, Work(), failure, again)
        if self.chance.random() < 0.15:
            return c.SkipStep(key, "So.")
        if step.for_each is not None:
            return c.ExpandStep(key, self._items(step))
        if step.approval is not None and key not in self.run.released:
            number = self.chance.randint(1, 9)
            return c.HoldStep(key, f"approval-{number}", self.digest(), {}, step.slots)
        if step.body:
            return c.ExpandStep(key, self._body(step), {}, self.run.released.get(key, ""))
        return c.ReadyStep(key, {"n": 1}, step.slots)

    def _prefix(self, step: Step) -> str:
        done = self.run.rounds.get(step.key, 0)
        return f"{step.key}#{done + 1}" if done else step.key

    def _body(self, step: Step) -> tuple[Step, ...]:
        prefix = self._prefix(step)
        return tuple(
            Step(
                f"{prefix}/{inner.key}",
                inner.agent,
                tuple(f"{prefix}/{need}" for need in inner.needs),
                retry=step.retry,
                parent=step.key,
                scope=prefix,
            )
            for inner in step.body
        )

    def _items(self, step: Step) -> tuple[Step, ...]:
        return tuple(
            Step(
                f"{self._prefix(step)}[{n}]",
                step.agent,
                body=step.body,
                calls=step.calls,
                approval=step.approval,
                slots=step.slots,
                repeat=step.repeat,
                retry=step.retry,
                seconds_max=step.seconds_max,
                queue_seconds_max=step.queue_seconds_max,
                parent=step.key,
                index=n,
            )
            for n in range(self.chance.randint(0, len(step.for_each)))
        )

    def _held(self) -> c.RunCommand:
        key = self.one_of(self.run.held)
        held = self.run.held.get(key)
        approval, digest = (held.approval, held.digest) if held else ("approval-0", DIGESTS[0])
        given = c.ReleaseStep(key, approval, digest)
        others: list[c.RunCommand] = [
            c.FailStep(key, FAILURES[2]),
            c.ReviseStep(key, approval, {"n": 2}, "carol"),
            c.ReleaseStep(key, approval, self.digest()),
        ]
        return self.chance.choice([given, given, *others])

    def _report(self) -> c.RunCommand:
        key = self.one_of(self.run.working)
        fence = self.fence(key)
        again = self.run.steps[key].repeat is not None and self.chance.random() < 0.5
        good = c.ReportSuccess(key, fence, Work(output=fence), again=again)
        bad = c.ReportFailure(key, fence, self.chance.choice(FAILURES), 0.5)
        usage = Usage(input_tokens=3, cost=self.chance.choice([None, 0, 7]))
        used = c.ReportUsage(key, fence, usage, self.chance.choice(["", "m1", "m2"]))
        let_go = c.ReportCancelled(key, fence)
        commands: list[c.RunCommand] = [good, good, bad, bad, used, let_go]
        return self.chance.choice(commands)

    def _any(self) -> c.RunCommand:
        key = self.chance.choice(list(self.run.steps))
        asked: list[c.RunCommand] = [
            c.FailStep(key, FAILURES[1]),
            c.HoldStep(key, "approval-9", self.digest()),
            c.ReadyStep(key),
            c.SkipStep(key, "So."),
            c.ExpandStep(key, ()),
            c.ConcludeStep(key),
            c.RecordProcess(key, self.fence(key), 7, 1.0, 7),
            c.AddSteps(key, self.fence(key), (Step(f"new-{len(self.run.steps)}", "hand"),)),
        ]
        return self.chance.choice(asked)

    def _rare(self) -> c.RunCommand:
        asked: list[c.RunCommand] = [
            c.Interrupt("It ended."),
            c.Interrupt("It was closed.", counts=False),
            c.HaltRun("budget.exceeded", "Too much."),
            c.ResumeRun(),
            c.ResumeRun(),
            c.CancelRun("Enough."),
            c.CancelRun("Its time is over.", "failed"),
        ]
        return self.chance.choice(asked)
