"""Why a key of an Argo workflow is not carried over."""

import re

from missioncontrol.adapters.workflow_files.foreign.nodes import Node

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
