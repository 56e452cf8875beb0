"""Saving a workflow with people inside: first it is said how many stand at each step that changes, and what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render

from campaigns.console.step_words import title_of
from campaigns.domain.live_edits import ADDED
from campaigns.domain.programs import BY_STEPS
from campaigns.domain.workflow import qualified, steps_in, workflow_errors
from campaigns.models import Campaign
from campaigns.services.live_edits import LiveChange, preview, standing_at
from campaigns.services.workflow_edits import fingerprint

if TYPE_CHECKING:
    from campaigns.console.workflow_pages import EditWorkflow

WORDS = {
    "removed": "removed", "changed": "changed", "moved": "moved", "added": "new", "retyped": "another type now",
}  # fmt: skip


def people_at(campaign: Campaign, flow: str = "") -> dict[str, int]:
    """The people at each step of a workflow, by the step's own key; no query before the first start."""
    if campaign.started_at is None or campaign.kind not in BY_STEPS:
        return {}
    prefix = qualified(flow, "")
    return {key.removeprefix(prefix): n for key, n in standing_at(campaign).items() if key.startswith(prefix)}


def saved_with_people(page: EditWorkflow) -> HttpResponse | None:
    """The page that asks first; None where nobody is inside, nothing changes for them, or it has been confirmed."""
    drawn, campaign = page.drawn, page.campaign
    if not drawn.is_edited or drawn.is_stale or not page.open_sections():
        return None
    inside = sum(people_at(campaign, page.flow).values())
    posted = page.request.POST
    if (
        not inside
        or posted.get("confirmed") == fingerprint(drawn.workflow)
        or workflow_errors(drawn.workflow)
    ):
        return None
    found = preview(campaign, drawn.saved, drawn.workflow, page.flow)
    if not found:
        return None
    page.prepare()
    kept = [
        (name, value) for name, value in posted.items() if name not in ("csrfmiddlewaretoken", "confirmed")
    ]
    values = {
        **page.context(), "view": page, "form": page.make_form(), "inside": inside, "kept": kept,
        "changes": shown_changes(found, drawn.saved, drawn.workflow, page.flow),
        "confirmed": fingerprint(drawn.workflow),
    }  # fmt: skip
    return render(page.request, "campaigns/workflow_confirm.html", values)


def shown_changes(found: list[LiveChange], old: Any, new: Any, flow: str) -> list[dict[str, Any]]:
    """The changes with the names of their steps; those that concern somebody now come first."""
    titles = {
        qualified(flow, str(place.step.get("key"))): title_of(place.step)
        for tree in (old, new)
        for place in steps_in(tree)
    }
    rows = [
        {
            "title": titles.get(one.change.key, one.change.key), "word": WORDS[one.change.what],
            "people": one.people, "sentence": one.change.sentence, "is_new": one.change.what == ADDED,
        }
        for one in found
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (not row["people"], row["is_new"]))
