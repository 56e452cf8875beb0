"""/campaigns/<id>/channels/<channel>/actions/remarket/: whom of a finished channel another one is for, and what they get."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse

from campaigns.console.audience import sample_people
from campaigns.console.content_forms import Block, kinds_for, posted_blocks, usable_connections
from campaigns.console.forms import VersionForm
from campaigns.console.pages import SHOWN_REFUSALS, OfCampaign, refusals_as_pages
from campaigns.console.what import PROPERTIES, place_error
from campaigns.domain.remarketing import OUTCOMES
from campaigns.services.channel_actions import offer_remarketing, perform_channel
from campaigns.services.impact import people
from channels.domain.kinds import KINDS
from channels.models import Channel
from config.console.numbers import whole
from config.console.views import FormPage

_NO_GOAL = " The campaign has no goal, so nothing counts as a conversion."
_ADDRESSES = {"email": "e-mail address", "phone": "phone number"}


class RemarketForm(VersionForm):
    """Which outcome; the channel's fields are read by content_forms.py."""

    outcome = forms.CharField(max_length=24, error_messages={"required": "Choose whose turn it is."})


class Remarket(OfCampaign, FormPage):
    """Buttons that only change the form (another kind, another variant) show it again; nothing is saved by them."""

    form_class = RemarketForm
    refusals = SHOWN_REFUSALS
    template_name = "campaigns/remarket.html"
    warning = ""

    @property
    def source(self) -> Channel:
        if not hasattr(self, "_source"):
            wanted = Channel.objects.filter(campaign=self.campaign, pk=self.kwargs["channel"])
            found = wanted.select_related("connection").first()
            if found is None:
                raise Http404
            self._source = found
        return self._source

    def initial(self) -> dict[str, Any]:
        return {"version": self.campaign.version}

    def _load(self) -> None:
        """The block of the new channel: as posted, or an empty one of the first kind that can be used."""
        self.kinds = kinds_for(self.campaign.kind)
        self.connections = usable_connections(self.workspace)
        posted = posted_blocks(self.request.POST, self.campaign, []) if self.request.method == "POST" else []
        usable = [kind.key for kind in self.kinds if self.connections[kind.key]]
        other = [key for key in usable if key != self.source.kind]
        wanted = self.request.POST.get("new_kind", "")
        key = wanted if any(kind.key == wanted for kind in self.kinds) else (other or usable or ["email"])[0]
        if "sms" in other and not wanted:
            key = "sms"
        self.is_another_kind = bool(posted) and posted[0].kind.key != key
        self.block = posted[0] if posted and not self.is_another_kind else self._new_block(key)

    def _new_block(self, kind: str) -> Block:
        usable = self.connections.get(kind, [])
        return Block(0, KINDS[kind], connection=str(usable[0].pk) if len(usable) == 1 else "")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._load()
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._load()
        operation = request.POST.get("op", "save")
        if operation != "save" or self.is_another_kind:
            word, at, row = (*operation.partition(":")[2].split("-"), "", "")[:3]
            if at:
                self.block.values = self.block.texts.change(word, whole(row) or 0, self.block.values)
            return self.show(self._unbound(request.POST))
        return super().post(request, *args, **kwargs)

    def _unbound(self, data: Any) -> RemarketForm:
        """What was chosen, without complaints: nothing has been submitted yet."""
        return RemarketForm(initial={"outcome": data.get("outcome", ""), "version": data.get("version")})

    def save(self, form: Any) -> str:
        outcome = form.cleaned_data["outcome"]
        params = self.block.payload(with_content=True) | {"outcome": outcome}
        seen = whole(self.request.POST.get(f"people-{outcome}"))
        with refusals_as_pages():
            made = perform_channel(
                "remarket", self.source.pk, self.actor, version=form.cleaned_data["version"],
                params=params if seen is None else {**params, "people": seen},
            )  # fmt: skip
        label = KINDS[made.kind].label
        messages.success(
            self.request, f"The {label} channel for {people(made.promised)} is ready; start it when you like."
        )
        return self.campaign_url

    def refused(self, form: Any, refusal: Exception) -> HttpResponse:
        """Shown again with the numbers and the version of now, each reason beside its field."""
        for path, text in getattr(refusal, "fields", {}).items():
            if path == "outcome":
                form.add_error("outcome", text)
            else:
                place_error(self.block, path.split("."), text)
        if not getattr(refusal, "fields", {}):
            self.warning = str(refusal)
            del self._campaign
            form = RemarketForm(
                initial={"outcome": form.data.get("outcome"), "version": self.campaign.version}
            )
        return self.show(form, getattr(refusal, "status", 409))

    def context(self) -> dict[str, Any]:
        offer = offer_remarketing(self.source.pk, self.actor, self.block.kind.key)
        if not self.campaign.goal:
            for row in offer["outcomes"]:
                row["meaning"] += _NO_GOAL if OUTCOMES[row["outcome"]].is_of_goal else ""
        self.block.connections = self.connections.get(self.block.kind.key, [])
        sample = sample_people(self.campaign, 10)
        known = [name for person in sample for name in person.attributes]
        return {
            "title": f"Remarket: {KINDS[self.source.kind].label}",
            "campaign": self.campaign,
            "source": self.source,
            "source_kind": KINDS[self.source.kind],
            "offer": offer,
            "empty": [row for row in offer["outcomes"] if not row["people"]],
            "address": _ADDRESSES.get(self.block.kind.address, ""),
            "chosen": self.block.kind.key,
            "blocks": [self.block],
            "kinds": self.kinds,
            "people": sample,
            "properties": list(dict.fromkeys([*PROPERTIES, *known]))[:40],
            "warning": self.warning,
            "back_url": self.campaign_url,
            "back_label": self.campaign.name,
        }
