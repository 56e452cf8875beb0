"""/approvals/<id>/: the approver's place: what would change, for whom, and the decision on it through the gateway."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from approvals.console.inbox import shown as shown_request
from approvals.console.inbox import with_times
from approvals.models import Request
from campaigns.console.audience import sample_people
from campaigns.console.comparing import pairs, sections
from campaigns.console.detail import activity_label
from campaigns.console.pages import refusals_as_pages
from campaigns.console.rows import with_parts
from campaigns.engine.audience import audience_of
from campaigns.engine.audience_counts import count_people
from campaigns.models import Activity, Campaign
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.editing import rights
from campaigns.services.errors import ActionError, NotAllowed
from campaigns.services.impact import Impact, impact
from campaigns.services.snapshots import with_audience_of
from config.console.local_time import LocalTimeField, local_text, to_moment
from config.console.views import DetailPage

#: What can be decided here, in the order of the buttons.
DECISIONS = ("approve", "reject", "withdraw")
DONE = {
    "approve": "You have approved “{}”.",
    "reject": "You have sent “{}” back.",
    "withdraw": "You have withdrawn “{}”.",
}


class DecisionForm(forms.Form):
    """What was seen and what is said to it; times where the scheduled one has passed."""

    decision = forms.ChoiceField(choices=[(name, name) for name in DECISIONS])
    version = forms.IntegerField(widget=forms.HiddenInput)
    content_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    starts_at = LocalTimeField(label="A new time", required=False)
    start_now = forms.BooleanField(label="Send it now", required=False)
    comment = forms.CharField(
        label="Comment",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whoever asked reads it. A rejection needs one: what has to change?",
    )

    def __init__(self, data: Any = None, *, zone: str, asks_time: bool, **more: Any) -> None:
        super().__init__(data, **more)
        self.zone = zone
        if not asks_time:
            del self.fields["starts_at"], self.fields["start_now"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("decision") == "reject" and not values.get("comment", "").strip():
            self.add_error("comment", "Say what has to change: a rejection needs a comment.")
        if values.get("starts_at"):
            try:
                values["starts_at"] = to_moment(values["starts_at"], self.zone)
            except ValueError as error:
                self.add_error("starts_at", str(error))
        return values

    def params(self, request_id: int) -> dict[str, Any]:
        """What the gateway gets."""
        values = self.cleaned_data
        given = {name: values[name] for name in ("comment", "starts_at", "start_now") if values.get(name)}
        if values["decision"] == "withdraw":
            given.pop("comment", None)
        return {"request": request_id, "content_hash": values["content_hash"], **given}


class RequestPage(DetailPage):
    """One request: what differs from what was approved last, for how many, what it looks like; and the decision."""

    template_name = "approvals/request.html"
    context_name = "asked"
    warning = ""
    asked_for_time = False
    kwargs: dict[str, Any]

    @cached_property
    def asked(self) -> Request:
        """The request that the address names; another workspace's is 404."""
        found = with_times(Request.objects.visible_to(self.membership)).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    @cached_property
    def campaign(self) -> Any:
        """The campaign that it is about, with what pages show of one."""
        return with_parts(Campaign.objects.visible_to(self.membership)).get(pk=self.asked.campaign_id)

    @cached_property
    def impacts(self) -> dict[str, Impact]:
        """What each decision would do now, and why not; without those that there are not."""
        found = {}
        for name in DECISIONS if self.asked.is_open else ():
            try:
                found[name] = impact(name, self.campaign, self.membership, timezone.now())
            except NotAllowed:
                continue
        return found

    @property
    def asks_time(self) -> bool:
        """Whether its scheduled time has passed, so that approving needs another one."""
        return self.asked_for_time or (
            "approve" in self.impacts and self.impacts["approve"].asks == "start_now"
        )

    @property
    def blocked(self) -> str:
        """Why this member does not decide on it; "" where they may."""
        wanted = (self.impacts.get(name) for name in ("approve", "reject"))
        return next((one.reason for one in wanted if one is not None and not one.enabled), "")

    def get_object(self) -> Request:
        return self.asked

    def make_form(self, data: Any = None) -> DecisionForm:
        initial = {
            "version": self.campaign.version,
            "content_hash": self.asked.content_hash,
            "starts_at": local_text(self.campaign.starts_at, self.campaign.timezone),
        }
        return DecisionForm(data, zone=self.campaign.timezone, asks_time=self.asks_time, initial=initial)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.make_form(request.POST)
        if not form.is_valid():
            return self.again(form, 422)
        decision, campaign = form.cleaned_data["decision"], self.campaign
        params, version = form.params(self.asked.pk), form.cleaned_data["version"]
        try:
            with refusals_as_pages():
                perform(decision, campaign.pk, Actor.member(self.membership), params=params, version=version)
        except ActionError as error:
            return self.refused(form, error)
        messages.success(request, DONE[decision].format(campaign.name))
        if decision == "withdraw":
            return HttpResponseRedirect(reverse("campaigns:detail", args=[campaign.pk]))
        return HttpResponseRedirect(reverse("approvals:inbox"))

    def refused(self, form: DecisionForm, error: ActionError) -> HttpResponse:
        """The page as it is now, with why not; a comment that was typed stays."""
        self.warning = error.message
        for name in ("asked", "campaign", "impacts"):
            self.__dict__.pop(name, None)
        self.asked_for_time = "start_now" in error.fields
        # The page shows the request as it is now, so that a second press is about that.
        present = {"version": self.campaign.version, "content_hash": self.asked.content_hash}
        again = self.make_form({**form.data.dict(), **present})  # type: ignore[attr-defined]
        again.full_clean()
        for path, text in error.fields.items():
            if path in again.fields and path not in ("version", "content_hash"):
                again.add_error(path, text)
        return self.again(again, error.status)

    def again(self, form: DecisionForm, status: int) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("form", self.make_form())
        now = timezone.now()
        return super().get_context_data(
            campaign=self.campaign,
            outcome=shown_request(self.asked, now),
            decisions=self.asked.decisions.select_related("decided_by").order_by("id"),
            impacts=self.impacts,
            blocked=self.blocked,
            asks_time=self.asks_time,
            warning=self.warning,
            rights=rights(self.campaign, self.membership, now) if self.asked.is_open else None,
            activity=self._activity(),
            **self._newer(),
            **self._contents(),
            **kwargs,
        )

    def _contents(self) -> dict[str, Any]:
        """What differs, and the messages and people of this version."""
        before, after = self.asked.baseline, self.asked.snapshot
        draft = with_audience_of(self.campaign, after)
        audience = audience_of(draft)
        people = sample_people(draft, 10) if audience else []
        wanted = self.request.GET.get("person", "")
        person = next((one for one in people if str(one.pk) == wanted), people[0] if people else None)
        return {
            "is_first": not before,
            "sections": sections(before, after),
            "count": count_people(audience) if audience else 0,
            "people": people,
            "person": person,
            "pairs": pairs(self.campaign, person, before, after) if person else [],
        }

    def _newer(self) -> dict[str, Any]:
        """The request that took this one's place, and what changed between them."""
        found = Request.objects.filter(campaign=self.asked.campaign_id, pk__gt=self.asked.pk)
        newer = None if self.asked.is_open else found.order_by("-pk").first()
        changes = sections(self.asked.snapshot, newer.snapshot) if newer else []
        return {"newer": newer, "since": [section for section in changes if section.rows]}

    def _activity(self) -> list[dict[str, Any]]:
        rows = Activity.objects.filter(campaign_id=self.asked.campaign_id).order_by("-id")[:12]
        return [{"activity": row, "label": activity_label(row)} for row in rows]
