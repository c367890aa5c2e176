"""What can be asked of a product; None leaves a value as it is."""

from typing import Annotated, Any

import msgspec

from missioncontrol.domain.product.events import Kind, Weekday

NAME_MAX = 100
ZONE_MAX = 64
REASON_MAX = 2_000
PEOPLE_MAX = 200
PROPERTIES_MAX = 50
STEPS_MAX = 10
ACTIONS_MAX = 50
PATTERN_MAX = 200
RETENTION_DAYS_MAX = 3_650
EVENTS_PER_SECOND_MAX = 10_000_000
EVENTS_STORED_MAX = 10_000_000_000
MEGABYTES_MAX = 100_000_000

Slug = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        pattern="^[a-z0-9-]+$",
        description="A short id: letters, digits and -.",
    ),
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX, description="Its name.")]
NewName = Annotated[
    str, msgspec.Meta(max_length=NAME_MAX, description="Its name; its id where it is empty.")
]
Zone = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=ZONE_MAX,
        description="Time zone of its days, such as Europe/Zurich.",
    ),
]
WeekStarts = Annotated[Weekday, msgspec.Meta(description="The first day of its weeks.")]
Days = Annotated[
    int,
    msgspec.Meta(
        ge=0, le=RETENTION_DAYS_MAX, description="How many days events are stored; 0: for ever."
    ),
]
PerSecond = Annotated[
    int,
    msgspec.Meta(
        ge=1, le=EVENTS_PER_SECOND_MAX, description="Most events per second of each source."
    ),
]
Stored = Annotated[
    int, msgspec.Meta(ge=1, le=EVENTS_STORED_MAX, description="Most events that are stored.")
]
Megabytes = Annotated[
    int,
    msgspec.Meta(
        ge=1, le=MEGABYTES_MAX, description="Most megabytes of properties of events and people."
    ),
]
Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=PATTERN_MAX)]
People = Annotated[
    tuple[Pattern, ...],
    msgspec.Meta(
        max_length=PEOPLE_MAX,
        description="Ids of test people: `*` stands for any letters, `?` for one.",
    ),
]
Properties = Annotated[
    tuple[tuple[Pattern, Pattern], ...],
    msgspec.Meta(
        max_length=PROPERTIES_MAX,
        description="Properties of people, each with the value that excludes them.",
    ),
]
Internal = Annotated[bool, msgspec.Meta(description="Whether its events count in no measure.")]
Reason = Annotated[
    str, msgspec.Meta(max_length=REASON_MAX, description="Why; stored for ever, without names.")
]
Forgetting = Annotated[str, msgspec.Meta(pattern="^forgetting-[0-9a-f]{12}$")]
"""The random id of a removal; nothing in it can name a person."""


class AddProduct(msgspec.Struct, frozen=True):
    """Measure the use of a product."""

    slug: Slug
    name: NewName = ""
    zone: Zone = "UTC"
    week_starts: WeekStarts = "monday"


class ChangeProduct(msgspec.Struct, frozen=True):
    """Change the name or the calendar of a product, or how long its events are stored."""

    product: str
    name: Name | None = None
    zone: Zone | None = None
    week_starts: WeekStarts | None = None
    retention_days: Days | None = None


class ChangeExclusions(msgspec.Struct, frozen=True):
    """Exclude people from all measures."""

    product: str
    bots: Annotated[bool, msgspec.Meta(description="Whether bots are excluded.")] | None = None
    people: People | None = None
    properties: Properties | None = None


class ChangeKeyMeasures(msgspec.Struct, frozen=True):
    """Measure a product by these; what is empty has the value of the definition `kpis`."""

    product: str
    activation: (
        Annotated[
            tuple[dict[str, Any], ...],
            msgspec.Meta(max_length=STEPS_MAX, description="Steps of the activation funnel."),
        ]
        | None
    ) = None
    activated_at: (
        Annotated[
            int,
            msgspec.Meta(
                ge=0,
                le=STEPS_MAX,
                description="The step, from 1, that activates a person; 0: the last.",
            ),
        ]
        | None
    ) = None
    actions: (
        Annotated[
            tuple[Pattern, ...],
            msgspec.Meta(max_length=ACTIONS_MAX, description="Events that the product is for."),
        ]
        | None
    ) = None
    active: (
        Annotated[
            str,
            msgspec.Meta(
                max_length=PATTERN_MAX, description="The event that makes a person active."
            ),
        ]
        | None
    ) = None


class ChangeLimits(msgspec.Struct, frozen=True):
    """Limit how much a product accepts and stores. Some limit always holds."""

    product: str
    events_per_second: PerSecond | None = None
    events_max: Stored | None = None
    megabytes_max: Megabytes | None = None


class AddSource(msgspec.Struct, frozen=True):
    """Add a source, which sends events with a key."""

    product: str
    id: Slug
    name: NewName = ""
    kind: Annotated[Kind, msgspec.Meta(description="Where it sends from.")] = "server"
    digest: str = ""  # of the key, which is stored nowhere
    is_internal: Internal = False


class ChangeSource(msgspec.Struct, frozen=True):
    """Rename a source, or change whether its events count."""

    product: str
    source: str
    name: Name | None = None
    is_internal: Internal | None = None


class RenewSourceKey(msgspec.Struct, frozen=True):
    """Replace the key of a source."""

    product: str
    source: str
    digest: str = ""


class RevokeSource(msgspec.Struct, frozen=True):
    """Accept no more events from a source."""

    product: str
    source: str
    reason: Reason = ""


class BeginForgetting(msgspec.Struct, frozen=True):
    """Record that the removal of a person begins, without naming them."""

    product: str
    forgetting: Forgetting
    reason: Reason = ""


class ConfirmForgotten(msgspec.Struct, frozen=True):
    """Record that the removal of a person is done."""

    product: str
    forgetting: str
    events: int
    ids: int


class FinishRemoval(ConfirmForgotten, frozen=True):
    """Record that the removal which an earlier process could not finish is done."""


class ClearEvents(msgspec.Struct, frozen=True):
    """Record that all events of a product are about to be removed."""

    product: str
    reason: Reason = ""


SettingCommand = ChangeProduct | ChangeExclusions | ChangeKeyMeasures | ChangeLimits
SourceCommand = AddSource | ChangeSource | RenewSourceKey | RevokeSource
RemovalCommand = BeginForgetting | ConfirmForgotten | ClearEvents
ProductCommand = AddProduct | SettingCommand | SourceCommand | RemovalCommand
