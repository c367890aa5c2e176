"""Workflow files: read from YAML or JSON, written as YAML, and imported from other tools."""

from missioncontrol.adapters.workflow_files.reader import decoded as decoded
from missioncontrol.adapters.workflow_files.reader import read as read
from missioncontrol.adapters.workflow_files.reader import read_all as read_all
from missioncontrol.adapters.workflow_files.schema import json_schema as json_schema
from missioncontrol.adapters.workflow_files.writer import to_text as to_text
