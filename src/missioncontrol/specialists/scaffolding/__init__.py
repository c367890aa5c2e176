"""Write the first repository of a new product: schema, routes or commands, tests, documents."""

from missioncontrol.domain.scaffold_stack import ScaffoldStack
from missioncontrol.specialists.scaffolding.composer import scaffold
from missioncontrol.specialists.scaffolding.stacks import (
    StackRefusal,
    chosen_stack,
    made_of,
    stack_for,
)

__all__ = ["ScaffoldStack", "StackRefusal", "chosen_stack", "made_of", "scaffold", "stack_for"]
