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
    is_number: bool = False


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
    method: str = "POST"
    then: str = ""  # a page to go to when it is done
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


def _setting(name: str, title: str, needs: Permission = "read", words: str = "") -> Action:
    href = f"/settings/{name}"
    return Action(f"set.{name}", title, "Settings", "settings", href, needs=needs, words=words)


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
        "open.question",
        "Answer a question",
        "Decide",
        "approvals",
        "/questions/{question}",
        arguments=(_of("question"),),
        needs="approve",
        words="reply",
    ),
    Action(
        "get.logs",
        "Download logs of a run",
        "Go to",
        "download",
        "/api/v1/logs/download?run={run}",
        arguments=(_of("run"),),
        words="output export save",
    ),
    Action(
        "find.logs",
        "Search logs",
        "Go to",
        "logs",
        "/logs?text={text}",
        arguments=(Argument("text", "Words in a line"),),
        words="output find grep",
    ),
    Action(
        "find.events",
        "Search events",
        "Go to",
        "events",
        "/events?text={text}",
        arguments=(Argument("text", "Words in an event"),),
        words="record find history",
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
        "new.schedule",
        "New schedule",
        "Begin",
        "plus",
        "/schedules/new",
        needs="operate",
        words="create add cron",
    ),
    Action(
        "new.agent",
        "New agent",
        "Begin",
        "plus",
        "/agents/new",
        needs="govern",
        words="create add declare",
    ),
    Action(
        "edit.workflow",
        "Edit workflow",
        "Begin",
        "workflows",
        "/workflows/{workflow}/edit",
        arguments=(_of("workflow"),),
        needs="operate",
        words="change builder",
    ),
    Action(
        "run.mission",
        "Carry a plan out",
        "Begin",
        "play",
        post="/missions/{planned}/run",
        arguments=(_of("planned", "Mission"),),
        needs="operate",
        words="run execute mission start",
        then="/missions/{planned}",
    ),
    Action(
        "verify",
        "Verify the log",
        "Begin",
        "check",
        post="/audit/verification",
        needs="audit",
        words="audit check chain",
        then="/audit",
    ),
    Action(
        "export.log",
        "Export the log",
        "Begin",
        "download",
        "/api/v1/audit/export",
        needs="audit",
        words="audit download save",
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
        "delegate",
        "Let somebody else decide",
        "Decide",
        "user",
        post="/approvals/{approval}/delegate",
        arguments=(_WAITING, Argument("to", "Who"), _SAID),
        needs="approve",
        words="delegate hand on",
    ),
    Action(
        "withdraw",
        "Take an approval back",
        "Decide",
        "close",
        post="/approvals/{own}/withdraw",
        arguments=(_of("own", "Approval"), _SAID),
        sure="Take {title} back? Its step fails.",
        needs="operate",
        words="withdraw",
    ),
    Action(
        "cancel.mission",
        "Cancel mission",
        "Change",
        "stop",
        post="/missions/{begun}/cancel",
        arguments=(_of("begun", "Mission"), _WHY),
        sure="Cancel {title}? What is at work is ended.",
        needs="operate",
        words="stop end abort",
    ),
    Action(
        "retry.mission",
        "Retry mission",
        "Change",
        "retry",
        post="/missions/{over}/retry",
        arguments=(_of("over", "Mission"),),
        needs="operate",
        words="again repeat",
        then="/missions/{over}",
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
        "remove.schedule",
        "Remove schedule",
        "Change",
        "close",
        post="/schedules/{schedule}",
        method="DELETE",
        arguments=(_of("schedule"), _WHY),
        sure="Remove schedule {title}? It starts nothing any more.",
        needs="operate",
        words="delete",
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
        "restart.agent",
        "Restart agent",
        "Change",
        "retry",
        post="/agents/{agent}/restart",
        arguments=(_of("agent"), _WHY),
        sure="Restart {title}? What it works on is interrupted.",
        needs="govern",
    ),
    Action(
        "scale.agent",
        "Scale agent",
        "Change",
        "agents",
        post="/agents/{agent}/scale",
        arguments=(_of("agent"), Argument("scale", "How much at once", is_number=True), _WHY),
        needs="govern",
        words="capacity parallel concurrency",
    ),
    Action(
        "remove.agent",
        "Remove agent",
        "Change",
        "close",
        post="/agents/{agent}",
        method="DELETE",
        arguments=(_of("agent"), _WHY),
        sure="Remove agent {title}?",
        needs="govern",
        words="delete",
    ),
    Action(
        "name.workspace",
        "Rename the workspace",
        "Settings",
        "settings",
        post="/workspace",
        method="PATCH",
        arguments=(Argument("name", "Name"),),
        needs="administer",
    ),
    _setting("workspace", "Workspace"),
    _setting("users", "Users", "audit", "people invite add password"),
    _setting("roles", "Roles", words="permissions"),
    _setting("tokens", "API tokens", words="keys programs"),
    _setting("sessions", "Sessions and password", words="sign in browser"),
    _setting("limits", "Rate limits", words="starts"),
    _setting("prices", "Prices", words="models tokens"),
    _setting("budgets", "Budgets", words="caps spend limit money"),
    _setting("webhooks", "Webhooks", "govern", "notify outside dead letters"),
    _setting("retention", "Retention", words="storage disk keep delete"),
    Action(
        "start.all",
        "Let work go on",
        "Change",
        "play",
        post="/operation/start",
        arguments=(Argument("stage", "How far", choices="stage"), _WHY),
        needs="govern",
        words="resume start all lift emergency stop",
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
