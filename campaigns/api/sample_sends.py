"""Test sends: one message of a campaign to the caller's own address."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from campaigns.api.access import acting, campaign_of, member_of
from campaigns.api.shapes import Body, Id, answers
from campaigns.services.sample_sends import find_option, find_person, send_test

router = Router(tags=["Campaigns"])


class SampleIn(Body):
    """`channel` by its number; `person` by external id (else the first of the audience); `to` is your telephone number."""

    channel: Id
    person: Annotated[str, Field(max_length=200)] = ""
    step: str = ""
    variant: str = ""
    version: Literal["now", "waiting"] = "now"
    to: Annotated[str, Field(max_length=40)] = ""


class SampleOut(BaseModel):
    """What was handed to the provider."""

    to: str
    subject: str
    person: str
    provider_id: str
    message: str


@router.post("/campaigns/{id:campaign_id}/test", response=answers(SampleOut))
def test_send(request: HttpRequest, campaign_id: int, body: SampleIn) -> Any:
    """Send one message to yourself through the real connection; the ledger is not touched. Ten a minute."""
    member = member_of(request)
    campaign = campaign_of(request, campaign_id)
    option = find_option(campaign, body.channel, body.step, body.variant, body.version)
    person = find_person(member, body.person) if body.person else None
    sent = send_test(campaign, acting(request), option, timezone.now(), person=person, to=body.to)
    return {
        "to": sent.to,
        "subject": sent.subject,
        "person": sent.person.external_id,
        "provider_id": sent.outcome.provider_id,
        "message": sent.words,
    }
