"""An example of every event about products whose use is measured, each field set."""

from datetime import date

from missioncontrol.domain import alert as a
from missioncontrol.domain import cohorts as s
from missioncontrol.domain import digest as d
from missioncontrol.domain.export import MissionExported
from missioncontrol.domain.product import events as p

DIGEST = "ab" * 32
STEP = {"pattern": {"event": "signup"}}

FIGURE = a.Quoted("41.8 %", 0.418, {"measure": "funnel"}, {"step": 1}, {"step": 1})
READING = a.Reading(
    metric="conversion.onboarding_complete",
    title="Onboarding complete, of those who signed up",
    unit="share",
    severity="warning",
    since=date(2026, 11, 13),
    until=date(2026, 11, 22),
    is_ongoing=True,
    is_down=True,
    is_good=False,
    observed=0.418,
    expected=0.641,
    low=0.6,
    high=0.69,
    impact=318.0,
    text="Onboarding complete fell to 41.8 %.",
    figures=(FIGURE,),
    slices=("platform ios: 91.0 %",),
    question={"measure": "funnel"},
    definition="anomalies 1",
    as_of="2026-11-23T00:00:00Z",
)

PRODUCT_EXAMPLES = (
    a.AlertOpened("shop", "alert-1", READING),
    a.AlertChanged("shop", "alert-1", READING),
    a.AlertAcknowledged("shop", "alert-1", "I look at it."),
    a.AlertResolved("shop", "alert-1", "It was a campaign.", True),
    a.AlertMissionBegun("shop", "alert-1", "mission-1", "run-1"),
    d.DigestWritten(
        "shop",
        "run-1",
        "2026-10-25",
        "2026-11-23",
        DIGEST,
        "# Shop",
        "model-1",
        d.Written(d.Passage("Sign-ups fell.", ("headline",))),
        "It says “5”, and none of its facts does.",
    ),
    MissionExported("mission-1", "run-1", "pdf"),
    p.ProductAdded("shop", "Web shop", "Europe/Zurich", "sunday"),
    p.ProductChanged("shop", "Shop", "UTC", "monday", 400),
    p.LimitsChanged("shop", 1_000, 5_000_000, 2_000),
    p.ExclusionsChanged("shop", True, ("*@example.com",), (("plan", "internal"),)),
    p.KeyMeasuresChanged("shop", (STEP,), 1, ("order_placed",), "page_viewed"),
    p.SourceAdded("shop", "web", "Web site", "browser", DIGEST, True),
    p.SourceChanged("shop", "web", "Site", False),
    p.SourceKeyRenewed("shop", "web", DIGEST),
    p.SourceRevoked("shop", "web", "The site is gone."),
    p.ForgettingBegun("shop", "forgetting-1", "They asked for it."),
    p.PersonForgotten("shop", "forgetting-1", 41, 3),
    p.EventsCleared("shop", "Begin anew."),
    s.CohortSaved(
        "shop", "fans", "Fans", "Often here.", {"cohorts": []}, STEP, {"step": 1}, "2026-11-23"
    ),
    s.CohortRemoved("shop", "fans"),
    s.DashboardSaved(
        "shop", "daily", "Daily", (s.Panel("Sign-ups", STEP, "line", "full", last_days=30),)
    ),
    s.DashboardRemoved("shop", "daily"),
)
