"""The ledger of a campaign: what became of each message to each person."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from campaigns.api.access import campaign_of
from campaigns.api.addresses import LARGEST_ID
from campaigns.api.paging import PageQuery, next_cursor, place_of
from campaigns.api.shapes import answers
from campaigns.services.errors import Invalid
from campaigns.services.ledger_pages import ledger_page
from channels.domain import states as cs
from channels.models import Call, Channel, Delivery

router = Router(tags=["Deliveries"])

_FIELDS = (
    "id", "status", "reason", "detail", "step", "run", "due_at", "sent_at", "delivered_at", "opened_at", "clicked_at",
    "provider_id",
)  # fmt: skip


class CallOut(BaseModel):
    """One call of a voice message. `outcome` is empty until it is reported; `again_at` where it is to be called again."""

    number: int
    outcome: Literal["", *[outcome for outcome, _ in cs.CALL_CHOICES]]  # type: ignore[valid-type]
    detail: str
    called_at: datetime
    reported_at: datetime | None
    again_at: datetime | None
    provider_id: str


class DeliveryOut(BaseModel):
    """One message to one person; `person` is the external id; `calls`, of a voice message, are in their order."""

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
    calls: list[CallOut]


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
    own = Channel.objects.filter(campaign=campaign_of(request, campaign_id))
    kinds = dict(own.values_list("pk", "kind"))
    channels = list(kinds)
    if query.channel is not None:
        if query.channel not in kinds:
            raise Invalid.field("channel", f"This campaign has no channel {query.channel}.")
        channels = [query.channel]
    after: Any = place_of(query.cursor, [int, int, str, int])
    rows, place = ledger_page(channels, query.status, after, query.limit)
    calls = _calls([row.pk for row in rows if kinds[row.channel_id] == "voice"])
    items = [_shown(row, calls.get(row.pk, [])) for row in rows]
    return {"items": items, "next": next_cursor(place) if place else None}


def _calls(delivery_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """The calls of these rows, the first one first: one query, none where nobody was to be called."""
    found: dict[int, list[dict[str, Any]]] = {}
    calls = Call.objects.filter(delivery_id__in=delivery_ids).order_by("delivery_id", "number")
    for call in calls if delivery_ids else ():
        shown = {name: getattr(call, name) for name in CallOut.model_fields}
        found.setdefault(call.delivery_id, []).append(shown)
    return found


def _shown(row: Delivery, calls: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _FIELDS},
        "channel": row.channel_id,
        "person": row.person.external_id,
        "calls": calls,
    }
