"""/campaigns/<id>/contacts/ of a python campaign (seed 002): each contact's stage, what comes next and what has been."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, Sum

from campaigns.console.ledger import LOOKS, PAGE, why
from campaigns.console.pages import CampaignPage
from campaigns.domain.strategies import STAGE_ENDS
from campaigns.engine.audience import audience_of
from campaigns.engine.audience_counts import count_people
from campaigns.models import StrategyContact, StrategyRun
from campaigns.services.strategies import stages_of, strategy_of
from channels.domain import states as cs
from channels.models import Delivery, Tally
from config.console.numbers import whole
from config.console.paging import keyset_page

#: The columns of the table of stages, after the communications that were planned.
OUTCOMES = (
    "pending",
    "sent",
    "delivered",
    "opened",
    "clicked",
    "converted",
    "failed",
    "skipped",
    "cancelled",
)
_GONE = (cs.SENT, cs.SENDING, cs.UNKNOWN, cs.FAILED)


@dataclass(slots=True)
class ContactRow:
    """A contact of the present run as the page shows them."""

    contact: StrategyContact
    communications: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stage(self) -> Mapping[str, str] | None:
        """That of the latest communication that has gone out; before the first one, None."""
        gone = [entry for entry in self.communications if entry["delivery"].status in _GONE]
        return gone[-1]["stage"] if gone else None

    @property
    def next(self) -> dict[str, Any] | None:
        """The next communication that is to go out."""
        return next((e for e in self.communications if e["delivery"].status == cs.PENDING), None)


def stage_key(step: str) -> str:
    """The stage that a step of the ledger belongs to."""
    return step.partition(STAGE_ENDS)[0]


def stage_funnel(campaign: Any, run: StrategyRun | None) -> list[dict[str, Any]]:
    """What has become of the communications of each stage in a run: planned, and the outcomes. One query, of counts."""
    counts: dict[str, dict[str, int]] = {}
    if run is not None:
        channels = [row["id"] for row in campaign.channel_rows]
        tallies = Tally.objects.filter(channel_id__in=channels, run=run.number)
        for step, status, n in tallies.values_list("step", "status").annotate(total=Sum("n")).order_by():
            stage = counts.setdefault(stage_key(step), {})
            stage[status] = stage.get(status, 0) + n
            if status in cs.DELIVERY_STATUSES:
                stage["planned"] = stage.get("planned", 0) + n
    known = stages_of(campaign)
    known += [
        {"key": key, "name": key, "colour": "secondary"}
        for key in counts
        if key not in {s["key"] for s in known}
    ]
    return [
        {
            "stage": stage,
            "planned": counts.get(stage["key"], {}).get("planned", 0),
            "cells": [(name, counts.get(stage["key"], {}).get(name, 0)) for name in OUTCOMES],
            "sent": counts.get(stage["key"], {}).get(cs.SENT, 0),
        }
        for stage in known
    ]


def latest_run(campaign: Any) -> StrategyRun | None:
    """The run that goes on, else the last one."""
    return StrategyRun.objects.filter(campaign_id=campaign.pk).order_by("-number").first()


class StagesPage(CampaignPage):
    """The Analytics tab: what became of the communications of each stage, run by run."""

    template_name = "campaigns/stages.html"
    tab = "Analytics"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        runs = list(StrategyRun.objects.filter(campaign_id=self.campaign.pk).order_by("-number")[:20])
        wanted = whole(self.request.GET.get("run"))
        run = next((run for run in runs if run.number == wanted), runs[0] if runs else None)
        funnel = stage_funnel(self.campaign, run)
        return super().get_context_data(
            runs=runs,
            run=run,
            funnel=funnel,
            outcomes=OUTCOMES,
            strategy=strategy_of(self.campaign),
            **kwargs,
        )


class ContactsPage(CampaignPage):
    """The contacts of the latest run, by what the strategy answered."""

    template_name = "campaigns/contacts.html"
    tab = "Contacts"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        run = latest_run(self.campaign)
        status = self.request.GET.get("status", "")
        status = status if status in dict(StrategyContact.STATUSES) else ""
        page = self._page(run, status) if run else None
        audience = audience_of(self.campaign)
        return {
            **context,
            "run": run,
            "status": status,
            "statuses": StrategyContact.STATUSES,
            "strategy": strategy_of(self.campaign),
            "total": count_people(audience) if audience else 0,
            "page": page,
            "contacts": contact_rows(self.campaign, page.rows) if page else [],
        }

    def _page(self, run: StrategyRun, status: str) -> Any:
        rows = StrategyContact.objects.filter(campaign_id=self.campaign.pk, run=run.number).select_related(
            "person"
        )
        if status:
            rows = rows.filter(status=status)
        return keyset_page(rows, ["person_id"], self.request.GET.get("cursor", ""), PAGE)


def contact_rows(campaign: Any, contacts: Iterable[StrategyContact]) -> list[ContactRow]:
    """The contacts with their communications, in the order in which those are due: one query for all of them."""
    rows = {contact.person_id: ContactRow(contact) for contact in contacts}
    if not rows:
        return []
    stages = {stage["key"]: stage for stage in stages_of(campaign)}
    channels = {row["id"]: row["kind"] for row in campaign.channel_rows}
    number = next(iter(rows.values())).contact.run
    # ``+ 0``: by the people's own index, never along a channel that may have a million of them.
    found = Delivery.objects.alias(of=F("channel_id") + 0).filter(
        of__in=list(channels), person_id__in=list(rows), run=number
    )
    for delivery in sorted(found, key=_when):
        key = stage_key(delivery.step)
        stage = stages.get(key, {"key": key, "name": key, "colour": "secondary"})
        rows[delivery.person_id].communications.append(
            {
                "delivery": delivery, "stage": stage, "kind": channels[delivery.channel_id], "why": why(delivery),
                "look": LOOKS[delivery.status],
            }
        )  # fmt: skip
    return list(rows.values())


def _when(delivery: Delivery) -> tuple[datetime, int]:
    return delivery.sent_at or delivery.due_at, delivery.pk
