"""Imports workflow files of Argo."""

import re
from typing import Any

from missioncontrol.adapters.workflow_files.argo.graph import Layout, Source, bindings_of
from missioncontrol.adapters.workflow_files.argo.items import json_list
from missioncontrol.adapters.workflow_files.argo.leaves import seconds_in
from missioncontrol.adapters.workflow_files.argo.parts import Entry, Part, workflow_status
from missioncontrol.adapters.workflow_files.argo.texts import Parts, Scope
from missioncontrol.adapters.workflow_files.foreign.cel import Value, member
from missioncontrol.adapters.workflow_files.foreign.draft import (
    OVERLAPS,
    Draft,
    duration_text,
    schedule_command,
)
from missioncontrol.adapters.workflow_files.foreign.left_out import (
    LeftOut,
    NotUnderstood,
    clean_prose,
)
from missioncontrol.adapters.workflow_files.foreign.names import Names, workflow_name
from missioncontrol.adapters.workflow_files.foreign.nodes import Node, malformed
from missioncontrol.adapters.workflow_files.foreign.scripts import Filling
from missioncontrol.adapters.workflow_files.foreign.yaml_writer import Commented

_CLUSTER = "It tells a Kubernetes cluster how to run pods, and there is none here."
_FILES = "Files are not carried in and out of containers here; a step can keep `artifacts`."
_REASONS: dict[str, str] = {
    "image": "It runs on this machine, and not in the image {value}.",
    "imagePullPolicy": "It runs on this machine, and not in an image.",
    "imagePullSecrets": "It runs on this machine, and not in an image.",
    "workingDir": "It is a folder of the image; give the step a `cwd` of this machine.",
    "serviceAccountName": _CLUSTER,
    "volumes": _CLUSTER,
    "volumeClaimTemplates": _CLUSTER,
    "volumeMounts": _CLUSTER,
    "nodeSelector": _CLUSTER,
    "tolerations": _CLUSTER,
    "affinity": _CLUSTER,
    "podGC": _CLUSTER,
    "podSpecPatch": _CLUSTER,
    "securityContext": _CLUSTER,
    "resources": "A program takes what it needs of this machine.",
    "ttlStrategy": "Runs stay in the log.",
    "archiveLogs": "Output is always stored.",
    "artifacts": _FILES,
    "sidecars": "Only the main program is run.",
    "initContainers": "Only the main program is run; make it a step before.",
    "envFrom": "There is no cluster here that could provide variables.",
    "apiVersion": "It says which Argo reads the file.",
    "namespace": "There are no namespaces here.",
    "labels": "Workflows have no labels here.",
    "annotations": "Workflows have no annotations here.",
    "templateDefaults": "Each step needs its own setting here.",
    "continueOn": "Only a single step can be gone on from, and not a group of them.",
    "templateRef": "It stands in another file; import that one as well.",
    "workflowTemplateRef": "It stands in another file; import that one.",
    "hooks": "Only `onExit` has a counterpart here.",
    "failFast": "What does not need the failed step always goes on here.",
    "expression": "Its language is not that of conditions here.",
    "maxDuration": "The time of all tries is limited by `timeout: {{total: …}}` here.",
    "factor": "Waits are alike or double here.",
    "retryStrategy": "How often it is tried has to be a number here, as in `retry: 3`.",
    "parallelism": "Only a whole run, or the items of one step, can be limited here.",
    "startingDeadlineSeconds": "See `--window` of `mission schedule add`.",
    "suspend": "Pause a schedule with `mission schedule pause`.",
    "successfulJobsHistoryLimit": "Runs stay in the log.",
    "failedJobsHistoryLimit": "Runs stay in the log.",
    "http": "A request has to be made by a program here, such as curl.",
    "resource": "There is no Kubernetes cluster here.",
    "data": "There is no counterpart for this kind of template.",
    "plugin": "There is no counterpart for this kind of template.",
    "containerSet": "There is no counterpart for this kind of template.",
    "synchronization": "Only a mutex whose name is known before the run has a counterpart here.",
}
KIND = "argo"
CONCURRENCY_MAX = 10_000
KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
DESCRIPTION = "workflows.argoproj.io/description"
_WARNING = (
    "On Argo each step ran in a container of its own; here every command runs on this machine, "
    "with your rights and your programs. All steps say `risk: write`: read them, and raise what "
    "cannot be undone. Where Argo puts values into the text of a script, they come in as "
    "variables here, so that nothing in a value is ever run."
)


def recognises(root: Node) -> bool:
    """Whether a document is a workflow of Argo."""
    kind = root.get("kind")
    return kind is not None and kind.value in KINDS and root.get("spec") is not None


def import_workflow(root: Node, filename: str) -> tuple[str, tuple[NotUnderstood, ...]]:
    """Return the file as a workflow of ours, and what of it is not in there.

    Raises:
        Rejected: `import.malformed`, where Argo would refuse it as well; `import.too_large`.
    """
    # Which inputs are lists shows only where they are used, when all else was made of texts.
    lists: set[str] = set()
    while True:
        for node in root.below():
            node.fate = "unread"
        before = set(lists)
        made = _Import(root, filename, lists).made()
        if lists == before:
            return made


class _Import:
    """One pass over a file."""

    def __init__(self, root: Node, filename: str, lists: set[str]) -> None:
        self._root = root
        self._filename = filename
        self._lists = lists
        self._listing = LeftOut()
        self._draft = self._start_draft()
        self._names = Names()

    def made(self) -> tuple[str, tuple[NotUnderstood, ...]]:
        root, draft = self._root, self._draft
        outer = root.get("spec")
        spec = outer.get("workflowSpec") if outer is not None else None
        spec = spec or outer
        assert spec is not None, "it was recognised by it"
        for name in ("apiVersion", "kind"):
            known = root.get(name)
            if known is not None and known.is_scalar:
                known.carry()
        self._list_schedules(outer)
        inputs = self._read_inputs(spec)
        self._read_limits(spec)
        self._lay_out(spec, inputs)
        self._listing.sweep(root, reason_for)
        return draft.text(), self._listing.entries

    def _start_draft(self) -> Draft:
        root = self._root
        name_node = root.get("metadata", "name") or root.get("metadata", "generateName")
        text = name_node.carry().text if name_node is not None else ""
        draft = Draft(workflow_name(text, self._filename), origin="")
        shown = re.split(r"[/\\]", self._filename)[-1]
        kind = root.get("kind")
        known = kind.text if kind is not None else ""
        version = root.get("apiVersion")
        which = f" ({version.text})" if version is not None and version.is_scalar else ""
        draft.comments = [f"Imported from {shown}, a {known} of Argo{which}. {_WARNING}"]
        if text.rstrip("-") != draft.name:
            draft.comments.append(f"On Argo it was called {text or 'nothing'}.")
        elif text.endswith("-"):
            draft.comments.append(f"Argo made a name for each run from {text}.")
        description = root.get("metadata", "annotations")
        note = description.get(DESCRIPTION) if description is not None else None
        if note is not None:
            draft.description = clean_prose(note, self._listing)
        return draft

    def _list_schedules(self, outer: Node | None) -> None:
        if outer is None or outer.get("workflowSpec") is None:
            return
        zone, policy = outer.get("timezone"), outer.get("concurrencyPolicy")
        overlap = OVERLAPS.get(policy.text if policy is not None else "Allow", "")
        many = outer.get("schedules")
        schedules = [*(many.items if many is not None else ()), outer.get("schedule")]
        for node in schedules:
            if node is not None and node.is_text:
                command = schedule_command(
                    self._draft.name, node.text, zone.text if zone is not None else "", overlap
                )
                reason = "A schedule is no part of a workflow here. Save it, then run"
                self._listing.leave(node, f"{reason}: {command}")
        for node in (zone, policy):
            if node is not None:
                self._listing.leave(node, "It belongs to the schedule; see the command there.")

    # Inputs.

    def _read_inputs(self, spec: Node) -> dict[str, Value]:
        inputs: dict[str, Value] = {}
        names = Names()
        parameters = spec.get("arguments", "parameters")
        for entry in parameters.items if parameters is not None else ():
            name = entry.get("name")
            if name is None or not name.is_text or name.text in inputs:
                continue
            key = names.key(name.text)
            name.carry()
            spec_of, comments = self._input(entry, name.text)
            if key != name.text:
                comments.insert(0, f"On Argo this parameter was called {name.text}.")
            self._draft.inputs[key] = Commented(spec_of, tuple(comments))
            kind = "unknown" if name.text in self._lists else "string"
            inputs[name.text] = Value(member("inputs", key), kind)  # type: ignore[arg-type]
        return inputs

    def _input(self, entry: Node, name: str) -> tuple[dict[str, Any], list[str]]:
        found: dict[str, Any] = {"type": "list" if name in self._lists else "string"}
        comments: list[str] = []
        description, options = entry.get("description"), entry.get("enum")
        if description is not None and (text := clean_prose(description, self._listing)):
            found["description"] = text
        if options is not None and name not in self._lists and _are_texts(options):
            found["enum"] = list(dict.fromkeys(item.text for item in options.carry().items))
        value = entry.get("value") or entry.get("default")
        if value is None or not value.is_scalar:
            return found, comments
        if "${{" in value.text or value.text not in found.get("enum", [value.text]):
            self._listing.leave(value, "An input can't have this default.")
            return found, comments
        if name not in self._lists:
            found["default"] = value.carry().text
            return found, comments
        items = json_list(value.text)
        if items is None:
            self._listing.leave(value, "It is used as a list, and is none.")
        else:
            value.carry()
            found["default"] = items
            comments.append("On Argo it was a list in the form of JSON text.")
        return found, comments

    # Limits and steps.

    def _read_limits(self, spec: Node) -> None:
        deadline, most = spec.get("activeDeadlineSeconds"), spec.get("parallelism")
        seconds = seconds_in(deadline)
        if deadline is not None and seconds is not None:
            deadline.carry()
            self._draft.timeout = duration_text(seconds)
        places = most.whole if most is not None else None
        if most is not None and places is not None and 1 <= places <= CONCURRENCY_MAX:
            most.carry()
            self._draft.concurrency = places

    def _lay_out(self, spec: Node, inputs: dict[str, Value]) -> None:
        templates = self._templates(spec)
        source = Source(templates, inputs, self._names, self._listing, self._lists, self._draft)
        layout = Layout(source)
        main = self._lay_out_named(spec, "entrypoint", layout, source, Entry())
        if main is not None:
            self._lay_out_exit(spec, layout, source, main)

    def _templates(self, spec: Node) -> dict[str, Node]:
        found: dict[str, Node] = {}
        listed = spec.get("templates")
        for node in listed.items if listed is not None else ():
            name = node.get("name")
            if name is not None and name.is_text:
                found.setdefault(name.text, node)
        entry = spec.get("entrypoint")
        if not found or entry is None or entry.text not in found:
            line = (entry or listed or spec).line
            raise malformed(self._filename, line, "its `entrypoint` names no template of this file")
        return found

    def _lay_out_named(
        self,
        spec: Node,
        role: str,
        layout: Layout,
        source: Source,
        entry: Entry,
        status: Value | None = None,
    ) -> Part | None:
        """Lay out the template that `role` names; `status` is that of what came before it."""
        named = spec.get(role)
        if named is None or named.text not in source.templates:
            return None
        node = source.templates[named.carry().text]
        scope = Scope(source.inputs, self._listing, status=status)
        given: dict[str, Parts] = {
            name: [Filling(f"workflow.parameters.{name}", value)]
            for name, value in source.inputs.items()
        }
        outside = Scope(source.inputs, self._listing)
        scope.bound = bindings_of(node, given, outside)
        key = source.names.key(named.text)
        return layout.lay_out(node, key, scope, entry, inner=role != "entrypoint")

    def _lay_out_exit(self, spec: Node, layout: Layout, source: Source, main: Part) -> None:
        entry = Entry(main.ends, "always()")
        status = workflow_status(main)
        part = self._lay_out_named(spec, "onExit", layout, source, entry, status)
        if part is not None:
            part.start.remark("It runs whatever came before ended with, except after a cancel.")


def _are_texts(node: Node) -> bool:
    return bool(node.items) and all(item.is_scalar for item in node.items)


def reason_for(node: Node) -> str:
    """Return why `node`, a topmost unread one, is left out."""
    if re.fullmatch(r"spec(\.workflowSpec)?\.templates\[\d+\]", node.path):
        return "Nothing that begins at the entrypoint uses this template."
    if re.search(r"(inputs|arguments)\.parameters(\[|$)", node.path):
        return "No step that was carried over makes use of it."
    place: Node | None = node
    while place is not None and place.parent is not None:
        reason = _REASONS.get(str(place.name))
        if reason is not None:
            return reason.format(value=node.text or "of the container")
        place = place.parent
    return "There is no counterpart for this key, or for this value of it."
