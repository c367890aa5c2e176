"""A product that nobody uses but that looks as if: the same seed, the same events.

People sign up, more of them each week and fewer at weekends; they complete the onboarding, do the
first key action and invite others, after hours or days; they come back the less often the longer
ago it is; now and then there is an error. `anomalies.py` says what goes wrong in it, and when.
"""

from missioncontrol.analytics.demo_data.anomalies import Planted, planted
from missioncontrol.analytics.demo_data.world import DAYS, SEED, USERS, events

__all__ = ["DAYS", "SEED", "USERS", "Planted", "events", "planted"]
