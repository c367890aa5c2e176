"""Generated events of a plausible product; equal seeds yield equal events.

People sign up, more of them each week and fewer at weekends; they complete the onboarding, do the
first key action and invite others, after hours or days; they return less often over time; sometimes
an error occurs. `anomalies.py` defines the anomalies and their days.
"""

from missioncontrol.analytics.demo_data.anomalies import Planted, planted
from missioncontrol.analytics.demo_data.world import DAYS, SEED, USERS, events

__all__ = ["DAYS", "SEED", "USERS", "Planted", "events", "planted"]
