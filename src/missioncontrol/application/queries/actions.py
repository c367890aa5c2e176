"""The actions of the command palette: what each is called, asks for, needs and does."""

import msgspec

from missioncontrol.domain.permission import Permission


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that an action can be done to."""

    value: str
    title: str
    detail: str = ""
    state: str = ""
    fields: dict[str, str] = {}  # sent along: what it is bound to


class Argument(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an action asks for: one of `choices` by its name, or a text where there are none."""

    name: str
    label: str
    choices: str = ""  # a key of `Palette.choices`
    optional: bool = False


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to be done: exactly one of `href`, `post` and `opens` says how.

    `{run}` in an address stands for the argument of that name; what no address takes is the body.
    """

    id: str
    title: str
    group: str
    icon: str
    href: str = ""
    post: str = ""  # a route of the API
    opens: str = ""  # a dialog of the page
    arguments: tuple[Argument, ...] = ()
    sure: str = ""  # asked before; `{title}` stands for what was chosen
    words: str = ""  # by which it is found too
    needs: Permission = "read"


def _of(kind: str, label: str = "") -> Argument:
    return Argument(kind, label or kind.capitalize(), choices=kind)


_WHY = Argument("reason", "Why", optional=True)
_SAID = Argument("reason", "Reason, for the record")
_WAITING = Argument("approval", "Approval", choices="approval")

ACTIONS = (
    Action("open.run", "Open run", "Go to", "runs", "/runs/{run}", arguments=(_of("run"),)),
    Action(
        "open.mission",
        "Open mission",
        "Go to",
        "missions",
        "/missions/{mission}",
        arguments=(_of("mission"),),
    ),
    Action(
        "open.workflow",
        "Open workflow",
        "Go to",
        "workflows",
        "/workflows/{workflow}",
        arguments=(_of("workflow"),),
    ),
    Action(
        "open.agent", "Open agent", "Go to", "agents", "/agents/{agent}", arguments=(_of("agent"),)
    ),
    Action(
        "open.schedule",
        "Open schedule",
        "Go to",
        "schedules",
        "/schedules/{schedule}",
        arguments=(_of("schedule"),),
    ),
    Action(
        "open.logs",
        "Open logs of a run",
        "Go to",
        "logs",
        "/logs?run={run}",
        arguments=(_of("run"),),
        words="output tail",
    ),
    Action(
        "open.events",
        "Open events of a run",
        "Go to",
        "events",
        "/events?run={run}",
        arguments=(_of("run"),),
    ),
    Action(
        "replay.run",
        "Replay a run",
        "Go to",
        "prev",
        "/runs/{run}/replay",
        arguments=(_of("run"),),
        words="history past scrub",
    ),
    Action(
        "compare.runs",
        "Compare two runs",
        "Go to",
        "diff",
        "/runs/compare?a={a}&b={b}",
        arguments=(
            Argument("a", "First run", choices="run"),
            Argument("b", "Second run", choices="run"),
        ),
    ),
    Action(
        "search",
        "Search everywhere",
        "Go to",
        "search",
        "/search?q={q}",
        arguments=(Argument("q", "Words"),),
        words="find logs events missions",
    ),
    Action(
        "new.mission",
        "New mission",
        "Begin",
        "plus",
        "/missions/new",
        needs="operate",
        words="create goal plan",
    ),
    Action(
        "start.workflow",
        "Start workflow",
        "Begin",
        "play",
        "/workflows/{workflow}/start",
        arguments=(_of("workflow"),),
        needs="operate",
        words="run begin",
    ),
    Action(
        "new.workflow",
        "New workflow",
        "Begin",
        "plus",
        "/workflows/new",
        needs="operate",
        words="create",
    ),
    Action(
        "run.schedule",
        "Run schedule now",
        "Begin",
        "schedules",
        post="/schedules/{schedule}/run",
        arguments=(_of("schedule"), _WHY),
        needs="operate",
        words="fire trigger",
    ),
    Action(
        "approve",
        "Approve",
        "Decide",
        "check",
        post="/approvals/{approval}/approve",
        arguments=(_WAITING, _SAID),
        sure="Approve {title}?",
        needs="approve",
        words="yes agree allow",
    ),
    Action(
        "reject",
        "Reject",
        "Decide",
        "close",
        post="/approvals/{approval}/reject",
        arguments=(_WAITING, _SAID),
        sure="Reject {title}? Its step fails.",
        needs="approve",
        words="no deny",
    ),
    Action(
        "open.approval",
        "Look at an approval",
        "Decide",
        "approvals",
        "/approvals/{approval}",
        arguments=(_WAITING,),
    ),
    Action(
        "cancel.run",
        "Cancel run",
        "Change",
        "stop",
        post="/runs/{live}/cancel",
        arguments=(_of("live", "Run"), _WHY),
        sure="Cancel {title}? What is at work is ended.",
        needs="operate",
        words="stop end abort",
    ),
    Action(
        "resume.run",
        "Resume run",
        "Change",
        "play",
        post="/runs/{halted}/resume",
        arguments=(_of("halted", "Run"),),
        needs="operate",
        words="continue unhalt",
    ),
    Action(
        "retry.run",
        "Retry run",
        "Change",
        "retry",
        post="/runs/{failed}/retry",
        arguments=(_of("failed", "Run"),),
        needs="operate",
        words="again repeat",
    ),
    Action(
        "pause.schedule",
        "Pause schedule",
        "Change",
        "pause",
        post="/schedules/{active}/pause",
        arguments=(_of("active", "Schedule"), _WHY),
        needs="operate",
    ),
    Action(
        "resume.schedule",
        "Resume schedule",
        "Change",
        "play",
        post="/schedules/{paused}/resume",
        arguments=(_of("paused", "Schedule"), _WHY),
        needs="operate",
    ),
    Action(
        "pause.agent",
        "Pause agent",
        "Change",
        "pause",
        post="/agents/{agent}/pause",
        arguments=(_of("agent"), _WHY),
        needs="govern",
        words="drain",
    ),
    Action(
        "start.agent",
        "Start agent",
        "Change",
        "play",
        post="/agents/{agent}/start",
        arguments=(_of("agent"), _WHY),
        needs="govern",
        words="resume",
    ),
    Action(
        "stop.agent",
        "Stop agent",
        "Change",
        "stop",
        post="/agents/{agent}/stop",
        arguments=(_of("agent"), _WHY),
        sure="Stop {title}? What it works on is interrupted.",
        needs="govern",
    ),
    Action(
        "stop.all",
        "Stop everything",
        "Change",
        "stop",
        opens="stop-all",
        needs="stop",
        words="emergency halt kill all",
    ),
    Action("keys", "Keyboard shortcuts", "This browser", "bolt", opens="keys", words="help"),
)
"""Every action but the places of the navigation, which a page knows itself."""
