"""Resolves the names in GitHub's expressions, for one job or one of its steps."""

from collections.abc import Mapping, Sequence

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import (
    Unclear,
    Value,
    all_of,
    ended_in,
    member,
    negated,
    quoted,
    state_in,
)
from missioncontrol.adapters.workflow_files.foreign.draft import StepDraft
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.foreign.scripts import Filling
from missioncontrol.adapters.workflow_files.github_actions.conditions import joined, value_of
from missioncontrol.adapters.workflow_files.github_actions.expressions import (
    Hole,
    parsed,
    pieces_of,
)
from missioncontrol.adapters.workflow_files.github_actions.inputs import Inputs
from missioncontrol.adapters.workflow_files.github_actions.matrix import Matrix

WHY = {
    "secrets": "`{expression}` is a secret, and a workflow and its log hold none; have the "
    "program read a file.",
    "vars": "`{expression}` is stored at GitHub; make it an input with a default.",
    "github": "`{expression}` is known to GitHub only; make it an input if it is needed.",
    "runner": "`{expression}` describes GitHub's runner, and there is none here.",
    "job": "`{expression}` describes containers and services, and there are none here.",
    "strategy": "`{expression}` describes a matrix, and the job has none that was carried over.",
    "matrix": "`{expression}` describes a matrix, and the job has none that was carried over.",
    "env": "`{expression}` is set by no `env` of the step, its job or the workflow.",
}


class Done(msgspec.Struct):
    """What became of one step of a job, for those that speak of it."""

    draft: StepDraft
    id: str = ""
    is_conditional: bool = False  # it has a condition of its own
    hands_back: bool = False  # its outputs are stored


class JobState(msgspec.Struct):
    """What became of a job, for those that need it."""

    id: str
    steps: list[Done] = []
    start: StepDraft | None = None  # skipped or blocked just where the job never began
    outputs: dict[str, list[str | Filling]] = {}
    output_nodes: dict[str, Node] = {}  # carried over when an expression reads them
    has_matrix: bool = False
    can_be_skipped: bool = False
    asks_status: bool = False  # its condition speaks of success or failure
    may_fail: bool = False  # the workflow goes on from its failure

    @property
    def is_simple(self) -> bool:
        """Whether its last step tells how all of it went."""
        return not any(done.is_conditional for done in self.steps)

    @property
    def ends(self) -> list[str]:
        """The steps that together tell how it went."""
        steps = self.steps[-1:] if self.is_simple else self.steps
        return [done.draft.key for done in steps]

    @property
    def must_run(self) -> list[str]:
        """The conditions under which it was done: it began, and nothing essential was held back."""
        held = [d.draft for d in self.steps if d.draft.is_unclear and not d.is_conditional]
        starts = [self.start] if self.can_be_skipped and self.start is not None else []
        keys = dict.fromkeys(draft.key for draft in [*starts, *held])
        return [f"{member('steps', key)}.state != 'skipped'" for key in keys]

    @property
    def result(self) -> Value:
        """Its result, as a text of GitHub.

        Raises:
            Unclear: `continue-on-error` holds for the job.
        """
        if self.may_fail:
            raise Unclear("What the result of a job is that may fail, GitHub does not say.")
        failing = [d.draft.key for d in self.steps if d.draft.on_failure != "continue"]
        failed = ended_in(failing, "failed")
        start = (self.start or self.steps[0].draft).key
        began = state_in(start, "succeeded", "failed")
        cases = {
            "failure": failed,
            "success": all_of([negated(failed), began if self.can_be_skipped else "true"]),
            "skipped": state_in(start, "skipped", "blocked") if self.can_be_skipped else "false",
            "cancelled": "false",
        }
        other = f"{began} ? 'success' : 'skipped'" if self.can_be_skipped else "'success'"
        source = f"({failed}) ? 'failure' : {other}"
        return Value(source, "string", ("success", "failure", "skipped"), tight=False, cases=cases)


class JobScope:
    """Names as they stand in one job; `done` grows while its steps are read."""

    def __init__(
        self,
        workflow: str,
        job: str,
        inputs: Inputs,
        needs: Sequence[JobState],
        matrix: Matrix | None,
        state: JobState,
    ) -> None:
        """`needs` are the jobs that this one names in its own `needs`."""
        self.workflow = workflow
        self.job = job
        self.inputs = inputs
        self.needs = {each.id.lower(): each for each in needs}
        self.after = list(needs)  # the jobs whose ends decide whether this one begins
        self.matrix = matrix
        self.state = state
        self.env: Mapping[str, list[str | Filling]] = {}
        self._variables: dict[str, tuple[list[str | Filling], Value | Unclear]] = {}
        self.workspace = ""  # the expression of the checked-out repository
        self.is_step = False  # conditions ask for the steps before, not for the jobs
        self.is_first = False  # nothing at all came before
        self.has_distant_needs = False  # it needs jobs through others that it does not name
        self.all_went_well = True  # a reader runs only after everything succeeded

    # What `Scope` of conditions asks for.

    def value(self, path: tuple[str, ...]) -> Value:
        match path:
            case ("inputs", name):
                return self._input(name)
            case ("github", *names):
                return self._event(names)
            case ("matrix" | "strategy", *_) if self.matrix is not None:
                return self._combination(path)
            case ("env", name) if name in self.env:
                return self._variable(name)
            case ("needs", job, *names):
                return self._needed(job, names)
            case ("steps", name, *names):
                return self._earlier(name, names)
        raise _unknown(path)

    def status(self, name: str) -> str:
        if name == "cancelled":
            raise Unclear("Nothing starts after a cancel here, so it could never hold.")
        if self.is_first:
            return "false" if name == "failure" else "true"
        if name == "success":
            if self.is_step:
                return "!failure()"
            return all_of(["!failure()", *(each for job in self.after for each in job.must_run)])
        return f"{name}()"

    def results(self) -> list[Value]:
        if len(self.after) > len(self.needs) or self.has_distant_needs:
            raise Unclear("GitHub may count jobs in it that the job needs through others only.")
        return [job.result for job in self.needs.values()]

    # Texts with expressions in them.

    def filled(self, text: str) -> list[str | Filling]:
        """Split `text` at its expressions and say what each comes to, or why that is not known."""
        try:
            pieces = pieces_of(text)
        except Unclear as unclear:
            return [Filling("...", None, str(unclear))]
        known: dict[str, Filling] = {}
        for each in pieces:
            if isinstance(each, Hole) and each.source not in known:
                known[each.source] = self._filling(each)
        return [
            msgspec.structs.replace(known[each.source], offset=each.offset)
            if isinstance(each, Hole)
            else each
            for each in pieces
        ]

    def _filling(self, hole: Hole) -> Filling:
        source = " ".join(hole.source.split())
        try:
            expression = parsed(hole.source)
            value = value_of(expression, self)
        except Unclear as unclear:
            return Filling(source, None, f"`${{{{ {source} }}}}`: {unclear}", offset=hole.offset)
        own = source[4:] if source.startswith("env.") and source[4:] in self.env else ""
        return Filling(source, value, variable=own, offset=hole.offset)

    # Contexts.

    def _input(self, name: str) -> Value:
        found = self.inputs.values.get(name.lower())
        if found is None:
            raise Unclear("No trigger that can be carried over defines this input.")
        return found

    def _input_as_text(self, name: str) -> Value:
        """In the event, GitHub gives every input as a text."""
        value = self._input(name)
        if value.kind == "string":
            return value
        if value.kind == "number":
            return Value(f"string({value.source})", "string")
        cases = {"true": value.source, "false": negated(value.source)}
        return Value(f"string({value.source})", "string", ("true", "false"), cases=cases)

    def _event(self, names: list[str]) -> Value:
        match names:
            case ["event", "inputs", name]:
                return self._input_as_text(name)
            case ["workflow"]:
                return _text(self.workflow)
            case ["job"]:
                return _text(self.job)
            case ["workspace"] if self.workspace:
                return Value(self.workspace, "string")
        raise _unknown(("github", *names))

    def _combination(self, path: tuple[str, ...]) -> Value:
        assert self.matrix is not None, "it was asked for"
        match path:
            case ("matrix", *names) if names:
                return self.matrix.value(tuple(names))
            case ("strategy", "job-index"):
                return Value("index", "number")
            case ("strategy", "job-total"):
                return Value(str(len(self.matrix.combinations)), "number")
        raise _unknown(path)

    def _variable(self, name: str) -> Value:
        """Return the value of a variable; many expressions may ask for one."""
        parts = self.env[name]
        read, value = self._variables.get(name, (None, None))
        if read is not parts:
            try:
                value = self._text_of(parts)
            except Unclear as unclear:
                value = unclear
            self._variables[name] = (parts, value)
        if isinstance(value, Unclear):
            raise value
        assert value is not None, "it was just read"
        return value

    def _text_of(self, parts: Sequence[str | Filling]) -> Value:
        values = []
        for part in parts:
            if isinstance(part, str):
                values.append(_text(part))
            elif part.value is None:
                raise Unclear(part.why)
            else:
                values.append(part.value)
        return joined(values)

    def _needed(self, name: str, names: list[str]) -> Value:
        job = self.needs.get(name.lower())
        if job is None:
            raise Unclear("The job does not need one of that name.")
        match names:
            case ["result"]:
                return job.result
            case ["outputs", output]:
                if job.has_matrix:
                    raise Unclear("A job with a matrix has one output for each combination.")
                if output not in job.outputs:
                    raise Unclear("That job hands back no such output.")
                value = self._text_of(job.outputs[output])
                job.output_nodes[output].carry()
                return value
        raise Unclear("A job has a result and outputs only.")

    def _earlier(self, name: str, names: list[str]) -> Value:
        done = next((d for d in self.state.steps if d.id.lower() == name.lower()), None)
        if done is None:
            raise Unclear("No earlier step with that id was carried over.")
        match names:
            case ["outcome"]:
                return _outcome(done, "failure")
            case ["conclusion"]:
                tolerant = done.draft.on_failure == "continue"
                return _outcome(done, "success" if tolerant else "failure")
            case ["outputs", output] if done.hands_back:
                return self._output(done, output)
        raise Unclear("That step has no such value here.")

    def _output(self, done: Done, name: str) -> Value:
        source = member(f"{member('steps', done.draft.key)}.output.json", name)
        certain = self.all_went_well and not done.is_conditional
        if certain and done.draft.on_failure != "continue" and not done.draft.is_unclear:
            return Value(source, "string")
        succeeded = state_in(done.draft.key, "succeeded")
        return Value(f"{succeeded} ? {source} : ''", "string", tight=False)


def _unknown(path: tuple[str, ...]) -> Unclear:
    expression = ".".join(path)
    return Unclear(
        WHY.get(path[0], "There is no `{expression}` here.").format(expression=expression)
    )


def _text(text: str) -> Value:
    return Value(quoted(text), "string", (text,))


def _outcome(done: Done, failure: str) -> Value:
    key = done.draft.key
    cases = {
        "success": state_in(key, "succeeded", "failed")
        if failure == "success"
        else state_in(key, "succeeded"),
        "failure": state_in(key, "failed") if failure == "failure" else "false",
        "skipped": state_in(key, "skipped", "blocked"),
        "cancelled": "false",
    }
    state = f"{member('steps', key)}.state"
    words = f"{{'succeeded': 'success', 'failed': '{failure}'}}"
    source = f"{state} in {words} ? {words}[{state}] : 'skipped'"
    return Value(source, "string", ("success", "failure", "skipped"), tight=False, cases=cases)
