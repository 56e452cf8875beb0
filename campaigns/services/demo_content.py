"""What the demo workspace holds: people, lists, a segment, labels, and a campaign of every kind, some of them at work.

Everything is made as a member would make it, through the same services; nothing leaves the sandbox. The people are made
up: addresses of example.test, numbers that are reserved for fiction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from campaigns.domain import permissions
from campaigns.models import Campaign, Membership, Workspace
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.campaigns import create_campaign
from campaigns.services.channel_actions import perform_channel
from campaigns.services.labels import create_label
from campaigns.services.people import add_to_list, create_list, upsert_people
from campaigns.services.segments import create_segment
from campaigns.services.topics import create_topic
from channels.models import Channel, Connection

PEOPLE = 240
_FIRST = (
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Katherine",
    "Donald",
    "Radia",
    "Tim",
    "Margaret",
    "Ken",
    "Frances",
)
_LAST = (
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Johnson",
    "Knuth",
    "Perlman",
    "Lee",
    "Hamilton",
    "Thompson",
)
_CITIES = (
    ("London", "Europe/London"), ("Berlin", "Europe/Berlin"), ("New York", "America/New_York"),
    ("Istanbul", "Europe/Istanbul"), ("Tokyo", "Asia/Tokyo"), ("São Paulo", "America/Sao_Paulo"),
)  # fmt: skip
_HELLO = (
    "<h1>Hello {{ person.first_name }}</h1><p>Good to have you here. Three things people like to do first:</p>"
    "<ul><li>Invite your team</li><li>Import your contacts</li><li>Send yourself a test</li></ul>"
)


@dataclass(slots=True)
class _Demo:
    """What the campaigns are made of."""

    creator: Membership
    approver: Membership
    now: datetime
    lists: dict[str, int] = field(default_factory=dict)
    connections: dict[str, int] = field(default_factory=dict)

    def channel(self, kind: str, connection: str, **content: Any) -> dict[str, Any]:
        shape: dict[str, Any] = {"kind": kind, "connection": self.connections[connection]}
        return shape | ({"content": content} if content else {})

    def make(self, **data: Any) -> Campaign:
        return create_campaign(Actor.member(self.creator), data, self.now)

    def act(self, campaign: Campaign, action: str, **params: Any) -> None:
        perform(action, campaign.pk, Actor.member(self.creator), params=params, now=self.now)

    def start_channel(self, campaign: Campaign, kind: str) -> None:
        channel = Channel.objects.get(campaign=campaign, kind=kind)
        perform_channel("start", channel.pk, Actor.member(self.creator), now=self.now)


def fill(workspace: Workspace, now: datetime) -> None:
    """Fill a new demo workspace; its members and connections are there."""
    members = {
        m.role: m for m in Membership.objects.filter(workspace=workspace).select_related("user", "workspace")
    }
    demo = _Demo(members[permissions.CREATOR], members[permissions.APPROVER], now)
    demo.connections = dict(Connection.objects.filter(workspace=workspace).values_list("name", "pk"))
    _people(demo)
    for make in CAMPAIGNS:
        make(demo)


def _people(demo: _Demo) -> None:
    workspace, user = demo.creator.workspace, demo.creator.user
    rows = [_person(number, demo.now) for number in range(PEOPLE)]
    upsert_people(workspace, rows, demo.now)
    ids = [str(row["external_id"]) for row in rows]
    for name, chosen in (
        ("Newsletter", ids),
        ("Trial accounts", ids[::3]),
        ("Spring fair visitors", ids[::4]),
    ):
        segment = create_list(workspace, name, user)
        add_to_list(segment, chosen, demo.now)
        demo.lists[name] = segment.pk
    pro = create_segment(
        workspace, "Pro customers", {"attribute": "plan", "op": "eq", "value": "pro"}, user, demo.now
    )
    demo.lists["Pro customers"] = pro.pk
    for label in ("Onboarding", "Offers", "Product news"):
        create_label(demo.creator, label)
    create_topic(demo.creator, "Offers", "Discounts and seasonal sales, about twice a month")


def _person(number: int, now: datetime) -> Mapping[str, Any]:
    first, last = _FIRST[number % len(_FIRST)], _LAST[number * 7 % len(_LAST)]
    city, zone = _CITIES[number % len(_CITIES)]
    return {
        "external_id": f"demo-{number + 1}",
        "email": f"{first}.{last}.{number + 1}@example.test".lower(),
        "phone": f"+4477009{number:05d}" if number % 5 else "",
        "timezone": zone,
        "attributes": {
            "first_name": first, "last_name": last, "city": city, "plan": ("free", "pro", "team")[number % 3],
            "birthday": f"{1960 + number % 45}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
            "renews_on": f"{now + timedelta(days=number % 60):%Y-%m-%d}",
        },
    }  # fmt: skip


def _welcome(demo: _Demo) -> None:
    """A journey that is running, with a branch, a test and a wait."""
    steps = [
        {"key": "hello", "type": "message", "name": "Say hello", "channel": "email",
         "subject": "Welcome, {{ person.first_name }}", "body": _HELLO},
        {"key": "settle", "type": "delay", "name": "Let them settle in", "for": "2 days"},
        {"key": "plan", "type": "branch", "name": "On a paid plan?",
         "if": {"attribute": "plan", "op": "in", "value": ["pro", "team"]},
         "then": [{"key": "perks", "type": "message", "name": "Paid perks", "channel": "email",
                   "subject": "Your {{ person.plan }} plan, in two minutes", "body": "<p>Here is what it adds.</p>"}],
         "else": [{"key": "offer", "type": "split", "name": "Which offer works?", "variants": [
             {"name": "Discount", "weight": 1, "steps": [
                 {"key": "discount", "type": "message", "channel": "email", "subject": "10 % off your first month",
                  "body": "<p>Use TEN by Friday.</p>"}]},
             {"name": "Longer trial", "weight": 1, "steps": [
                 {"key": "longer", "type": "message", "channel": "email", "subject": "Two more weeks, on us",
                  "body": "<p>Take your time.</p>"}]}]}]},
        {"key": "invited", "type": "wait_until", "name": "Until they invite somebody", "timeout": "7 days",
         "condition": {"event": "invited_teammate", "op": "done"}},
        {"key": "hours", "type": "window", "name": "Office hours", "days": ["mon", "tue", "wed", "thu", "fri"],
         "from": "09:00", "to": "18:00", "timezone": "person"},
        {"key": "tips", "type": "message", "name": "Tips", "channel": "in_app", "subject": "Did you know?",
         "body": "You can schedule a stop when you start."},
    ]  # fmt: skip
    campaign = demo.make(
        kind="journey", name="Welcome series", labels=["Onboarding"], workflow=steps,
        trigger={"type": "segment", "in": [[demo.lists["Trial accounts"]]]},
        goal={"condition": {"event": "purchase", "op": "done"}, "within": "14 days"},
        channels=[demo.channel("email", "Sandbox e-mail"), demo.channel("in_app", "In-app inbox")],
    )  # fmt: skip
    demo.act(campaign, "start")


def _digest(demo: _Demo) -> None:
    """A message that goes out every week and waits for approval."""
    campaign = demo.make(
        kind="message", name="Weekly digest", labels=["Product news"], audience={"segment": demo.lists["Newsletter"]},
        channels=[demo.channel("email", "Sandbox e-mail", subject="What is new this week", body="<p>Three things.</p>")],
        delivery={
            "type": "recurring", "rrule": "FREQ=WEEKLY;BYDAY=TU",
            "starts_at": (demo.now + timedelta(days=7)).replace(hour=9, minute=0, second=0, microsecond=0).isoformat(),
        },
    )  # fmt: skip
    demo.act(campaign, "submit")


def _flash_sale(demo: _Demo) -> None:
    """Texts that go out tomorrow."""
    campaign = demo.make(
        kind="sms", name="Flash sale", labels=["Offers"], topic="Offers", audience={"segment": demo.lists["Newsletter"]},
        channels=[demo.channel("sms", "Sandbox SMS", body="{{ person.first_name }}, 20 % off until midnight.")],
    )  # fmt: skip
    tomorrow = (demo.now + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    demo.act(campaign, "schedule", starts_at=tomorrow)


def _reminders(demo: _Demo) -> None:
    """Calls that nobody has scheduled yet."""
    demo.make(
        kind="voice", name="Appointment reminders", audience={"segment": demo.lists["Spring fair visitors"]},
        channels=[demo.channel("voice", "Sandbox voice", body="Hello {{ person.first_name }}, see you tomorrow at ten.")],
    )  # fmt: skip


def _launch(demo: _Demo) -> None:
    """Several channels, of which one has been started."""
    campaign = demo.make(
        kind="outreach", name="Spring launch", labels=["Offers", "Product news"],
        audience={"segment": demo.lists["Newsletter"]},
        goal={"condition": {"event": "purchase", "op": "done"}, "within": "7 days"},
        channels=[
            demo.channel("email", "Sandbox e-mail", subject="Spring is here", body="<p>Come and see.</p>"),
            demo.channel("sms", "Sandbox SMS", body="Spring is here: come and see."),
            demo.channel("voice", "Sandbox voice", body="Spring is here. Come and see."),
        ],
    )  # fmt: skip
    demo.start_channel(campaign, "email")


def _carts(demo: _Demo) -> None:
    """A flow that follows an event; inactive until somebody starts it."""
    flow = {
        "key": "abandoned", "name": "Abandoned cart", "active": True, "trigger": {"type": "event", "name": "cart_left"},
        "workflow": [
            {"key": "pause", "type": "delay", "for": "1 hours"},
            {"key": "nudge", "type": "message", "channel": "email", "subject": "You left something behind",
             "body": "<p>It is still in your cart.</p>"},
        ],
    }  # fmt: skip
    demo.make(
        kind="flow", name="Cart recovery", flows=[flow], channels=[demo.channel("email", "Sandbox e-mail")]
    )


def _renewals(demo: _Demo) -> None:
    """A strategy decides, contact by contact."""
    demo.make(
        kind="python", name="Renewal reminders", strategy="renewal_reminder",
        audience={"segment": demo.lists["Trial accounts"]},
        channels=[
            demo.channel("email", "Sandbox e-mail", subject="Your plan renews on {{ plan.renews_on }}",
                         body="<p>That is in {{ plan.days_left }} days. Nothing to do if you are happy.</p>"),
            demo.channel("sms", "Sandbox SMS", body="Your plan renews today."),
        ],
    )  # fmt: skip


CAMPAIGNS: tuple[Callable[[_Demo], None], ...] = (
    _welcome, _digest, _flash_sale, _reminders, _launch, _carts, _renewals,
)  # fmt: skip
