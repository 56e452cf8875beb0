"""The shapes of campaigns, channels and their actions, as the API takes and gives them.

What a shape says is only what kind of value stands where; what the values may be is the services' business.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from campaigns.api.paging import PageQuery
from campaigns.api.shapes import Body, Flag, Id, Shape, Time, Version
from campaigns.domain import states as s
from campaigns.domain.lifecycles import BY_KIND
from campaigns.services.counts import COUNTED
from channels.domain.kinds import KINDS

Object = dict[str, Any]
DELIVERY_TYPES = ("one_time", "multiple_dates", "recurring", "action", "inaction", "date_time", "api")
#: Unknown keys go to the service, which says which there are; programs that read the description see none.
_TOLD_BY_SERVICE = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})


SendsAt = Annotated[
    Time | None,
    Field(description="sms: when this message goes out, where that is later than the campaign's start."),
]


class ChannelIn(Shape):
    """A channel of a campaign; `id` names one that is there already."""

    model_config = _TOLD_BY_SERVICE

    id: Id | None = None
    kind: str = ""
    connection: Id | None = None
    agent: Id | None = None
    content: Object | None = None
    sends_at: SendsAt = None


class NewChannel(Body):
    """A channel to add, or what to change of one."""

    kind: str = ""
    connection: Id | None = None
    agent: Id | None = None
    content: Object | None = None
    sends_at: SendsAt = None


class ChannelPatch(NewChannel):
    """`version` is the campaign's."""

    version: Version | None = None


class _CampaignFields(Body):
    model_config = _TOLD_BY_SERVICE

    labels: list[str] | None = None
    topic: Annotated[str | None, Field(description="The name of a topic; see `/topics`.")] = None
    audience: Annotated[Object | None, Field(examples=[{"segment": 12}])] = None
    trigger: Object | None = None
    frequency: Object | None = None
    goal: Annotated[
        Object | None,
        Field(
            examples=[{"condition": {"event": "purchase", "op": "done"}, "within": "7 days"}],
            description="What counts as a conversion; what people do counts from the message on.",
        ),
    ] = None
    exit: Annotated[Object | None, Field(description="Journeys and flows: who leaves early.")] = None
    workflow: list[Object] | None = None
    flows: list[Object] | None = None
    strategy: Annotated[
        str | None, Field(description="The name of a registered strategy; see `/strategies`.")
    ] = None
    stages: list[Object] | None = None
    windows: list[Object] | None = None
    channels: list[ChannelIn] | None = None
    starts_at: Time | None = None
    stops_at: Time | None = None
    timezone: Annotated[str, Field(examples=["Europe/Istanbul"])] = ""
    delivery: Object | None = None


class CampaignIn(_CampaignFields):
    """A new campaign: a draft; nothing goes out before an action says so."""

    kind: Literal[*BY_KIND]  # type: ignore[valid-type]
    name: str


class CampaignPatch(_CampaignFields):
    """What to change; what is left out stays. `version` is the one that you have seen."""

    version: Version
    name: str = ""
    start_now: Annotated[
        Flag | None, Field(description="Publish at once what was scheduled for a time that has passed.")
    ] = None


class ActionIn(Body):
    """The parameters of an action; each action takes only its own (see the description)."""

    version: Version | None = None
    mode: Literal["exit", "finish"] | None = None
    audience: Literal["current", "future"] | None = None
    starts_at: Time | None = None
    stops_at: Time | None = None
    start_now: Flag | None = None
    comment: str | None = None
    request: Id | None = None
    content_hash: str | None = None


class ActionOut(BaseModel):
    """An action that the member is offered; a disabled one carries the reason."""

    name: str
    label: str
    enabled: bool
    reason: str


Counts = Annotated[
    dict[str, int], Field(json_schema_extra={"properties": {name: {"type": "integer"} for name in COUNTED}})
]


class RemarketsOut(BaseModel):
    """Whom a remarketing channel is for: so many people whom this outcome of that channel had when it was made."""

    channel: int | None
    outcome: str
    people: int


class HintOut(BaseModel):
    """Something worth a look about a channel of an outreach campaign; it forbids nothing."""

    code: str
    text: str


class ChannelOut(BaseModel):
    """A channel. `content` is there where one campaign is asked for, not in lists; `agent` where it sends through one."""

    model_config = ConfigDict(extra="allow")

    id: int
    kind: str
    status: str
    status_label: str
    message: str
    connection: int | None
    remarkets: RemarketsOut | None
    hints: list[HintOut]
    sends_at: datetime | None = None
    actions: list[ActionOut]
    counts: Counts


class CampaignOut(BaseModel):
    """A campaign. Its settings (audience, workflow, …) are there where one campaign is asked for, not in lists."""

    model_config = ConfigDict(extra="allow")

    id: int
    kind: str
    name: str
    status: str
    status_label: str
    message: str
    scheduled: bool
    starts_at: datetime | None
    stops_at: datetime | None
    next_run_at: datetime | None
    labels: list[str]
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    version: int
    editable_sections: list[str]
    actions: list[ActionOut]
    channels: list[ChannelOut]
    counts: Counts


class EditOut(BaseModel):
    """What became of an edit: `save`, `submit` (the number of the request that waits) or `publish`."""

    outcome: Literal["save", "submit", "publish"]
    request: int | None


class EditedOut(CampaignOut):
    """The campaign after an edit."""

    edit: EditOut


class CampaignPage(BaseModel):
    """Campaigns in the order in which they were made."""

    items: list[CampaignOut]
    next: str | None


class CampaignQuery(PageQuery):
    """Filters; several values of one are *or* (`status=draft&status=running`), different ones are *and*."""

    status: list[Literal[*s.ALL]] = []  # type: ignore[valid-type]
    kind: list[Literal[*BY_KIND]] = []  # type: ignore[valid-type]
    channel: list[Literal[*KINDS]] = []  # type: ignore[valid-type]
    delivery: list[Literal[*DELIVERY_TYPES]] = []  # type: ignore[valid-type]
    type: Annotated[list[Literal["single", "ab", "property"]], Field(description="Of the content.")] = []
    label: Annotated[list[str], Field(description="Names of labels.")] = []
    created_by: Annotated[list[str], Field(description="E-mail addresses of members.")] = []
    tab: Literal["active", "archived"] | None = None
    q: Annotated[str, Field(max_length=200, description="Words of the name.")] = ""


class ChoiceOut(BaseModel):
    """One answer to what the action asks, and what it would do."""

    value: str
    label: str
    sentence: str


class ImpactOut(BaseModel):
    """What an action would do now, in numbers. `asks` names the parameter that `choices` are for."""

    action: str
    label: str
    enabled: bool
    reason: str
    numbers: dict[str, int]
    sentences: list[str]
    asks: str
    choices: list[ChoiceOut]
