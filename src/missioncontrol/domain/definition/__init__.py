"""Workflow definitions: what a file says, everything that can be wrong with it, its steps."""

from missioncontrol.domain.definition.calls import Library as Library
from missioncontrol.domain.definition.checking import faults as faults
from missioncontrol.domain.definition.compiler import compiled as compiled
from missioncontrol.domain.definition.definition import Definition as Definition
from missioncontrol.domain.definition.definition import Input as Input
from missioncontrol.domain.definition.definition import StepDefinition as StepDefinition
from missioncontrol.domain.definition.difference import Change as Change
from missioncontrol.domain.definition.difference import differences as differences
from missioncontrol.domain.definition.fault import Fault as Fault
from missioncontrol.domain.definition.fault import Malformed as Malformed
from missioncontrol.domain.definition.fault import Marks as Marks
from missioncontrol.domain.definition.plain import content_digest as content_digest
from missioncontrol.domain.definition.plain import plain as plain
from missioncontrol.domain.definition.value_reader import read as read
from missioncontrol.domain.definition.values import inputs_of as inputs_of
