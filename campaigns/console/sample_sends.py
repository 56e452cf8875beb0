"""/campaigns/<id>/test/: one of its messages to the member's own address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from campaigns.console.pages import OfCampaign, refusals_as_pages
from campaigns.models import Person
from campaigns.services.errors import ActionError
from campaigns.services.previewing import sample_people
from campaigns.services.sample_sends import MOST_A_MINUTE, Option, options_of, send_test
from config.console.views import FormPage, is_fragment


class SampleSendForm(forms.Form):
    """Which text, as which person; the number, where the text goes to a telephone."""

    option = forms.ChoiceField(label="Message")
    person = forms.ChoiceField(label="As it would be for")
    to = forms.CharField(
        label="Your telephone number", required=False, max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        help_text="With its country code. E-mail goes to your own address by itself.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, options: list[Option], people: list[Person], **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["option"].choices = [(option.key, option.label) for option in options]  # type: ignore[attr-defined]
        self.fields["person"].choices = [(str(person.pk), person.display_name) for person in people]  # type: ignore[attr-defined]
        if not any(option.kind.address == "phone" for option in options):
            del self.fields["to"]


class SampleSend(OfCampaign, FormPage):
    """Says where it goes, sends it, and stays, for another one."""

    template_name = "campaigns/sample_send.html"
    write_ability = "edit_campaigns"
    refusals = (ActionError,)
    said = ""

    @property
    def options(self) -> list[Option]:
        if not hasattr(self, "_options"):
            self._options = options_of(self.campaign)
            self._people = sample_people(self.campaign, 10)
        return self._options

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        options, asked = self.options, self.request.GET
        initial = {
            "option": asked.get("option", ""),
            "person": asked.get("person", ""),
            "to": asked.get("to", ""),
        }
        return SampleSendForm(data, options=options, people=self._people, initial=initial)

    def save(self, form: Any) -> str:
        values = form.cleaned_data
        option = next(option for option in self.options if option.key == values["option"])
        person = next(person for person in self._people if str(person.pk) == values["person"])
        to = values.get("to", "") if option.kind.address == "phone" else ""
        with refusals_as_pages():
            sent = send_test(self.campaign, self.actor, option, timezone.now(), person=person, to=to)
        self.said = sent.words
        if not is_fragment(self.request):
            messages.success(self.request, sent.words)
        return f"{self.request.path}?{self.request.GET.urlencode()}"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """From a dialog nobody is led away: what is being typed behind it stays."""
        response = super().post(request, *args, **kwargs)
        return self.show(self.make_form(request.POST)) if self.said and is_fragment(request) else response

    def context(self) -> dict[str, Any]:
        back = self.request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(back, allowed_hosts={self.request.get_host()}):
            back = self.campaign_url
        return {
            "title": f"Test send: {self.campaign.name}",
            "campaign": self.campaign,
            "options": self.options,
            "people": self._people,
            "address": self.membership.user.email,
            "most": MOST_A_MINUTE,
            "said": self.said,
            "back_url": back,
            "back_label": self.campaign.name,
            "what_url": reverse("campaigns:edit-what", args=[self.campaign.pk]),
        }
