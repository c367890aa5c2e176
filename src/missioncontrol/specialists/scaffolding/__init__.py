"""Write the first repository of a new product: schema, routes or commands, tests, documents."""

from missioncontrol.domain.scaffold_stack import STACKS, ScaffoldStack
from missioncontrol.specialists.scaffolding.composer import scaffold
from missioncontrol.specialists.scaffolding.stacks import StackRefusal, chosen_stack, stack_for

__all__ = ["STACKS", "ScaffoldStack", "StackRefusal", "chosen_stack", "scaffold", "stack_for"]
