"""/campaigns/new/ and /campaigns/<id>/edit/…: kind, then who, what, when, and a review. A draft is saved at every step."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from campaigns.console.audience import conditions_in_words, with_conditions
from campaigns.console.diagrams import diagram_of
from campaigns.console.forms import NameForm, NewCampaignForm, WhenForm, WhoForm
from campaigns.console.outcomes import DONE, VERBS, Becoming, becoming, typed_text
from campaigns.console.pages import OfCampaign, refusals_as_pages
from campaigns.console.setup_steps import SETUP_STATUSES, STEPS, STEPS_OF, steps_of_setup
from campaigns.domain.editing import EditRule
from campaigns.domain.lifecycles import BY_KIND
from campaigns.models import Label, Topic
from campaigns.services.actors import Actor
from campaigns.services.campaigns import create_campaign
from campaigns.services.editing import rights, save_edit
from campaigns.services.errors import ActionError, EditsDiscarded, Invalid, Stale
from campaigns.services.trials import as_proposed
from config.console.local_time import LocalTimeField, local_text, to_moment
from config.console.views import FormPage

NEXT = {"who": "what", "what": "when", "when": "review"}


class NewCampaign(FormPage):
    """Choose the kind from cards that draw its lifecycle, and give it a name: that is a draft already."""

    template_name = "campaigns/new.html"
    form_class = NewCampaignForm
    write_ability = "edit_campaigns"
    refusals = (ActionError,)

    def context(self) -> dict[str, Any]:
        kinds = [
            {"lifecycle": lifecycle, "diagram": diagram_of(lifecycle, compact=True)}
            for lifecycle in BY_KIND.values()
        ]
        return {"title": "New campaign", "kinds": kinds}

    def save(self, form: Any) -> str:
        values = {"kind": form.cleaned_data["kind"], "name": form.cleaned_data["name"]}
        campaign = create_campaign(Actor.member(self.membership), values, timezone.now())
        first, _ = STEPS_OF.get(campaign.kind, STEPS)[0]
        return reverse(f"campaigns:edit-{first}", args=[campaign.pk])


class EditPage(OfCampaign, FormPage):
    """A section of a campaign. What the table of editable sections refuses is said, and nothing is changed."""

    section = heading = ""
    refusals = (ActionError,)
    write_ability = "edit_campaigns"
    is_prefilled = False

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.open_sections():
            messages.warning(request, self.closed_words())
            return HttpResponseRedirect(self.campaign_url)
        with as_proposed(self.campaign) as self.is_prefilled:
            self.prepare()
            return super().get(request, *args, **kwargs)

    def prepare(self) -> None:
        """What a page reads beside its form, before that is shown the first time."""

    @cached_property
    def rule(self) -> EditRule:
        """What this member may edit now, and what becomes of it."""
        return rights(self.campaign, self.membership, timezone.now())

    @cached_property
    def becoming(self) -> Becoming:
        """The same in words, for this section."""
        return becoming(self.campaign, self.section, self.rule)

    @property
    def is_setup(self) -> bool:
        """Whether this is a step on the way to a first version, one after the other."""
        return self.campaign.status in SETUP_STATUSES and self.becoming.verb == VERBS["save"]

    def open_sections(self) -> list[str]:
        return [section for section in self.sections if section == self.section]

    def closed_words(self) -> str:
        """Why the page cannot be used now."""
        words = self.rule.popup if self.rule.outcome == "discard" else ""
        label = self.campaign.look.label
        return words or f"{self.section.capitalize()} cannot be edited while the campaign is {label}."

    @property
    def saved_as(self) -> str:
        """What it is called where it says that it has been saved."""
        return self.heading.lower()

    def payload(self, form: Any) -> dict[str, Any]:
        return form.payload()

    def save(self, form: Any) -> str:
        return self.store(self.payload(form), form.cleaned_data.get("version"))

    def store(self, payload: dict[str, Any], version: int | None) -> str:
        """Hand the section to the service; returns where to go on."""
        params, now = self.times(), timezone.now()
        with refusals_as_pages():
            edited = save_edit(self.campaign.pk, self.actor, payload, version, now, params=params)
        messages.success(self.request, DONE[edited.outcome].format(self.saved_as))
        return self.following_url() if edited.outcome == "save" else self.campaign_url

    def times(self) -> dict[str, Any]:
        """When it goes out, where its scheduled time has passed and publishing it asks for another one."""
        if not self.becoming.asks_time:
            return {}
        chosen, typed = self.request.POST.get("publish"), self.request.POST.get("publish_at", "")
        if chosen == "now":
            return {"start_now": True}
        if chosen != "at" or not typed:
            raise Invalid.field(
                "publish", "Its scheduled time has passed: send it now, or choose a new time."
            )
        try:
            return {"starts_at": to_moment(LocalTimeField().clean(typed), self.campaign.timezone)}
        except (forms.ValidationError, ValueError) as error:
            text = error.messages[0] if isinstance(error, forms.ValidationError) else str(error)
            raise Invalid.field("publish_at", text) from error

    def following_url(self) -> str:
        """The next step of a draft; the campaign itself otherwise, or where “Save” was pressed."""
        if not self.is_setup or self.section not in NEXT:
            return self.campaign_url
        if self.request.POST.get("then") == "stay":
            return self.request.path
        following = NEXT[self.section]
        name = "campaigns:review" if following == "review" else f"campaigns:edit-{following}"
        return reverse(name, args=[self.campaign.pk])

    def refused(self, form: forms.Form, refusal: Exception) -> HttpResponse:
        """A stale version: what was typed is kept, and pressing again saves it over what has changed.

        What is discarded comes back as text that can be copied: nothing of it has been saved.
        """
        if isinstance(refusal, EditsDiscarded):
            return self.discarded(form, refusal)
        if isinstance(refusal, Stale):
            del self._campaign
            form.data = form.data.copy()  # type: ignore[attr-defined]
            form.data["version"] = str(self.campaign.version)
        return super().refused(self._named(form, refusal), refusal)

    def discarded(self, form: forms.Form, refusal: EditsDiscarded) -> HttpResponse:
        """The page that says so, with what was typed."""
        typed = typed_text(self.payload(form), self.workspace)
        values = {**EditPage.context(self), "view": self, "reason": refusal.message, "typed": typed}
        return render(self.request, "campaigns/edit_discarded.html", values, status=refusal.status)

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        """Problems are named by the API's paths (audience.segment); show those without a field above the form."""
        for path, text in getattr(refusal, "fields", {}).items():
            if path.split(".")[0] not in form.fields:
                form.add_error(None, text)
        return form

    def initial(self) -> dict[str, Any]:
        return {"version": self.campaign.version}

    def context(self) -> dict[str, Any]:
        return {
            "title": f"{self.heading}: {self.campaign.name}",
            "campaign": self.campaign,
            "steps": steps_of_setup(self.campaign, self.section) if self.is_setup else [],
            "section": self.section,
            "becoming": self.becoming,
            "is_prefilled": self.is_prefilled,
            "back_url": self.campaign_url,
            "back_label": self.campaign.name,
            "is_setup": self.is_setup,
        }


class EditAny(OfCampaign, View):
    """/campaigns/<id>/edit/: the first section that may be edited."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        for section in ("who", "what", "when", "name"):
            if section in self.sections:
                return HttpResponseRedirect(reverse(f"campaigns:edit-{section}", args=[self.campaign.pk]))
        messages.warning(request, f"Nothing can be edited while the campaign is {self.campaign.look.label}.")
        return HttpResponseRedirect(self.campaign_url)


class EditName(EditPage):
    """Name and labels."""

    section, heading = "name", "Name and labels"
    template_name = "campaigns/edit_name.html"
    form_class = NameForm

    def open_sections(self) -> list[str]:
        return [section for section in self.sections if section in ("name", "labels")]

    def initial(self) -> dict[str, Any]:
        labels = ", ".join(self.campaign.label_names)
        topic = self.campaign.topic.name if self.campaign.topic else ""
        return {**super().initial(), "name": self.campaign.name, "labels": labels, "topic": topic}

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        topics = Topic.objects.filter(workspace=self.workspace).values_list("name", flat=True)
        return NameForm(data, files, topics=list(topics), initial=self.initial())

    def payload(self, form: Any) -> dict[str, Any]:
        return form.payload(self.sections)

    def context(self) -> dict[str, Any]:
        names = Label.objects.filter(workspace=self.workspace).values_list("name", flat=True)
        return {**super().context(), "label_names": names}


class EditWho(EditPage):
    """The audience: a list. What lets people into a journey is in trigger_pages.py."""

    section, heading = "who", "Who"
    template_name = "campaigns/edit_who.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        form = WhoForm(data, files, workspace=self.workspace, initial=self.initial())
        if self.campaign.audience_condition:
            form.fields["segment"].empty_label = "Everybody who meets the condition"  # type: ignore[attr-defined]
        return form

    def payload(self, form: Any) -> dict[str, Any]:
        return with_conditions(form.payload(), self.campaign)

    def context(self) -> dict[str, Any]:
        return {**super().context(), "asked": conditions_in_words(self.campaign)}

    def initial(self) -> dict[str, Any]:
        frequency = self.campaign.frequency
        return {
            **super().initial(),
            "segment": self.campaign.segment_id,
            "frequency": next(iter(frequency), "once"),
            "every": frequency.get("at_most_every", ""),
        }


class EditWhen(EditPage):
    """The schedule and its time zone."""

    section, heading = "when", "When"
    template_name = "campaigns/edit_when.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        return WhenForm(data, files, kind=self.campaign.kind, initial=self.initial())

    def initial(self) -> dict[str, Any]:
        campaign = self.campaign
        return {
            **super().initial(),
            "timezone": campaign.timezone,
            "mode": "at" if campaign.starts_at else "now",
            "starts_at": local_text(campaign.starts_at, campaign.timezone),
            "stops_at": local_text(campaign.stops_at, campaign.timezone),
        }

    def save(self, form: Any) -> str:
        following = super().save(form)
        if form.twice:
            messages.info(
                self.request,
                "The clocks show that time twice on that day (they go back); the first one is meant.",
            )
        return following
