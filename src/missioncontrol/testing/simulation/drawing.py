"""Draws workflow files: every word that a file may hold turns up in some of them."""

import json
from random import Random
from typing import Any

Data = dict[str, Any]
ROOT, INNER, DEEP = "drawn", "inner", "deep"
PEOPLE = ("alice", "bob", "carol", "dave")


def workflows(dice: Random, words: frozenset[str]) -> list[Data]:
    """Return workflow files, those that are called first; `words` says what may be in them."""
    files = []
    if "calls" in words:
        files.append(_Drawing(dice, words, ()).inner(INNER))
        if dice.random() < 0.4:
            files.append(_Drawing(dice, words, (INNER,)).inner(DEEP))
    called = tuple(file["name"] for file in files)
    files.append(_Drawing(dice, words, called).root())
    return files


def another(dice: Random, words: frozenset[str], files: list[Data]) -> Data:
    """Return another version of the workflow that calls the others."""
    return _Drawing(dice, words, tuple(file["name"] for file in files[:-1])).root()


def text_of(file: Data) -> str:
    """Return a workflow file as it is saved."""
    return json.dumps(file)


class _Drawing:
    """One file; steps are drawn after those that they may need."""

    def __init__(self, dice: Random, words: frozenset[str], called: tuple[str, ...]) -> None:
        self.dice = dice
        self.words = words
        self.called = called
        self.steps: dict[str, Data] = {}
        self.kinds: dict[str, str] = {}  # what a step hands back: of an agent, a call, a list

    def chance(self, of: float, word: str = "") -> bool:
        """Whether something with this chance happens, in a world that has the word for it."""
        return self.dice.random() < of and (not word or word in self.words)

    def root(self) -> Data:
        """Draw a workflow of 1 to 9 steps."""
        self._draw_steps(self.dice.randint(1, 9))
        file = self._file(ROOT)
        if self.chance(0.2):
            file["timeout"] = self.dice.choice(("3m", "20m"))
        return file

    def inner(self, name: str) -> Data:
        """Draw a workflow that others call; it hands back what its first step does."""
        self.steps["s0"], self.kinds["s0"] = self._work(), "one"
        self._draw_steps(self.dice.randint(0, 2))
        file = self._file(name)
        file["outputs"] = {
            "n": "${{ steps.s0.output.n }}",
            "items": "${{ steps.s0.output.items }}",
        }
        return file

    def _draw_steps(self, count: int) -> None:
        for _ in range(count):
            self._draw_step(f"s{len(self.steps)}")

    def _file(self, name: str) -> Data:
        file: Data = {
            "name": name,
            "inputs": {
                "tag": {"type": "string", "default": "a"},
                "size": {"type": "integer", "default": self.dice.randint(0, 5)},
                "flag": {"type": "boolean", "default": self.chance(0.5)},
            },
            "concurrency": self.dice.choice((1, 2, 5)),
        }
        if self.chance(0.5, "money"):
            file["budget"] = self._budget(4)
            for step in self.steps.values():
                if "budget" in step:
                    step["budget"] = _within(step["budget"], file["budget"])
        return {**file, "steps": self.steps}

    def _draw_step(self, key: str) -> None:
        earlier = list(self.steps)
        count = min(len(earlier), self.dice.choice((0, 1, 1, 1, 2, 3)))
        needs = self.dice.sample(earlier, count)
        step = self._work()
        kind = "call" if "workflow" in step else "one"
        if self.chance(0.25, "items"):
            kind = "many"
            self._make_loop(step, needs)
        if needs:
            step["needs"] = needs
        self._condition(step, needs)
        self._inputs(step, needs)
        if needs and self.chance(0.12, "handlers"):
            self._handle(key, step, needs)
        if kind == "one" or (kind == "call" and self.chance(0.3)):
            self._repeat(step)
        self.steps[key], self.kinds[key] = step, kind

    def _work(self) -> Data:
        """Draw who does it, and under which limits."""
        step: Data = {}
        if self.called and self.chance(0.3):
            step["workflow"] = self.dice.choice(self.called)
            if self.chance(0.3, "limits"):
                step["timeout"] = {self.dice.choice(("run", "total")): self.dice.choice((10, 40))}
        else:
            agents = ["worker"] * 4
            if "money" in self.words:
                agents += ["metered", "metered", "caller", "stranger"]
            step["agent"] = self.dice.choice(agents)
            self._require_approval(step)
            if self.chance(0.15, "slots"):
                key = self.dice.choice(("deploy", "deploy-${{ inputs.tag }}"))
                step["concurrency"] = {"key": key, "limit": self.dice.choice((1, 2))}
            if self.chance(0.4):
                wait = self.dice.choice(("100ms", "1s", "30s"))
                step["retry"] = {"attempts": self.dice.choice((2, 3)), "wait": wait}
            step["timeout"] = self._limits()
        if self.chance(0.15, "money"):
            step["budget"] = self._budget(1)
        if self.chance(0.15):
            step["on_failure"] = "continue"
        return step

    def _limits(self) -> Data:
        limits: Data = {"heartbeat": "10s"}  # An agent that fell silent would hold its run.
        if self.chance(0.4):
            limits["run"] = self.dice.choice(("5s", "60s"))
        if self.chance(0.1, "limits"):
            limits["queue"] = self.dice.choice(("10s", "60s"))
        if self.chance(0.1, "limits"):
            limits["total"] = self.dice.choice(("20s", "2m"))
        return limits

    def _budget(self, times: int) -> Data:
        """Draw an amount that is about what a few attempts take."""
        budget: Data = {}
        if self.chance(0.6):
            budget["tokens"] = self.dice.choice((800, 1500, 4000, 20_000)) * times
        if not budget or self.chance(0.5):
            budget["cost"] = self.dice.choice((0.0, 0.008, 0.021, 0.1)) * times
        return budget

    def _require_approval(self, step: Data) -> None:
        if not self.chance(0.3, "approvals"):
            return
        if self.chance(0.6):
            step["effects"] = ["deploys"]
        else:
            step["risk"] = "write"
        if "risk" in step or self.chance(0.8):
            step["approval"] = self._rule()

    def _rule(self) -> Data:
        named = self.dice.sample(PEOPLE, self.dice.choice((1, 2, 3)))
        asked: Any = self.dice.choice(("approver", "approver", named))
        rule: Data = {"from": asked, "expires": self.dice.choice(("2m", "15m", "1h"))}
        most = len(named) if asked is named else 3
        if most > 1 and self.chance(0.5):
            rule["count"] = self.dice.randint(2, most)
        if self.chance(0.3):
            rule["escalate"] = {"after": self.dice.choice(("30s", "1m")), "to": "dave"}
        return rule

    def _make_loop(self, step: Data, needs: list[str]) -> None:
        sources = [need for need in needs if self.kinds[need] in ("one", "call")]
        if sources and self.chance(0.6):
            step["for_each"] = f"${{{{ steps.{self.dice.choice(sources)}.output.items }}}}"
        else:
            step["for_each"] = [self.dice.randint(0, 9) for _ in range(self.dice.randint(0, 5))]
        if self.chance(0.5) and "concurrency" not in step:
            step["concurrency"] = self.dice.choice((1, 2, 3))

    def _condition(self, step: Data, needs: list[str]) -> None:
        if not self.chance(0.35, "conditions"):
            return
        choices = ["always()", "success()", "inputs.flag", "!inputs.flag", "inputs.size > 2"]
        if any(self._can_fail(need) for need in needs):
            choices += ["failure()", "failure() || inputs.flag"]
        for need in needs:
            choices += self._about(need)
        step["if"] = self.dice.choice(choices)

    def _can_fail(self, need: str) -> bool:
        step = self.steps[need]
        return step.get("on_failure") != "continue" and "if" not in step

    def _about(self, need: str) -> list[str]:
        found = [
            f"steps.{need}.state == 'succeeded'",
            f"always() && steps.{need}.state != 'skipped'",
            f"always() && steps.{need}.error == ''",
        ]
        if self.kinds[need] == "many":
            return [*found, f"steps.{need}.output[0] != null"]
        n = f"steps.{need}.output.n"
        found += [f"{n} > 4", f"{n} <= 7 && inputs.size > 1", f"inputs.flag || {n} < 3"]
        return [*found, f"steps.{need}.output.items[1] > 3"]

    def _inputs(self, step: Data, needs: list[str]) -> None:
        """Draw what a step is given; a call is given what its workflow takes."""
        given: Data = {}
        if self.chance(0.5):
            given["size"] = self.dice.choice((3, "${{ inputs.size }}"))
        if self.chance(0.3):
            given["tag"] = self.dice.choice(("b", "${{ inputs.tag }}", "x-${{ inputs.tag }}!"))
        known = [need for need in needs if self.kinds[need] in ("one", "call")]
        if known and self.chance(0.5):
            given["size"] = f"${{{{ steps.{self.dice.choice(known)}.output.n }}}}"
        if "for_each" in step and self.chance(0.7):
            given["size"] = "${{ item }}"
        if given:
            step["with"] = given

    def _handle(self, key: str, step: Data, needs: list[str]) -> None:
        """Make the step the failure handler of one or two that it needed."""
        handled = [
            need
            for need in needs[: self.dice.choice((1, 2))]
            if "on_failure" not in self.steps[need] and "if" not in self.steps[need]
        ]
        if not handled or "if" in step:
            return
        for need in handled:
            self.steps[need]["on_failure"] = key
        step["needs"] = [need for need in needs if need not in handled]
        if not step["needs"]:
            del step["needs"]

    def _repeat(self, step: Data) -> None:
        if self.chance(0.25, "repeats") and "for_each" not in step:
            until = self.dice.choice(("output.n > 4", "size(output.items) > 1"))
            until = until if "size" not in until else "output.n != 3"
            step["repeat"] = {"until": until, "times": self.dice.choice((2, 3))}
            if self.chance(0.5) and "agent" in step:
                step.setdefault("with", {})["last"] = "${{ previous }}"


def _within(part: Data, whole: Data) -> Data:
    """Return a budget of a step that is no larger than that of its workflow."""
    return {unit: min(amount, whole.get(unit, amount)) for unit, amount in part.items()}
