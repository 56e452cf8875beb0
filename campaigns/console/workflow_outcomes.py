"""/campaigns/<id>/analytics/ of journeys and flows: the funnel through the workflow as picture, table and CSV.

Everything is read from counts, whatever the audience. Only what a split's variants led to is counted from the people
themselves, and only when somebody asks for it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import slugify
from django.views.generic import View

from campaigns.console.pages import CampaignPage, OfCampaign
from campaigns.console.step_funnel import Row, picture_of, rows_of, table_lines, totals
from campaigns.domain.flows import is_locked
from campaigns.domain.goals import goal_of
from campaigns.domain.import_file import escape_formula
from campaigns.domain.programs import BY_STEPS, Program, programs_of
from campaigns.domain.workflow import flow_of
from campaigns.services.counts import journey_step_counts, message_step_counts
from campaigns.services.segments import condition_words
from campaigns.services.splits import results_of

#: The columns about messages, and what else became of them.
SHOWN = ("sent", "delivered", "opened", "clicked", "converted")
REST = ("failed", "skipped", "cancelled", "recalled", "unknown", "pending", "drafted")
_HEADING = ("flow", "step", "name", "type", "arrived", "here_now", "went_on", "finished", "left")
_TILES = (("Entered", "entered"), ("Inside now", "active"), ("Finished", "finished"), ("Exited", "exited"))


class _Counted(OfCampaign):
    """The counts of a campaign by step: two queries."""

    def count(self) -> None:
        self.people = journey_step_counts(self.campaign.pk)
        self.messages = message_step_counts([row["id"] for row in self.campaign.channel_rows])

    @property
    def programs(self) -> list[Program]:
        """Its workflows, and what is left of flows that have been removed."""
        found = list(programs_of(self.campaign))
        known = {program.flow for program in found}
        gone = sorted({flow_of(key) for key in (*self.people, *self.messages)} - known)
        return found + [Program(flow, f"{flow} (removed)", False, {}, {}, []) for flow in gone if flow]

    def rows(self, program: Program) -> list[Row]:
        return rows_of(program, self.people, self.messages)


class WorkflowOutcomes(_Counted, CampaignPage):
    """The tab: one workflow at a time."""

    template_name = "campaigns/workflow_outcomes.html"
    tab = "Analytics"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        self.count()
        programs, goal = self.programs, goal_of(self.campaign.goal)
        wanted = self.request.GET.get("flow", "")
        program = next((one for one in programs if one.flow == wanted), programs[0] if programs else None)
        rows = self.rows(program) if program else []
        counts = totals(program, self.people, self.messages) if program else {}
        tiles = [(label, counts.get(name, 0), name != "entered") for label, name in _TILES]
        if goal:
            tiles.append(("Converted", counts.get("converted", 0), True))
        return {
            **context,
            "programs": programs if self.campaign.kind == "flow" else [],
            "program": program,
            "rows": rows,
            "picture": picture_of(rows),
            "numbers": tiles,
            "entered": counts.get("entered", 0),
            "shown": SHOWN if goal else SHOWN[:-1],
            "rest": REST,
            "has_split": any(row.is_split for row in rows),
            "split": self._split(program, rows),
            "goal": condition_words(self.campaign.goal["condition"]) if goal else "",
            "goal_within": self.campaign.goal.get("within", "") if goal else "",
        }

    def _split(self, program: Program | None, rows: Sequence[Row]) -> dict[str, Any] | None:
        """What the variants of the split that the address names led to."""
        wanted = self.request.GET.get("split", "")
        row = next((row for row in rows if row.is_split and row.own_key == wanted), None)
        if row is None or program is None:
            return None
        results = results_of(self.campaign, program, program.graph()[row.key])
        variants = [
            {"name": name, "entered": entered, "converted": converted, "is_winner": name == row.winner}
            for name, (entered, converted) in results.items()
        ]
        pk, flow = self.campaign.pk, program.flow
        name, args = ("flow", [pk, flow]) if flow else ("what", [pk])
        locked = bool(flow) and is_locked(self.campaign, flow)
        winner = "split-winner" if locked else f"edit-{name}-winner"
        return {
            "row": row,
            "variants": variants,
            "is_locked": locked,
            "edit_url": reverse(f"campaigns:edit-{name}-step", args=[*args, row.own_key]),
            "winner_url": reverse(f"campaigns:{winner}", args=[*args, row.own_key]),
        }


class WorkflowTable(_Counted, View):
    """The table of all its workflows as CSV."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.campaign.kind not in BY_STEPS:
            raise Http404
        self.count()
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        name = slugify(self.campaign.name)[:60] or "campaign"
        response["Content-Disposition"] = f'attachment; filename="{name}-steps.csv"'
        writer = csv.writer(response)
        writer.writerow([*_HEADING, *SHOWN, *REST])
        for program in self.programs:
            flow = program.name if program.flow else ""
            for line in table_lines(flow, self.rows(program), (*SHOWN, *REST)):
                writer.writerow([escape_formula(cell) if isinstance(cell, str) else cell for cell in line])
        return response
