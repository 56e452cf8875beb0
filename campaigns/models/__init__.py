"""The tables of the campaigns app; every model can be imported from here."""

from campaigns.models.activity import Activity
from campaigns.models.audience import ImportJob, Person, RefusedRow
from campaigns.models.campaign import Campaign
from campaigns.models.event import Event
from campaigns.models.idempotency import IdempotentCall
from campaigns.models.journey import Journey, JourneyTally
from campaigns.models.label import Label
from campaigns.models.run import Run
from campaigns.models.segment import Segment, SegmentMember, TouchedPerson
from campaigns.models.topic import Topic
from campaigns.models.workspace import ApiKey, Membership, User, Workspace

__all__ = [
    "Activity",
    "ApiKey",
    "Campaign",
    "Event",
    "IdempotentCall",
    "ImportJob",
    "Journey",
    "JourneyTally",
    "Label",
    "Membership",
    "Person",
    "RefusedRow",
    "Run",
    "Segment",
    "SegmentMember",
    "Topic",
    "TouchedPerson",
    "User",
    "Workspace",
]
