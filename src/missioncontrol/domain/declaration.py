"""An agent as it is declared: who does the work, how it is reached, and what it may do."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from missioncontrol.domain.agent import ANYTHING, OBJECT, AgentCard, Shape, tier
from missioncontrol.domain.bounds import Bounds, texts_in
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Amount, Risk, Spending

NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
CAPABILITY = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,126}")
"""As steps can ask for it."""

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CAPABILITIES_MAX = 200
SCALE_MAX = 1_000
HERE = "here"
RISKS: tuple[Risk, ...] = ("read", "write", "irreversible")


class Capability(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that an agent can be asked to do."""

    name: str
    inputs: Shape = OBJECT
    output: Shape = ANYTHING


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one attempt of the agent may take at most, whatever its step says; 0 is no limit."""

    seconds_max: float = 0.0
    turns_max: int = 0  # model calls, or rounds of a tool that only counts those
    input_tokens: int = 0  # both together are its worst case, reserved before it starts …
    output_tokens: int = 0
    by_call: bool = False  # … unless every model call is admitted by itself


class Declaration(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole declaration of an agent."""

    name: str
    kind: str  # the adapter: model, codex, claude, acp, command, http, mcp, a2a, person, worker …
    settings: dict[str, Any] = {}  # as the kind reads them: program, url, tool …
    description: str = ""
    capabilities: tuple[Capability, ...] = ()
    inputs: Shape = OBJECT  # of a step that names the agent and no capability
    output: Shape = ANYTHING
    effects: tuple[str, ...] = ()  # what its work does to the world; empty: as its kind says
    model: str = ""
    location: str = HERE  # or the name of a worker
    scale: int = 1  # attempts at once
    limits: Limits = Limits()
    risks: tuple[Risk, ...] = RISKS  # tiers of steps that it may do
    paths: tuple[str, ...] = ()  # directories that its steps may name; empty: any
    environment: tuple[str, ...] = ()  # variables that it sees besides the harmless ones
    secrets: dict[str, str] = {}  # variable that it sees → name in the store of secrets
    budget: Amount | None = None  # of all its work together
    heartbeat_seconds_max: float = 0.0  # silence allowed in an attempt; 0: as its step says

    @property
    def spending(self) -> Spending | None:
        """The most that one attempt can use; None where it uses no model that we know of."""
        most = self.limits
        if not (self.model or most.input_tokens or most.output_tokens or most.by_call):
            return None
        return Spending(self.model, most.input_tokens, most.output_tokens, most.by_call)


def card_of(declared: Declaration, version: str = "") -> AgentCard:
    """Return the declared agent as those who write workflows know it."""
    return AgentCard(
        name=declared.name,
        version=version,
        kind=declared.kind,
        capabilities=tuple(each.name for each in declared.capabilities),
        description=declared.description,
        inputs=declared.inputs,
        output=declared.output,
        risk=tier(declared.effects),
        effects=declared.effects,
        spending=declared.spending,
    )


def as_declared(given: Declaration) -> Declaration:
    """Return a declaration as the log will tell it again.

    Packages write declarations in Python, where nothing keeps a number from being a text. An event
    that holds one could be written and never be read.

    Raises:
        Rejected: `agent.malformed`.
    """
    try:
        return msgspec.json.decode(msgspec.json.encode(given), type=Declaration)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Rejected(
            "agent.malformed",
            f"Declaration of agent {str(getattr(given, 'name', given))[:80]!r} can't be saved: "
            f"{error}.",
            hint="Give texts, numbers, lists and tables, each as `Declaration` names it.",
        ) from None


def refuse_bad_declaration(declared: Declaration) -> None:
    """Refuse what can't be an agent.

    Raises:
        Rejected: `agent.bad_name`, `agent.bad_scale`, `agent.bad_limit`, `agent.bad_path`,
            `agent.bad_variable`, `agent.bad_capability`, `agent.bad_location`, `agent.no_risk` or
            `effect.unknown`, naming the agent.
    """
    name = declared.name
    if not NAME.fullmatch(name):
        raise Rejected(
            "agent.bad_name",
            f"{name[:80]!r} cannot be the name of an agent.",
            hint="Names are small letters, digits, `-` and `_`, begin with a letter and have at "
            "most 60 characters.",
        )
    refuse_bad_scale(name, declared.scale)
    for field, value in (
        ("limits.seconds_max", declared.limits.seconds_max),
        ("limits.turns_max", declared.limits.turns_max),
        ("limits.input_tokens", declared.limits.input_tokens),
        ("limits.output_tokens", declared.limits.output_tokens),
        ("heartbeat_seconds_max", declared.heartbeat_seconds_max),
    ):
        if not 0 <= value < math.inf:
            raise Rejected(
                "agent.bad_limit",
                f"Agent {name!r} sets {field} to {value}; it must be a finite number, 0 or more.",
                hint="Change the limit; 0 is none.",
            )
    if not declared.risks:
        raise Rejected(
            "agent.no_risk",
            f"Agent {name!r} may do steps of no risk tier, so it could do nothing.",
            hint="Name one or more of read, write and irreversible.",
        )
    for path in declared.paths:
        if not path.startswith("/"):
            raise Rejected(
                "agent.bad_path",
                f"Agent {name!r} names the directory {path!r}, which is a relative path.",
                hint="Give its absolute path.",
            )
    _refuse_bad_variables(declared)
    _refuse_bad_capabilities(declared)
    if not NAME.fullmatch(declared.location):
        raise Rejected(
            "agent.bad_location",
            f"Agent {name!r} is at {declared.location[:80]!r}, which is no name of a worker.",
            hint="`mission worker list` names the workers; `here` is this machine.",
        )
    try:
        tier(declared.effects)
    except Rejected as fault:
        raise Rejected(fault.code, f"Agent {name!r}: {fault.reason}", hint=fault.hint) from None


def _refuse_bad_variables(declared: Declaration) -> None:
    for variable in (*declared.environment, *declared.secrets):
        if not VARIABLE.fullmatch(variable):
            raise Rejected(
                "agent.bad_variable",
                f"Agent {declared.name!r} names {variable[:80]!r}, which is no variable.",
                hint="Variables are letters, digits and `_`, and begin with no digit.",
            )
    for variable, secret in declared.secrets.items():
        if not secret:
            raise Rejected(
                "agent.bad_variable",
                f"Agent {declared.name!r} names no secret for the variable {variable!r}.",
                hint="Write the name of the secret there, never its value.",
            )


def _refuse_bad_capabilities(declared: Declaration) -> None:
    names = [each.name for each in declared.capabilities]
    for name in names:
        if not CAPABILITY.fullmatch(name) or names.count(name) > 1:
            fault = "twice" if CAPABILITY.fullmatch(name) else "which no step could ask for"
            raise Rejected(
                "agent.bad_capability",
                f"Agent {declared.name!r} declares the capability {name[:80]!r}, {fault}.",
                hint="Names are letters, digits and `_.:/-`, begin with a letter or `_`, and stand "
                "there once.",
            )
    if len(names) > CAPABILITIES_MAX:
        raise Rejected(
            "agent.bad_capability",
            f"Agent {declared.name!r} declares {len(names):,} capabilities.",
            hint=f"It has {CAPABILITIES_MAX} at most.",
        )


def tightened(one: float, other: float) -> float:
    """Return the tighter of two limits in seconds; 0 is no limit."""
    return min(one, other) if one and other else one or other


def refuse_outside(
    declared: Declaration,
    risk: Risk,
    inputs: Mapping[str, Any],
    shape: Shape,
    real: Callable[[str], str],
) -> None:
    """Refuse a step that the agent must not do.

    `shape` tells which inputs are paths. Those, and texts that are written as paths, must lie in
    one of the directories that the agent may work in, however deep in the inputs they stand.
    `real` follows the links of an absolute path, as `os.path.realpath` does.

    Raises:
        Rejected: `agent.risk_not_allowed` or `agent.outside`.
    """
    if risk not in declared.risks:
        raise Rejected(
            "agent.risk_not_allowed",
            f"The step is of tier {risk}, and agent {declared.name!r} may do only "
            f"{' and '.join(declared.risks)}.",
            hint="Choose another agent, or declare the agent for that tier.",
        )
    if not declared.paths:
        return
    bounds = Bounds(declared.paths, real)
    for place, text, is_path in texts_in(inputs, shape):
        if fault := bounds.fault(text, is_path=is_path):
            raise Rejected(
                "agent.outside",
                f"The input {place[:200]!r} is {text[:200]!r}, {fault}; agent {declared.name!r} "
                f"may work only in {', '.join(declared.paths)}.",
                hint="Give a whole path there, or declare the agent with `--path`.",
            )


def refuse_bad_scale(name: str, scale: int) -> None:
    """Refuse a number of attempts at once that can't be.

    Raises:
        Rejected: `agent.bad_scale`.
    """
    if not 0 <= scale <= SCALE_MAX:
        raise Rejected(
            "agent.bad_scale",
            f"Agent {name!r} cannot work on {scale} steps at once.",
            hint=f"Its scale is 0 to {SCALE_MAX:,}; `mission agent drain` stops it cleanly.",
        )
