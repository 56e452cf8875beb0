"""Forms of campaigns: the name, who, when. Content has its own module."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from typing import Any

from django import forms

from campaigns.domain.lifecycles import KIND_CHOICES
from campaigns.models import Segment, Workspace
from campaigns.services.payloads import SECTION_OF
from config.console.local_time import LocalTimeField, comes_twice, to_moment

FREQUENCIES = [
    ("once", "Once"),
    ("every_time", "Every time they match again"),
    ("at_most_every", "At most once in a time"),
]
ZONES = sorted(zoneinfo.available_timezones())


class VersionForm(forms.Form):
    """Carries the version that the member has seen."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class NewCampaignForm(forms.Form):
    """The kind and the name of a new campaign."""

    kind = forms.ChoiceField(
        choices=KIND_CHOICES, error_messages={"required": "Choose what kind of campaign it is."}
    )
    name = forms.CharField(max_length=200, label="Name", help_text="Only your team sees it.")


class NameForm(VersionForm):
    """Name and labels."""

    name = forms.CharField(max_length=200, label="Name")
    labels = forms.CharField(
        required=False,
        max_length=2_000,
        label="Labels",
        help_text="Separated by commas. A new name makes a new label.",
        widget=forms.TextInput(attrs={"list": "label-names", "autocomplete": "off"}),
    )

    topic = forms.ChoiceField(
        required=False,
        label="Topic",
        help_text="People may unsubscribe from a topic and keep the others.",
    )

    def __init__(self, data: Any, files: Any = None, *, topics: Sequence[str] = (), **more: Any) -> None:
        super().__init__(data, files, **more)
        choices = [("", "No topic"), *((name, name) for name in topics)]
        self.fields["topic"].choices = choices  # type: ignore[attr-defined]
        if not topics:
            del self.fields["topic"]

    def payload(self, sections: list[str]) -> dict[str, Any]:
        """The API's shape, of the sections that may be edited."""
        names = [name.strip() for name in self.cleaned_data["labels"].split(",") if name.strip()]
        values: dict[str, Any] = {"name": self.cleaned_data["name"], "labels": names}
        if "topic" in self.cleaned_data and "labels" in sections:
            values["topic"] = self.cleaned_data["topic"]
        return {key: value for key, value in values.items() if SECTION_OF[key] in sections}


def active_segments(workspace: Workspace) -> Any:
    """The lists that a campaign can be for."""
    return Segment.objects.filter(workspace=workspace, archived_at__isnull=True, hidden=False).order_by(
        "name"
    )


class WhoForm(VersionForm):
    """The list that a blast goes to."""

    segment = forms.ModelChoiceField(
        queryset=Segment.objects.none(), label="List", empty_label="Nobody yet", required=False
    )

    def __init__(self, data: Any, files: Any, *, workspace: Workspace, **more: Any) -> None:
        super().__init__(data, files, **more)
        self.fields["segment"].queryset = active_segments(workspace)  # type: ignore[attr-defined]

    def payload(self) -> dict[str, Any]:
        segment = self.cleaned_data["segment"]
        return {"audience": {"segment": segment.pk} if segment else None}


class WhenForm(VersionForm):
    """Start, stop and time zone; which of them there are depends on the kind."""

    timezone = forms.ChoiceField(
        choices=[(zone, zone.replace("_", " ")) for zone in ZONES], label="Time zone"
    )
    mode = forms.ChoiceField(
        label="Start",
        choices=[("now", "As soon as it is published"), ("at", "At a time")],
        widget=forms.RadioSelect,
    )
    starts_at = LocalTimeField(label="Start at", required=False)
    stops_at = LocalTimeField(label="Stop at", required=False)

    def __init__(self, data: Any, files: Any, *, kind: str, **more: Any) -> None:
        super().__init__(data, files, **more)
        self.kind = kind
        if kind != "message":
            del self.fields["mode"]
        if kind in ("outreach", "flow"):
            del self.fields["starts_at"]
        if kind != "journey":
            del self.fields["stops_at"]
        self.twice: list[str] = []

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name in ("starts_at", "stops_at"):
            if not values.get(name) or not values.get("timezone"):
                continue
            if comes_twice(values[name], values["timezone"]):
                self.twice.append(name)
            try:
                values[name] = to_moment(values[name], values["timezone"])
            except ValueError as error:
                self.add_error(name, str(error))
        if values.get("mode") == "at" and not values.get("starts_at") and "starts_at" not in self.errors:
            self.add_error("starts_at", "Enter the time at which it goes out.")
        return values

    def payload(self) -> dict[str, Any]:
        values = self.cleaned_data
        found: dict[str, Any] = {"timezone": values["timezone"]}
        if self.kind == "message":
            at = values["starts_at"] if values["mode"] == "at" else None
            return {**found, "delivery": {"type": "one_time", "at": at}}
        for name in ("starts_at", "stops_at"):
            if name in self.fields:
                found[name] = values[name]
        return found
