"""What runs, is skipped, blocked or failed: the tables of docs/guides/workflows.md."""

COUNTS = {
    "succeeded": "done",
    "failed": "failed",
    "failed, on_failure: continue": "done",
    "failed, on_failure: STEP": "failed",
    "skipped": "left out",
    "blocked": "failed",
    "approval rejected": "failed",
    "approval rejected, on_failure: continue": "failed",
    "approval expired": "failed",
    "approval expired, on_failure: continue": "failed",
    "approval withdrawn": "failed",
}
"""How the end of a step counts for those that need it."""

TOGETHER = {
    ("done", "done"): "all done",
    ("done", "left out"): "one left out",
    ("left out", "left out"): "one left out",
    ("done", "failed"): "one failed",
    ("left out", "failed"): "one failed",
    ("failed", "failed"): "one failed",
}
"""How two needs count together, whichever of them ends first."""

CONDITIONS = {
    # of a step: its needs all done, one of them left out, one of them failed
    "none": ("runs", "skipped", "blocked"),
    "true": ("runs", "skipped", "blocked"),
    "false": ("skipped", "skipped", "blocked"),
    "success()": ("runs", "skipped", "blocked"),
    "always()": ("runs", "runs", "runs"),
    "always() && false": ("skipped", "skipped", "skipped"),
    "failure()": ("skipped", "skipped", "runs"),
    "failure() && false": ("skipped", "skipped", "skipped"),
    "failure() || success()": ("runs", "skipped", "runs"),
    "cannot be worked out": ("fails", "skipped", "blocked"),
    "no boolean": ("fails", "skipped", "blocked"),
    "always(), cannot be worked out": ("fails", "fails", "fails"),
}
"""What a step does, by its condition and by how its needs count together."""

STANDINGS = ("all done", "one left out", "one failed")

ON_FAILURE = {
    # what becomes of a step that needs it, of its handler, and of the run
    ("succeeded", "stop"): ("runs", "-", "succeeded"),
    ("succeeded", "continue"): ("runs", "-", "succeeded"),
    ("succeeded", "STEP"): ("runs", "skipped", "succeeded"),
    ("failed", "stop"): ("blocked", "-", "failed"),
    ("failed", "continue"): ("runs", "-", "succeeded"),
    ("failed", "STEP"): ("blocked", "runs", "failed"),
    ("skipped", "stop"): ("skipped", "-", "succeeded"),
    ("skipped", "continue"): ("skipped", "-", "succeeded"),
    ("skipped", "STEP"): ("skipped", "skipped", "succeeded"),
    ("blocked", "stop"): ("blocked", "-", "failed"),
    ("blocked", "continue"): ("blocked", "-", "failed"),
    ("blocked", "STEP"): ("blocked", "skipped", "failed"),
    ("approval rejected", "stop"): ("blocked", "-", "failed"),
    ("approval rejected", "continue"): ("blocked", "-", "failed"),
    ("approval rejected", "STEP"): ("blocked", "runs", "failed"),
    ("approval expired", "stop"): ("blocked", "-", "failed"),
    ("approval expired", "continue"): ("blocked", "-", "failed"),
    ("approval expired", "STEP"): ("blocked", "runs", "failed"),
}
"""What follows from the end of a step, by what its `on_failure` says."""

HANDLER = {
    # other needs of the handler, and its condition: what it does once what it handles has failed;
    # one that could never do anything can't be saved
    ("done", "none"): "runs",
    ("done", "true"): "runs",
    ("done", "false"): "skipped",
    ("done", "failure()"): "runs",
    ("done", "success()"): "never, and `check` says so",
    ("done", "cannot be worked out"): "fails",
    ("left out", "none"): "skipped",
    ("failed", "none"): "skipped",
    ("failed", "always()"): "skipped",
}
"""What a handler does after a failure, by its other needs and its condition."""

CANCEL = {
    "waiting": "cancelled",
    "due": "cancelled",
    "held": "cancelled",
    "ready": "cancelled",
    "working": "cancelled",
    "resting": "cancelled",
    "expanded": "cancelled",
    "succeeded": "succeeded",
    "skipped": "skipped",
    "failed": "failed",
    "blocked": "blocked",
}
"""How a step ends whose run is cancelled in that moment."""
