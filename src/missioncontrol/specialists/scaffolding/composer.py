"""Write the first repository of a product from its plan."""

from collections.abc import Callable

from missioncontrol.domain.plan import Plan
from missioncontrol.domain.product_design import ProductDesign
from missioncontrol.domain.scaffold_stack import ScaffoldStack
from missioncontrol.specialists.scaffolding.blueprint import Blueprint, blueprint
from missioncontrol.specialists.scaffolding.data_pipeline import data_pipeline
from missioncontrol.specialists.scaffolding.documents import documents
from missioncontrol.specialists.scaffolding.node_web import node_web
from missioncontrol.specialists.scaffolding.python_command import python_command
from missioncontrol.specialists.scaffolding.python_library import python_library
from missioncontrol.specialists.scaffolding.python_web import python_web
from missioncontrol.specialists.scaffolding.stacks import chosen_stack
from missioncontrol.specialists.scaffolding.static_pages import static_pages

_WRITERS: dict[ScaffoldStack, Callable[[Blueprint], dict[str, str]]] = {
    "python-web": python_web,
    "node-web": node_web,
    "static-pages": static_pages,
    "python-command": python_command,
    "python-library": python_library,
    "data-pipeline": data_pipeline,
}


def scaffold(source: Plan | ProductDesign, stack: ScaffoldStack | None = None) -> dict[str, str]:
    """Return a repository that installs, starts and stores: text by path, in order of paths.

    The stack is the one of `stack_for`, unless one is asked for by name.

    Raises:
        Rejected: There is no design, it names no entity, or its stack has no scaffold.
    """
    plan = blueprint(source)
    chosen = stack or chosen_stack(plan.design)
    files = {**_WRITERS[chosen](plan), **documents(plan, chosen)}
    return {path: files[path] for path in sorted(files)}
