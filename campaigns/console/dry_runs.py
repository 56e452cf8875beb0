"""/campaigns/<id>/dry-run/: what would happen to a sample, or to one person; and why somebody is in it or not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from campaigns.console.pages import CampaignPage
from campaigns.console.previews import drawing_of, plain_text
from campaigns.console.step_words import icon_of, title_of, type_label
from campaigns.domain.programs import programs_of
from campaigns.models import Person
from campaigns.services.dry_run import ASSUMED, SAMPLE, DryRun, dry_run, sample
from campaigns.services.errors import Invalid
from campaigns.services.explaining import explain
from campaigns.services.walking import Walk

#: Candidates that a search by name offers.
OFFERED = 10


class DryRunPage(CampaignPage):
    """A sample of a hundred, with the steps they would come to; or one person's way, step by step."""

    template_name = "campaigns/dry_run.html"
    tab = "Dry run"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        asked, now = self.request.GET, timezone.now()
        query, flow = asked.get("q", "").strip(), asked.get("flow", "")
        flows = [program for program in programs_of(self.campaign) if program.flow]
        context |= {"q": query, "flow": flow, "flows": flows, "assumed": ASSUMED, "size": SAMPLE}
        person = self._person(asked.get("person", ""))
        try:
            if person is None:
                run = dry_run(self.campaign, sample(self.campaign, now, flow), now, flow)
                return {**context, **_of_sample(run), "found": self._found(query)}
            run = dry_run(self.campaign, [person], now, flow)
        except Invalid as error:
            raise Http404(str(error)) from error
        told = explain(self.campaign, person, now)
        return {
            **context,
            "person": person,
            "told": told,
            "walk": run.walks[0],
            "visits": _visits(run.walks[0]),
        }

    def _people(self) -> QuerySet[Any]:
        return Person.objects.filter(workspace_id=self.campaign.workspace_id)

    def _person(self, given: str) -> Person | None:
        if not given:
            return None
        found = self._people().filter(pk=given).first() if given.isascii() and given.isdigit() else None
        if found is None:
            raise Http404
        return found

    def _found(self, query: str) -> list[Person] | None:
        """Whom the search might mean; None where nothing was searched for."""
        return list(self._people().known_as(query).order_by("id")[:OFFERED]) if query else None


def _of_sample(run: DryRun) -> dict[str, Any]:
    total = len(run.walks)
    ends = Counter(walk.end for walk in run.walks if walk.end)
    return {
        "walks": run.walks,
        "total": total,
        "steps": [
            {**step, "people": run.reached.get(step["key"], 0), "share": _share(run.reached.get(step["key"], 0), total)}
            for step in _steps(run)
        ],
        "ends": ends.most_common(),
        "sent": sum(walk.messages for walk in run.walks),
    }  # fmt: skip


def _share(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def _steps(run: DryRun) -> list[dict[str, Any]]:
    if run.program is None:
        nodes = {visit.node.key: visit.node for walk in run.walks for visit in walk.visits}.values()
    else:
        nodes = run.program.graph().values() if run.program.workflow else []
    return [_step(node) for node in nodes]


def _step(node: Any) -> dict[str, Any]:
    # Of a kind without steps a message stands for its channel; it was never written as a step.
    step = {"type": node.step.type, "channel": node.step.channel}
    label = type_label(step)
    name = title_of(node.step.raw) if node.step.key != node.step.channel else ""
    return {
        "key": node.key,
        "icon": icon_of(step),
        "title": label,
        "name": name if name != label else "",
        "depth": node.depth,
    }


def _visits(walk: Walk) -> list[dict[str, Any]]:
    """The steps of one person's way, with the message drawn as it would arrive."""
    return [
        {
            **_step(visit.node),
            "visit": visit,
            "drawing": drawing_of(visit.node.step.channel) if visit.message else "",
            "plain": plain_text(visit.message.body) if visit.message and visit.message.html else "",
        }
        for visit in walk.visits
    ]
