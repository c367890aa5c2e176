"""The command that makes a schedule here, as it is told to those who had one elsewhere."""

import shlex

OVERLAPS = {"Forbid": "skip", "Replace": "cancel", "Allow": "allow"}
"""The policies of Argo for a slot that comes while the last run is still at work."""


def schedule_command(workflow: str, cron: str, zone: str, overlap: str = "") -> str:
    """Return the command line for `cron` in `zone`."""
    words = ["mission", "schedule", "add", workflow, "--workflow", workflow, "--cron", cron]
    words += ["--timezone", zone] if zone not in ("", "UTC") else []
    return shlex.join([*words, "--overlap", overlap] if overlap else words)
