"""Lists in pages, for resources that are written by hand; see `surfaces.paging`."""

from missioncontrol.surfaces.paging import LIMIT as LIMIT
from missioncontrol.surfaces.paging import LIMIT_MAX as LIMIT_MAX
from missioncontrol.surfaces.paging import Cursor as Cursor
from missioncontrol.surfaces.paging import Limit as Limit
from missioncontrol.surfaces.paging import Malformed as Malformed
from missioncontrol.surfaces.paging import Page as Page
from missioncontrol.surfaces.paging import cursor_of as cursor_of
from missioncontrol.surfaces.paging import page_of as page_of
from missioncontrol.surfaces.paging import place_of as place_of
