"""*Test send to myself*: one text, rendered for a person of the audience, through the real connection to the member's own
address. The ledger knows nothing of it; the activity log does.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from approvals.models import Request
from campaigns.domain.addresses import AddressError, PhoneReader
from campaigns.domain.permissions import role_may
from campaigns.models import Activity, Campaign, Membership, Person
from campaigns.services.actions import record
from campaigns.services.actors import Actor
from campaigns.services.errors import ActionError, Forbidden, Invalid, NotAllowed, NotFound
from campaigns.services.facts import connection_problem
from campaigns.services.previewing import person_values, render_for, sample_people
from channels.domain.content import part_names
from channels.domain.kinds import KINDS, ChannelKind
from channels.domain.variants import texts_of
from channels.models import Channel, Connection
from channels.providers.base import Message, Outcome
from channels.services.single_sends import CannotSend, send_one

ACTION = "test_send"
MOST_A_MINUTE = 10
MARK = "[Test] "
NOW, WAITING = "now", "waiting"


class TooMany(ActionError):
    """The member has tested often enough for this minute."""

    code, status = "rate_limited", 429


class NotSent(ActionError):
    """The provider did not take it; the message says why."""

    code, status = "test_not_sent", 409


@dataclass(frozen=True, slots=True)
class Option:
    """One text that can be tested. ``version`` is `NOW`, or `WAITING` for what waits for approval."""

    version: str
    place: int
    """Of the channel among the campaign's, counted from 0."""
    step: str
    variant: str
    channel: Channel
    """Of a waiting version it is not saved: only its kind, connection and content are read."""
    content: Mapping[str, Any]
    whole: Mapping[str, Any]
    """The content that it is a variant of, with what the variants share."""

    @property
    def key(self) -> str:
        return f"{self.version}:{self.place}:{self.step}:{self.variant}"

    @property
    def kind(self) -> ChannelKind:
        return KINDS[self.channel.kind]

    @property
    def label(self) -> str:
        """“Email, step hello, variant A (waits for approval)”."""
        parts = [self.kind.label]
        parts += [f"step {self.step}"] if self.step else []
        parts += [f"variant {self.variant}"] if self.variant else []
        return ", ".join(parts) + (" (waits for approval)" if self.version == WAITING else "")


@dataclass(frozen=True, slots=True)
class Sent:
    """A test that the provider has taken over."""

    to: str
    subject: str
    person: Person
    outcome: Outcome

    @property
    def words(self) -> str:
        where = self.to or "the connection's own address"
        said = f" It says: {self.outcome.detail}" if self.outcome.detail else ""
        return f"Sent to {where}, as {self.person.display_name} would get it.{said}"


def options_of(campaign: Campaign) -> list[Option]:
    """Every text of the campaign: of a version that waits beside a live one first, then of the campaign itself."""
    waiting = Request.objects.filter(campaign=campaign, status=Request.OPEN).exclude(proposal={}).first()
    found: list[Option] = []
    if waiting is not None:
        what = waiting.snapshot.get("what") or {}
        channels = [
            Channel(
                campaign=campaign, kind=row["kind"], connection_id=row["connection"], content=row["content"]
            )
            for row in what.get("channels") or []
        ]
        found += _options(WAITING, channels, what.get("workflow") or [])
    channels = list(Channel.objects.filter(campaign=campaign).order_by("position", "id"))
    return [*found, *_options(NOW, channels, campaign.workflow)]


def _options(version: str, channels: list[Channel], workflow: list[Any]) -> Iterator[Option]:
    for place, channel in enumerate(channels):
        contents = [("", channel.content)] if channel.content else []
        contents += [
            (step["key"], step)
            for step in workflow
            if isinstance(step, dict)
            and step.get("type") == "message"
            and step.get("channel") == channel.kind
        ]
        for step, content in contents:
            for text in texts_of(content):
                yield Option(version, place, step, text.name, channel, text.content, content)


def find_option(campaign: Campaign, channel_id: int, step: str, variant: str, version: str) -> Option:
    """The text of a channel that a program names; the first that fits, where it leaves step or variant out."""
    ids = list(
        Channel.objects.filter(campaign=campaign).order_by("position", "id").values_list("pk", flat=True)
    )
    if channel_id not in ids:
        raise Invalid.field("channel", "This campaign has no such channel.")
    fitting = [o for o in options_of(campaign) if (o.version, o.place) == (version, ids.index(channel_id))]
    if not fitting:
        words = "waits for approval" if version == WAITING else "has been written for this channel yet"
        raise NotAllowed(f"Nothing {words}.")
    for name, wanted in (("step", step), ("variant", variant)):
        there = [getattr(option, name) for option in fitting]
        if wanted and wanted not in there:
            known = ", ".join(dict.fromkeys(word for word in there if word)) or "there is none"
            raise Invalid.field(name, f"{name} must be one of: {known}.")
        fitting = [option for option in fitting if not wanted or getattr(option, name) == wanted]
    return fitting[0]


def send_test(
    campaign: Campaign,
    actor: Actor,
    option: Option,
    now: datetime,
    *,
    person: Person | None = None,
    to: str = "",
) -> Sent:
    """Send one text of a campaign that the member may see to the member. ``to`` is the number where it needs a phone.

    Raises `Forbidden`, `Invalid`, `NotAllowed`, `TooMany` or `NotSent`, each a sentence.
    """
    membership = actor.membership
    if membership is None or not role_may(membership.role, "edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    address = _address(membership, option.kind, to)
    connection = _connection(option)
    person = person or next(iter(sample_people(campaign, 1)), None)
    if person is None:
        raise NotAllowed("There is nobody to render it for yet: choose a list under Who, or import people.")
    message = _message(campaign, option, person, address)
    with transaction.atomic():
        _refuse_too_many(membership, now)
        data = {
            "channel": option.channel.kind,
            "to": address,
            "person": person.external_id,
            "text": option.key,
        }
        record(actor, campaign, ACTION, campaign.status, "", data, now, channel_id=option.channel.pk)
    # Outside of the transaction: a provider may take its time.
    try:
        outcome = send_one(connection, option.channel.kind, message)
    except CannotSend as problem:
        raise NotSent(str(problem)) from problem
    if outcome.kind != "sent":
        raise NotSent(_refusal(outcome))
    return Sent(address, message.subject, person, outcome)


def _address(membership: Membership, kind: ChannelKind, to: str) -> str:
    if kind.address == "email":
        if to and to.strip().lower() != membership.user.email.lower():
            raise Invalid.field("to", "A test by e-mail goes to your own address only.")
        return membership.user.email
    if kind.address == "phone":
        if not to.strip():
            raise Invalid.field("to", "Which telephone number of yours should it go to?")
        try:
            return PhoneReader(membership.workspace.default_region).read(to)[0]
        except AddressError as problem:
            raise Invalid.field("to", str(problem)) from problem
    if kind.address != "none":
        raise NotAllowed(
            f"{kind.label}: it needs a device or an account of the person, so there is nothing to test with."
        )
    if kind.displayed:
        raise NotAllowed(
            f"{kind.label}: it is shown to people in their app, where you have no place; see its preview."
        )
    return ""


def _connection(option: Option) -> Connection:
    channel = option.channel
    if problem := connection_problem(channel):
        raise NotAllowed(problem)
    assert channel.connection is not None  # connection_problem has asked
    return channel.connection


def _message(campaign: Campaign, option: Option, person: Person, address: str) -> Message:
    subject, body = (str(option.content.get(name) or "") for name in ("subject", "body"))
    if not subject and not body:
        raise NotAllowed(f"{option.label}: nothing has been written yet.")
    rendered = render_for(campaign, person, option.channel.kind, subject, body)
    if rendered.problem:
        raise NotAllowed(f"{option.label}: {rendered.problem}")
    key = f"test-{uuid.uuid4().hex}"
    context = {
        "campaign_id": campaign.pk, "campaign_name": campaign.name, "channel_kind": option.channel.kind,
        "workspace_id": campaign.workspace_id, "html": rendered.html, "test": True,
    }  # fmt: skip
    # What has no subject is marked where it begins: nobody should take a test for the real thing.
    titled = bool(rendered.subject) or option.channel.kind == "email"
    return Message(
        key=0,
        idempotency_key=key,
        address=address,
        subject=MARK + rendered.subject if titled else "",
        body=rendered.body if titled else MARK + rendered.body,
        person=person_values(person),
        context=context,
        parts=_parts(option, person, campaign),
    )


def _parts(option: Option, person: Person, campaign: Campaign) -> dict[str, str]:
    """The fields besides subject and body, which variants share."""
    found = {}
    for name in part_names(option.channel.kind):
        if source := option.whole.get(name):
            rendered = render_for(campaign, person, option.channel.kind, str(source), "")
            if rendered.problem:
                raise NotAllowed(f"{option.label}, {name}: {rendered.problem}")
            found[name] = rendered.subject
    return found


def _refuse_too_many(membership: Membership, now: datetime) -> None:
    """Counted under a lock of the membership's row, so that ten at once are ten."""
    Membership.objects.select_for_update().get(pk=membership.pk)
    since = now - timedelta(minutes=1)
    made = Activity.objects.filter(actor=membership.user, action=ACTION, at__gt=since).count()
    if made >= MOST_A_MINUTE:
        raise TooMany(f"{MOST_A_MINUTE} tests a minute are enough; wait a moment.")


def _refusal(outcome: Outcome) -> str:
    words = {
        "failed": "It was refused",
        "retry": "It was not taken just now",
        "released": "It could not be handed over in time",
        "unknown": "It may have been taken, or not",
    }
    detail = outcome.detail or outcome.reason.replace("_", " ")
    return f"{words[outcome.kind]}: {detail}" if detail else f"{words[outcome.kind]}."


def find_person(membership: Membership, external_id: str) -> Person:
    """A person of the member's workspace, by the name that programs know."""
    found = Person.objects.filter(workspace=membership.workspace, external_id=external_id).first()
    if found is None:
        raise NotFound(f"There is no person “{external_id[:60]}” in this workspace.")
    return found
