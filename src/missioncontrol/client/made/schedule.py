"""The schedule methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Mapping
from typing import Any

from missioncontrol.application.queries.schedules import Preview, ScheduleDetail, ScheduleView
from missioncontrol.application.schedules import ScheduledRun
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.domain.schedule.events import Policy

POLICY = Policy(misfire="skip", catch_up=0, window_seconds=0.0, overlap="skip", jitter_seconds=0.0)


class ScheduleRequests(Resource[L]):
    """Requests of the operations and queries of schedule."""

    @listed
    def list(self, *, removed: bool = False) -> Pages[ScheduleView]:
        """List schedules by name, each with its next slot, its last run and its success rate."""
        return requests.pages("schedule.list", {"removed": removed})

    @requested
    def get(self, name: str, *, limit: int = 50) -> Call[ScheduleDetail]:
        """Return a schedule with its next ten slots and what became of the ones before."""
        return requests.item("schedule.get", name, {"limit": limit})

    @requested
    def preview(self, cron: str, *, zone: str = "UTC") -> Call[Preview]:
        """Return the next ten slots of a cron expression in a zone.

        Each says what daylight saving does to it.
        """
        return requests.item("schedule.preview", "", {"cron": cron, "zone": zone})

    @requested
    def add(
        self,
        name: str,
        workflow: str,
        cron: str,
        reason: str = "",
        *,
        zone: str = "UTC",
        version: int | None = None,
        inputs: Mapping[str, Any] = {},
        policy: Policy = POLICY,
        key: str = "",
    ) -> Call[ScheduleDetail]:
        """Start a workflow by the clock from now on; its first slot is the next one."""
        return requests.operation(
            "schedule.add",
            "",
            {
                "name": name,
                "workflow": workflow,
                "cron": cron,
                "zone": zone,
                "version": version,
                "inputs": inputs,
                "policy": policy,
                "reason": reason,
            },
            key=key,
        )

    @requested
    def change(
        self,
        name: str,
        workflow: str,
        cron: str,
        reason: str = "",
        *,
        zone: str = "UTC",
        version: int | None = None,
        inputs: Mapping[str, Any] = {},
        policy: Policy = POLICY,
        key: str = "",
        if_match: str = "",
    ) -> Call[ScheduleDetail]:
        """Change what a schedule starts, or when, in the name of the user who changes it."""
        return requests.operation(
            "schedule.change",
            name,
            {
                "workflow": workflow,
                "cron": cron,
                "zone": zone,
                "version": version,
                "inputs": inputs,
                "policy": policy,
                "reason": reason,
            },
            key=key,
            if_match=if_match,
        )

    @requested
    def pause(self, name: str, reason: str = "", *, key: str = "") -> Call[ScheduleDetail]:
        """Fire no slot until the schedule is resumed; runs in flight go on."""
        return requests.operation("schedule.pause", name, {"reason": reason}, key=key)

    @requested
    def resume(self, name: str, reason: str = "", *, key: str = "") -> Call[ScheduleDetail]:
        """Fire slots again from now on; those that were due during the pause are skipped."""
        return requests.operation("schedule.resume", name, {"reason": reason}, key=key)

    @requested
    def skip(
        self, name: str, slot: float, reason: str = "", *, key: str = ""
    ) -> Call[ScheduleDetail]:
        """Skip the next slot without a run."""
        return requests.operation("schedule.skip", name, {"slot": slot, "reason": reason}, key=key)

    @requested
    def run(
        self, name: str, reason: str = "", *, force: bool = False, key: str = ""
    ) -> Call[ScheduledRun]:
        """Start a run of it now, also while it is paused."""
        return requests.operation("schedule.run", name, {"reason": reason, "force": force}, key=key)

    @requested
    def remove(
        self, name: str, reason: str = "", *, key: str = "", if_match: str = ""
    ) -> Call[None]:
        """End a schedule.

        Its runs go on, and what it did stays readable.
        """
        return requests.operation(
            "schedule.remove", name, {"reason": reason}, key=key, if_match=if_match
        )
