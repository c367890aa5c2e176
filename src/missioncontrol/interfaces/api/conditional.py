"""Conditional requests, for resources that are written by hand; see `surfaces.conditional`."""

from missioncontrol.surfaces.conditional import CHANGED as CHANGED
from missioncontrol.surfaces.conditional import FRESH as FRESH
from missioncontrol.surfaces.conditional import KNOWN as KNOWN
from missioncontrol.surfaces.conditional import IfMatch as IfMatch
from missioncontrol.surfaces.conditional import Stale as Stale
from missioncontrol.surfaces.conditional import digest_of as digest_of
from missioncontrol.surfaces.conditional import is_known as is_known
from missioncontrol.surfaces.conditional import listed as listed
from missioncontrol.surfaces.conditional import refuse_stale as refuse_stale
from missioncontrol.surfaces.conditional import tag_of as tag_of
from missioncontrol.surfaces.conditional import tagged as tagged
from missioncontrol.surfaces.conditional import tagged_late as tagged_late
