"""“Start from an existing email”: choose one of any campaign, see it, take it over into the form. Nothing is saved by it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse

from campaigns.console.audience import sample_people
from campaigns.console.editing import EditPage
from campaigns.console.forms import VersionForm
from campaigns.console.previews import drawing_of
from campaigns.console.taken_email import asked_email
from campaigns.console.workflow_pages import OfWorkflow
from campaigns.domain import workflow_editing as drawing
from campaigns.domain.steps import MESSAGE
from campaigns.services.existing_emails import EMAIL, MOST_SHOWN, ExistingEmail, existing_emails
from campaigns.services.previewing import render_for
from config.console.numbers import whole


class _Choice(EditPage):
    """One page: the choice so far is in its address, so that Back goes one choice back."""

    template_name = "campaigns/existing_emails.html"
    form_class: type[forms.Form] = VersionForm

    def form_url(self) -> str:
        """The form that the email is for."""
        raise NotImplementedError

    def kept(self) -> dict[str, str]:
        """What the form has to be told besides."""
        return {}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseNotAllowed(["GET"])

    def context(self) -> dict[str, Any]:
        chosen, search = asked_email(self), self.request.GET.get("q", "")[:200]
        values = {
            **super().context(),
            "form_url": self.form_url(),
            "kept": self.kept(),
            "search": search,
            "chosen": chosen,
        }
        if chosen is None:
            emails = existing_emails(self.membership, search)
            return {**values, "emails": [(one, self._query(one)) for one in emails], "most": MOST_SHOWN}
        person = next(iter(sample_people(self.campaign, 1)), None)
        shown = render_for(self.campaign, person, EMAIL, chosen.subject, chosen.body) if person else None
        return {
            **values, "person": person, "rendered": shown, "drawn": drawing_of(EMAIL), "take": self._query(chosen),
        }  # fmt: skip

    def _query(self, email: ExistingEmail) -> str:
        return urlencode({**self.kept(), "from": email.campaign.pk, "text": email.key})


class EmailForStep(_Choice, OfWorkflow):
    """For a message step of a workflow."""

    heading = "Start from an existing email"

    def prepare(self) -> None:
        try:
            step = drawing.place_of(self.drawn.workflow, self.kwargs["key"]).step
        except drawing.EditError as error:
            raise Http404 from error
        if step.get("type") != MESSAGE:
            raise Http404

    def form_url(self) -> str:
        return self.address("step", self.kwargs["key"])


class EmailForChannel(_Choice):
    """For an email channel of a campaign; ``block`` is its place in the form, where it may not have been saved yet."""

    section, heading = "what", "Start from an existing email"

    def form_url(self) -> str:
        return reverse("campaigns:edit-what", args=[self.campaign.pk])

    def kept(self) -> dict[str, str]:
        return {"block": str(whole(self.request.GET.get("block", "")) or 0)}
