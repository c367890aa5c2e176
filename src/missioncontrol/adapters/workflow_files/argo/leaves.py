"""Imports an Argo template with a container or a script as a program to run."""

import re

import msgspec

from missioncontrol.adapters.workflow_files.argo.texts import (
    Parts,
    Scope,
    line_in,
    list_lost_values,
    template_of,
    unclear_in,
)
from missioncontrol.adapters.workflow_files.foreign.cel import template
from missioncontrol.adapters.workflow_files.foreign.draft import StepDraft, duration_text
from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.foreign.scripts import (
    REFUSED_NAME,
    SCRIPT_BYTES_MAX,
    SHELLS,
    carried,
    guarded,
    is_secret_name,
)

KEY_MAX = 300
_SCRIPT_FLAGS = {"node": "-e", "ruby": "-e", "perl": "-e"}
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Leaf(msgspec.Struct):
    """One use of such a template, while it is read."""

    draft: StepDraft
    scope: Scope
    listing: LeftOut
    lost: dict[str, str] = {}  # variables that have no value, and what they held


def read_leaf(template_node: Node, key: str, scope: Scope, listing: LeftOut) -> StepDraft:
    """Return the step that does what the template does, or one that waits where that is unclear."""
    leaf = Leaf(StepDraft(key, []), scope, listing)
    script, container = template_node.get("script"), template_node.get("container")
    suspend = template_node.get("suspend")
    if script is not None:
        _read_environment(leaf, script)
        _read_script(leaf, script)
    elif container is not None:
        _read_environment(leaf, container)
        _read_container(leaf, container)
    elif suspend is not None:
        _read_suspend(leaf, suspend)
    if not leaf.draft.argv:
        leaf.draft.argv = ["true"]
        leaf.draft.hold("What it does could not be carried over; this keeps its place.")
    _read_limits(leaf, template_node)
    return leaf.draft


def seconds_in(node: Node | None) -> float | None:
    """Return a duration of Argo: a number of seconds, or such as `2m30s`; None where it is none."""
    text = node.text if node is not None else ""
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return total if 0 < total < 1e9 else None


# Variables.


def _read_environment(leaf: Leaf, holder: Node) -> None:
    variables = holder.get("env")
    for entry in variables.items if variables is not None else ():
        name, value = entry.get("name"), entry.get("value")
        if name is None or not name.is_text:
            continue
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name.text) or name.text[:8] == "MISSION_":
            leaf.listing.leave(entry, "A command can't be given a variable of this name.")
        elif value is None or not value.is_scalar:
            _lose(leaf, entry, name.text, "Its value comes from the cluster, which is not here.")
        else:
            _read_variable(leaf, entry, name, value)


def _read_variable(leaf: Leaf, entry: Node, name: Node, value: Node) -> None:
    parts = leaf.scope.filled(value.text)
    lost = unclear_in(parts)
    if lost is not None:
        _lose(leaf, entry, name.text, lost.why)
    elif is_secret_name(name.text):
        _lose(leaf, entry, name.text, REFUSED_NAME)
    elif re.search(r"\$\([A-Za-z_]", value.text):
        _lose(
            leaf,
            entry,
            name.text,
            "Kubernetes inserts other variables into it, which does not happen here.",
        )
    else:
        name.carry()
        list_lost_values(parts, value.carry(), leaf.listing)
        leaf.draft.env[name.text] = template_of(parts)


def _lose(leaf: Leaf, entry: Node, name: str, why: str) -> None:
    leaf.listing.leave(entry, why)
    leaf.lost[name] = f"variable {name}"


# Programs.


def _read_container(leaf: Leaf, container: Node) -> None:
    command, args = container.get("command"), container.get("args")
    words = [*_words_of(command), *_words_of(args)]
    if not _words_of(command):
        reason = "What it runs by itself is known to its image only; name a `command`."
        for node in (command, args):
            if node is not None:
                leaf.listing.leave(node, reason)
        return
    at = _script_in(words)
    interpreter = _name_of(words[0].text)
    for number, word in enumerate(words):
        if number == at:
            _put_script(leaf, interpreter, word)
        else:
            _put_word(leaf, word)
    if leaf.lost and (at < 0 or interpreter not in SHELLS):
        leaf.draft.hold(f"It had variables that are not here: {', '.join(leaf.lost)}.")


def _words_of(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return [item for item in node.items if item.is_scalar]


def _script_in(words: list[Node]) -> int:
    """Return which word is a script that a shell or an interpreter is given, or -1."""
    name = _name_of(words[0].text)
    if name not in SHELLS and not name.startswith("python"):
        return -1
    for number, word in enumerate(words[1:], 1):
        if re.fullmatch(r"-[a-z]*c", word.text):
            return number + 1 if number + 1 < len(words) else -1
        if not word.text.startswith("-") and word.text not in ("pipefail", "errexit"):
            return -1
    return -1


def _name_of(command: str) -> str:
    return command.rpartition("/")[2]


def _put_word(leaf: Leaf, word: Node) -> None:
    parts = leaf.scope.filled(word.text)
    list_lost_values(parts, word.carry(), leaf.listing)
    lost = unclear_in(parts)
    if lost is not None:
        leaf.listing.note(word, lost.why)
        leaf.draft.hold(f"`{lost.expression}` in its arguments has no value here.")
        parts = [
            part if isinstance(part, str) or part.value else f"<{part.expression}>"
            for part in parts
        ]
    names = re.findall(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", word.text)
    if any(name in leaf.draft.env or name in leaf.lost for name in names):
        leaf.listing.note(word, "Kubernetes inserts variables into it, which does not happen here.")
        leaf.draft.hold("Its arguments name variables as `$(NAME)`.")
    leaf.draft.argv.append(template_of(parts))


def _read_script(leaf: Leaf, script: Node) -> None:
    source, command = script.get("source"), script.get("command")
    words = _words_of(command)
    name = _name_of(words[0].text) if words else ""
    flag = "-c" if name in SHELLS or name.startswith("python") else _SCRIPT_FLAGS.get(name)
    if source is None or not source.is_text or flag is None:
        reason = f"How {name or 'its image'} is given a script is not known here."
        for node in (source, command):
            if node is not None:
                leaf.listing.leave(node, reason)
        return
    for word in words:
        _put_word(leaf, word)
    leaf.draft.argv.append(flag)
    _put_script(leaf, name, source)


def _put_script(leaf: Leaf, interpreter: str, node: Node) -> None:
    draft = leaf.draft
    if len(node.text.encode("utf-8", "replace")) > SCRIPT_BYTES_MAX:
        leaf.listing.leave(node, "It is longer than an argument of a program may be.")
        draft.argv.append("")
        draft.hold("Its script is too long to be an argument.")
        return
    parts = leaf.scope.filled(node.text)
    script = carried(parts, interpreter, {**draft.env, **dict.fromkeys(leaf.lost, "")})
    for trouble in script.troubles:
        leaf.listing.note(node, trouble.reason, line_in(node, trouble.offset))
    guarded(script, interpreter, leaf.lost)
    list_lost_values(parts, node.carry(), leaf.listing)
    if script.variables:
        came = (f"`{expression}` as {name}" for expression, name in script.variables.items())
        draft.remark(f"Values come in as variables: {', '.join(came)}.")
    if leaf.lost and interpreter in SHELLS:
        draft.remark(f"It ends at once while these are not set: {', '.join(leaf.lost)}.")
    if not script.runs:
        draft.hold("Its script can't be run as it is; see the list of the import.")
    draft.env |= script.env
    draft.argv.append(template([script.text]))


def _read_suspend(leaf: Leaf, suspend: Node) -> None:
    duration = suspend.get("duration")
    seconds = seconds_in(duration)
    if duration is not None and seconds is not None:
        duration.carry()
        leaf.draft.argv = ["sleep", f"{seconds:g}"]
        leaf.draft.remark("On Argo a person could end this wait early.")
    elif not suspend.value:
        suspend.carry()
        leaf.draft.argv = ["true"]
        leaf.draft.asks = True
        leaf.draft.remark(
            "On Argo the workflow waited here until it was resumed. Here a person other than "
            "the author of the run has to approve; a rejection fails the step."
        )


# Limits.


def _read_limits(leaf: Leaf, node: Node) -> None:
    limits = [node.get("activeDeadlineSeconds"), node.get("timeout")]
    found = {each: seconds_in(each) for each in limits if each is not None}
    known = {each: seconds for each, seconds in found.items() if seconds is not None}
    if known:
        least = min(known, key=lambda each: known[each])
        leaf.draft.timeout = duration_text(known[least])
        least.carry()
    _read_retry(leaf, node.get("retryStrategy"))
    _read_mutex(leaf, node)


def _read_retry(leaf: Leaf, retry: Node | None) -> None:
    limit = retry.get("limit") if retry is not None else None
    if retry is None or limit is None or not re.fullmatch("[0-9]+", limit.text):
        return
    attempts = int(limit.text) + 1
    if not 2 <= attempts <= 100:
        return
    limit.carry()
    leaf.draft.retry = {"attempts": attempts}
    wait, factor = retry.get("backoff", "duration"), retry.get("backoff", "factor")
    seconds = seconds_in(wait)
    if wait is not None and seconds is not None:
        wait.carry()
        doubles = factor is not None and factor.text == "2"
        if factor is not None and factor.text in ("1", "2"):
            factor.carry()
        leaf.draft.retry |= {
            "backoff": "exponential" if doubles else "fixed",
            "wait": duration_text(seconds),
            # Without it a wait is cut at a minute; Argo has no such limit.
            "max_wait": duration_text(max(seconds, 86_400.0 if doubles else 0.0)),
        }
    policy = retry.get("retryPolicy")
    if policy is not None and policy.value in ("Always", "OnFailure"):
        policy.carry()


def _read_mutex(leaf: Leaf, node: Node) -> None:
    mutex = node.get("synchronization", "mutex", "name")
    if mutex is not None and mutex.is_text:
        parts: Parts = leaf.scope.filled(mutex.text)
        slot = template_of(parts)
        if unclear_in(parts) is None and len(slot) <= KEY_MAX:
            mutex.carry()
            leaf.draft.slot = slot
