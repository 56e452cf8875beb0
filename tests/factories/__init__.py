"""What tests are made of: workspaces with members, people, connections, and campaigns that walked to their status."""

from tests.factories.campaigns import CampaignFactory, campaign_data, in_state
from tests.factories.channels import (
    ConnectionFactory,
    in_app_connection,
    sandbox_connection,
    smtp_connection,
    webhook_connection,
)
from tests.factories.people import PersonFactory, SegmentFactory, people
from tests.factories.workspaces import (
    NOW,
    PASSWORD,
    ApiKeyFactory,
    LabelFactory,
    MembershipFactory,
    UserFactory,
    WorkspaceFactory,
    member,
)

__all__ = [
    "NOW",
    "PASSWORD",
    "ApiKeyFactory",
    "CampaignFactory",
    "ConnectionFactory",
    "LabelFactory",
    "MembershipFactory",
    "PersonFactory",
    "SegmentFactory",
    "UserFactory",
    "WorkspaceFactory",
    "campaign_data",
    "in_app_connection",
    "in_state",
    "member",
    "people",
    "sandbox_connection",
    "smtp_connection",
    "webhook_connection",
]
