"""Emails that were written already, to start another from (seed 000): of all campaigns of a workspace, archived ones too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.domain.programs import programs_of
from campaigns.domain.steps import MESSAGE
from campaigns.domain.workflow import qualified, steps_in
from campaigns.models import Campaign, Membership
from campaigns.services.errors import NotFound
from channels.domain.variants import Variant, texts_of
from channels.models import Channel

EMAIL = "email"
#: Campaigns that a page of them shows, newest first; who looks for older ones searches.
MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class ExistingEmail:
    """One text of a campaign; ``key`` names it in there, ``where`` says which it is where there are several."""

    campaign: Campaign
    key: str
    where: str
    subject: str
    body: str


def existing_emails(member: Membership, search: str = "") -> list[ExistingEmail]:
    """Those whose campaign's name or whose subject has what is searched; of everything for "". Two queries.

    Where subjects of a campaign have it, only these are meant, else all of its emails.
    """
    search = search.replace("\0", "").strip()
    visible = Campaign.objects.visible_to(member).with_emails(search).order_by("-id")
    found: list[ExistingEmail] = []
    campaigns = list(visible.select_related("workspace")[:MOST_SHOWN])
    channels = _channels(campaigns)
    for campaign in campaigns:
        emails = list(_emails_of(campaign, channels.get(campaign.pk, [])))
        found += [one for one in emails if search.casefold() in one.subject.casefold()] or emails
    return found


def existing_email(member: Membership, campaign_id: int, key: str) -> ExistingEmail:
    """One of them. Raises `NotFound` where this member sees no such campaign, or it has no such email."""
    campaign = Campaign.objects.visible_to(member).filter(pk=campaign_id).first()
    emails = _emails_of(campaign, _channels([campaign]).get(campaign.pk, [])) if campaign else ()
    for one in emails:
        if one.key == key:
            return one
    raise NotFound("There is no such email.")


def _channels(campaigns: list[Campaign]) -> dict[int, list[Channel]]:
    found: dict[int, list[Channel]] = {}
    ids = [campaign.pk for campaign in campaigns]
    for channel in Channel.objects.filter(campaign_id__in=ids, kind=EMAIL).order_by("position", "id"):
        found.setdefault(channel.campaign_id, []).append(channel)
    return found


def _emails_of(campaign: Campaign, channels: list[Channel]) -> Iterator[ExistingEmail]:
    for channel in channels:
        yield from _texts(campaign, f"channel-{channel.pk}", "", texts_of(channel.content))
    for program in programs_of(campaign):
        before = f"{program.name}, " if program.flow else ""
        for number, place in enumerate(steps_in(program.workflow), 1):
            step = place.step
            if step.get("type") == MESSAGE and step.get("channel") == EMAIL:
                name = str(step.get("name") or "")
                where = f"{before}step {number}{': ' if name else ''}{name}"
                key = f"step-{qualified(program.flow, str(step.get('key')))}"
                yield from _texts(campaign, key, where, texts_of(step))


def _texts(campaign: Campaign, key: str, where: str, texts: list[Variant]) -> Iterator[ExistingEmail]:
    for number, text in enumerate(texts):
        subject, body = (str(text.content.get(name) or "") for name in ("subject", "body"))
        if body.strip():
            variant = f"variant {text.name}" if text.name else ""
            named = ", ".join(part for part in (where, variant) if part)
            yield ExistingEmail(campaign, f"{key}-{number}", named, subject, body)
