"""The tables of the campaigns app; every model can be imported from here."""

from campaigns.models.activity import Activity
from campaigns.models.audience import ImportJob, Person, RefusedRow
from campaigns.models.campaign import Campaign
from campaigns.models.event import Event
from campaigns.models.idempotency import IdempotentCall
from campaigns.models.journey import Entrance, Journey, JourneyTally
from campaigns.models.label import Label
from campaigns.models.relation import ObjectType, RelatedObject, Relationship
from campaigns.models.run import Run
from campaigns.models.segment import Segment, SegmentMember, TouchedPerson
from campaigns.models.strategy import StrategyContact, StrategyLine, StrategyRun
from campaigns.models.topic import Topic
from campaigns.models.watch import Watch
from campaigns.models.workflow_edit import WorkflowEdit
from campaigns.models.workspace import ApiKey, Membership, User, Workspace

__all__ = [
    "Activity",
    "ApiKey",
    "Campaign",
    "Entrance",
    "Event",
    "IdempotentCall",
    "ImportJob",
    "Journey",
    "JourneyTally",
    "Label",
    "Membership",
    "ObjectType",
    "Person",
    "RefusedRow",
    "RelatedObject",
    "Relationship",
    "Run",
    "Segment",
    "SegmentMember",
    "StrategyContact",
    "StrategyLine",
    "StrategyRun",
    "Topic",
    "TouchedPerson",
    "User",
    "Watch",
    "WorkflowEdit",
    "Workspace",
]
