"""What the commands of a command line are called."""

from missioncontrol.specialists.scaffolding.blueprint import Action, Blueprint
from missioncontrol.specialists.scaffolding.names import identifier, unique


def command_name(action: Action, plan: Blueprint) -> str:
    """Return the name of a command: `add_photo` for what an address calls `POST /photos`."""
    taken: dict[str, str] = dict.fromkeys(("load", "publish", "run"), "")
    for each in sorted(plan.actions, key=lambda one: not one.command):
        name = unique(_wanted_command(each, plan), taken)
        if each.name == action.name:
            return name
        taken[name] = each.name
    msg = f"{action.name} is no action of {plan.name}"
    raise KeyError(msg)


def _wanted_command(action: Action, plan: Blueprint) -> str:
    words = {"create": "add", "read": "show"}
    if action.command:
        return identifier(action.command)
    if action.verb in words:
        return f"{words[action.verb]}_{plan.table(action.table).singular}"
    return action.name
