"""What tests of python campaigns have in common."""

from __future__ import annotations

from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from channels.engine.dispatch import dispatch_channel
from channels.models import Delivery, SandboxMessage

GOOD = ("EveryoneAtOnce", "ThreeStages", "SomeFail")
BAD = (
    "Raises", "PrintsAMegabyte", "LoopsForEver", "ReturnsNonsense", "EndsTheProcess", "TakesAllMemory", "EndlessPlan",
    "Exits", "WrongStage",
)  # fmt: skip
ALL = [*(f"tests.strategies.good.{name}" for name in GOOD), *(f"tests.strategies.bad.{name}" for name in BAD)]


def send(campaign, now):
    for channel in campaign.channels.all():
        dispatch_channel(channel.pk, now=now)


def rows(campaign, **filters):
    found = Delivery.objects.filter(channel__campaign=campaign, **filters).order_by("person_id", "step")
    return list(found.values_list("run", "step", "status", "reason"))


def texts(campaign):
    return list(SandboxMessage.objects.filter(channel__campaign=campaign).values_list("subject", "body"))


def stop_and_start(campaign, creator, now):
    perform("stop", campaign.pk, Actor.member(creator), now=now)
    duties.work_on(campaign.pk, now)
    perform("start", campaign.pk, Actor.member(creator), now=now)
    duties.work_on(campaign.pk, now)
