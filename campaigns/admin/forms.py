"""The forms of a campaign in the admin. The services are the validation: nothing is saved past them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import Campaign, Label, Membership, Segment, Workspace
from campaigns.services.actors import Actor
from campaigns.services.campaigns import create_campaign, update_campaign
from campaigns.services.errors import ActionError, Invalid
from config.console.local_time import LocalTimeField, local_text, to_moment

TIMES = ("starts_at", "stops_at")


class PrettyJSONField(forms.JSONField):
    """JSON with line breaks, so that a person can read a workflow."""

    def __init__(self, *, rows: int = 12, **more: Any) -> None:
        attributes = {"rows": rows, "cols": 90, "class": "vLargeTextField code", "spellcheck": "false"}
        super().__init__(widget=forms.Textarea(attrs=attributes), **more)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


class ServiceForm(forms.ModelForm):
    """A form whose `clean` calls a service; a refusal becomes errors beside the fields, and nothing has changed."""

    #: What the form found out about who acts; set by the model admin.
    actor: Actor | None = None
    saved: Campaign | None = None

    def call(self, values: dict[str, Any]) -> Campaign:
        """The service. Raises `ActionError`."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        try:
            with transaction.atomic():
                self.saved = self.call(values)
        except ActionError as refusal:
            self._tell(refusal)
        return values

    def _tell(self, refusal: ActionError) -> None:
        """Each reason beside its field, by the first part of its path; the rest above the form."""
        for path, text in refusal.fields.items():
            name = {"audience": "segment"}.get(path.split(".")[0], path.split(".")[0])
            self.add_error(name if name in self.fields else None, text if path == name else f"{path}: {text}")
        if not refusal.fields:
            self.add_error(None, refusal.message)

    def _post_clean(self) -> None:
        """Nothing is put on the instance: the service has saved already, and knows better what."""

    def save(self, commit: bool = True) -> Any:
        self.save_m2m = lambda: None
        return self.saved or self.instance


class CampaignForm(ServiceForm):
    """Changes what was changed in the form, if nobody else has changed the campaign since it was opened."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    labels = forms.ModelMultipleChoiceField(
        Label.objects.none(), required=False, widget=FilteredSelectMultiple("labels", is_stacked=False)
    )
    trigger = PrettyJSONField(required=False, rows=4)
    frequency = PrettyJSONField(required=False, rows=2)
    workflow = PrettyJSONField(required=False)
    flows = PrettyJSONField(required=False)
    starts_at = LocalTimeField(required=False)
    stops_at = LocalTimeField(required=False)

    class Meta:
        model = Campaign
        fields = (
            "name", "labels", "segment", "trigger", "frequency", "workflow", "flows", "strategy", "timezone",
            "starts_at", "stops_at",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        campaign = self.instance
        self.initial["seen_version"] = campaign.version
        if "labels" in self.fields:
            self.fields["labels"].queryset = Label.objects.filter(workspace_id=campaign.workspace_id)  # type: ignore[attr-defined]
        if "segment" in self.fields:
            active = Q(archived_at__isnull=True) | Q(pk=campaign.segment_id)
            lists = Segment.objects.filter(active, workspace_id=campaign.workspace_id, hidden=False).order_by(
                "name"
            )
            self.fields["segment"].queryset = lists  # type: ignore[attr-defined]
        for name in TIMES:
            if name in self.fields:
                self.initial[name] = local_text(getattr(campaign, name), campaign.timezone)
                self.fields[name].help_text = f"On the clocks of {campaign.timezone}."

    def call(self, values: dict[str, Any]) -> Campaign:
        assert self.actor is not None
        data = self.data_for_service(values)
        if not data:
            return self.instance
        return update_campaign(self.instance.pk, self.actor, data, values["seen_version"], timezone.now())

    def data_for_service(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Only what was changed, in the API's shape: what is locked meanwhile is not sent along."""
        data: dict[str, Any] = {}
        for name in self.changed_data:
            value = values.get(name)
            if name == "labels":
                data["labels"] = [label.name for label in value or ()]
            elif name == "segment":
                more = {"filter": self.instance.audience_filter} if self.instance.audience_filter else {}
                data["audience"] = {"segment": value.pk, **more} if value else {}
            elif name in TIMES:
                data[name] = self._moment(name, value, str(values.get("timezone") or self.instance.timezone))
            elif name != "seen_version":
                data[name] = value
        return data

    def _moment(self, name: str, local: Any, zone: str) -> Any:
        try:
            return to_moment(local, zone) if local else None
        except (ValueError, LookupError) as error:
            raise Invalid.field(name, str(error)) from error


class NewCampaignForm(ServiceForm):
    """A draft of a kind; everything else follows on its change form."""

    workspace = forms.ModelChoiceField(Workspace.objects.none())

    class Meta:
        model = Campaign
        fields = ("workspace", "kind", "name", "segment")

    #: The user's memberships; set by the model admin.
    memberships: list[Membership] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ids = [membership.workspace_id for membership in self.memberships]
        self.fields["workspace"].queryset = Workspace.objects.filter(pk__in=ids).order_by("name")  # type: ignore[attr-defined]
        if len(ids) == 1:
            self.fields["workspace"].initial = ids[0]
        lists = Segment.objects.filter(
            workspace__in=ids, archived_at__isnull=True, hidden=False
        ).select_related("workspace")
        self.fields["segment"].queryset = lists.order_by("workspace__name", "name")  # type: ignore[attr-defined]
        if len(ids) > 1:
            self.fields["segment"].label_from_instance = lambda lst: f"{lst.name} ({lst.workspace})"  # type: ignore[attr-defined]

    def call(self, values: dict[str, Any]) -> Campaign:
        workspace = values["workspace"]
        membership = next(m for m in self.memberships if m.workspace_id == workspace.pk)
        data = {"kind": values["kind"], "name": values["name"]}
        if values.get("segment"):
            data["audience"] = {"segment": values["segment"].pk}
        return create_campaign(Actor.member(membership, "admin"), data, timezone.now())
