"""A service over HTTP as an agent: signed, retried, bounded."""

from missioncontrol.adapters.agents.http.kind import HttpKind as HttpKind
