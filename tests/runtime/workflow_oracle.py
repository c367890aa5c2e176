"""How a run must end, worked out from its file alone: a second reading of the guide's tables.

It shares nothing with the program: plain dictionaries go in, and words come out.
"""

from typing import Any

from tests.runtime.random_workflows import Broken, Family, Standing, deed

Output = Any


class Oracle:
    """Goes through a workflow step by step, in the order of its file."""

    def __init__(self, family: Family, run: str) -> None:
        self.family = family
        self.run = run
        self.ends: dict[str, str] = {}
        self.outputs: dict[str, Output] = {}
        self.attempts: dict[str, int] = {}
        self.tokens = 0
        self.outcome = "failed" if self.fails(family.top, "") else "succeeded"

    def fails(self, workflow: dict[str, Any], prefix: str) -> bool:
        """Do all steps of a workflow; say whether one of them spoils it."""
        for key in workflow["steps"]:
            self.ends[prefix + key] = self.end_of(workflow, key, prefix)
        return any(self.counts(workflow, key, prefix) == "failed" for key in workflow["steps"])

    def counts(self, workflow: dict[str, Any], key: str, prefix: str) -> str:
        """Say how the end of a step counts for those that need it."""
        end = self.ends[prefix + key]
        if end == "failed" and workflow["steps"][key].get("on_failure") == "continue":
            return "done"
        return {"succeeded": "done", "skipped": "left out"}.get(end, "failed")

    def end_of(self, workflow: dict[str, Any], key: str, prefix: str) -> str:
        step = workflow["steps"][key]
        needs = step.get("needs", [])
        handled = [k for k, other in workflow["steps"].items() if other.get("on_failure") == key]
        condition = step.get("if", "")
        looks_on = "always()" in condition or "failure()" in condition
        kinds = [self.counts(workflow, need, prefix) for need in needs if need not in handled]
        if handled:
            if not any(self.ends[prefix + each] == "failed" for each in handled):
                return "skipped"
            if set(kinds) - {"done"}:
                return "skipped"
        elif not looks_on:
            if "failed" in kinds:
                return "blocked"
            if "left out" in kinds:
                return "skipped"
        everything = kinds + [self.counts(workflow, each, prefix) for each in handled]
        outputs = {k: self.outputs.get(prefix + k) for k in workflow["steps"]}
        standing = Standing(set(everything) <= {"done"}, "failed" in everything, outputs)
        try:
            if condition and not self.family.conditions[condition](standing):
                return "skipped"
            output = self.done(step, prefix, key, outputs)
        except Broken:
            return "failed"
        self.outputs[prefix + key] = output
        return "succeeded"

    def done(self, step: dict[str, Any], prefix: str, key: str, outputs: dict[str, Any]) -> Output:
        """Do a step for all its items, or once; return what it hands back."""
        if "for_each" not in step:
            return self.rounds(step, prefix + key)
        items = step["for_each"]
        if isinstance(items, str):
            source = outputs[items.split(".")[1]]
            if not isinstance(source, dict) or not isinstance(source.get("list"), list):
                raise Broken
            items = source["list"]
        found, good = [], True
        for number in range(len(items)):
            name = f"{prefix}{key}[{number}]"
            try:
                self.outputs[name] = self.rounds(step, name)
                self.ends[name] = "succeeded"
                found.append(self.outputs[name])
            except Broken:
                self.ends[name] = "failed"
                good = False
        if not good:
            raise Broken
        return found

    def rounds(self, step: dict[str, Any], name: str) -> Output:
        repeat = step.get("repeat")
        for number in range(1, (repeat["times"] if repeat else 1) + 1):
            mark = f"#{number}" if number > 1 else ""
            if "workflow" in step:
                output = self.called(step["workflow"], f"{name}{mark}/")
            else:
                output = self.tried(step, name, mark)
            if repeat is None or self.holds(repeat["until"], output):
                return output
        raise Broken

    def holds(self, until: str, output: Output) -> bool:
        if until == "output.w":
            raise Broken
        value: int = output["v"]
        return value > 6 if until == "output.v > 6" else value >= 0

    def tried(self, step: dict[str, Any], name: str, mark: str) -> Output:
        for attempt in range(1, step.get("retry", {}).get("attempts", 1) + 1):
            self.attempts[name] = self.attempts.get(name, 0) + 1
            made = deed(f"{self.run}/{name}{mark}", attempt)
            self.tokens += made.tokens
            if not made.fails:
                return made.output
            if made.is_final:
                break
        raise Broken

    def called(self, name: str, prefix: str) -> Output:
        workflow = next(each for each in self.family.called if each["name"] == name)
        if self.fails(workflow, prefix):
            raise Broken
        last = list(workflow["steps"])[-1]
        text = workflow["outputs"]["v"]
        if "state" in text:
            return {"v": 9 if self.ends[prefix + last] == "succeeded" else 0}
        if "output" in text:
            output = self.outputs.get(prefix + last)
            if not isinstance(output, dict) or "v" not in output:
                raise Broken
            return {"v": output["v"]}
        return {"v": 5}
