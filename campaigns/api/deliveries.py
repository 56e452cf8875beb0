"""The ledger of a campaign: what became of each message to each person."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from campaigns.api.access import member_of
from campaigns.api.addresses import LARGEST_ID
from campaigns.api.paging import PageQuery, next_cursor, place_of
from campaigns.api.shapes import answers
from campaigns.models import Campaign
from campaigns.services.errors import Invalid, NotFound
from campaigns.services.ledger_pages import ledger_page
from channels.domain import states as cs
from channels.models import Channel, Delivery

router = Router(tags=["Deliveries"])

_FIELDS = (
    "id", "status", "reason", "detail", "step", "run", "due_at", "sent_at", "delivered_at", "opened_at", "clicked_at",
    "provider_id",
)  # fmt: skip


class DeliveryOut(BaseModel):
    """One message to one person; `person` is the external id."""

    id: int
    channel: int
    person: str
    status: str
    reason: str
    detail: str
    step: str
    run: int
    due_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    provider_id: str


class DeliveryPage(BaseModel):
    """Rows channel by channel."""

    items: list[DeliveryOut]
    next: str | None


class DeliveryQuery(PageQuery):
    """`channel` is the number of a channel of this campaign."""

    status: list[Literal[*cs.DELIVERY_STATUSES]] = []  # type: ignore[valid-type]
    channel: Annotated[int | None, Field(ge=1, le=LARGEST_ID)] = None


@router.get("/campaigns/{id:campaign_id}/deliveries", response=answers(DeliveryPage))
def list_deliveries(request: HttpRequest, campaign_id: int, query: Query[DeliveryQuery]) -> Any:
    """The ledger's rows."""
    if not Campaign.objects.visible_to(member_of(request)).filter(pk=campaign_id).exists():
        raise NotFound("There is no such campaign in this workspace.")
    channels = list(Channel.objects.filter(campaign_id=campaign_id).values_list("pk", flat=True))
    if query.channel is not None:
        if query.channel not in channels:
            raise Invalid.field("channel", f"This campaign has no channel {query.channel}.")
        channels = [query.channel]
    after: Any = place_of(query.cursor, [int, int, str, int])
    rows, place = ledger_page(channels, query.status, after, query.limit)
    return {"items": [_shown(row) for row in rows], "next": next_cursor(place) if place else None}


def _shown(row: Delivery) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _FIELDS},
        "channel": row.channel_id,
        "person": row.person.external_id,
    }
