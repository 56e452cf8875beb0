"""/settings/approvals/: the approval policy of the workspace; and /settings/activity/, who changed which setting."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from approvals.models import Policy
from campaigns.domain.lifecycles import KIND_CHOICES
from campaigns.models import Activity
from campaigns.services.errors import ActionError
from campaigns.services.policies import FIELDS, approvers_of, policy_of, update_policy
from config.console.views import FormPage, ListPage

#: A year, as the service has it.
LONGEST_GRACE = 8_760


class PolicyForm(forms.Form):
    """What is approved, by how many, and what becomes of what was missed."""

    kinds = forms.MultipleChoiceField(
        label="Kinds of campaign that need approval",
        choices=KIND_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: nothing needs approval.",
    )
    from_audience = forms.IntegerField(
        label="From what audience",
        min_value=0,
        max_value=2_147_483_647,
        help_text="People. Smaller audiences need no approval; 0: every campaign of these kinds does.",
    )
    approvers_needed = forms.IntegerField(label="How many approvers have to agree", min_value=1, max_value=5)
    approvers_may_publish = forms.BooleanField(
        label="Approvers may publish what they made or edited themselves",
        required=False,
        help_text="Otherwise another approver has to agree.",
    )
    late = forms.ChoiceField(
        label="A run that was missed by more than the grace period",
        choices=[
            (Policy.ASK, "A person decides: run it late, or skip it"),
            (Policy.SKIP, "It is skipped, and says so"),
        ],
        widget=forms.RadioSelect,
    )
    grace_hours = forms.IntegerField(
        label="Grace period (hours)",
        min_value=0,
        max_value=LONGEST_GRACE,
        help_text="What is missed by less goes out late by itself and says so.",
    )


class PolicyPage(FormPage):
    """Everybody reads it; admins change it."""

    template_name = "approvals/policy.html"
    form_class = PolicyForm
    write_ability = "edit_policy"
    refusal = "Only an admin of the workspace changes the approval policy."
    refusals = (ActionError,)
    success_message = "The approval policy has been saved."

    def initial(self) -> dict[str, Any]:
        policy = policy_of(self.workspace)
        return {name: getattr(policy, name) for name in FIELDS}

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        form = super().make_form(data, files)
        if not self.may(self.write_ability):
            for field in form.fields.values():
                field.disabled = True
        return form

    def context(self) -> dict[str, Any]:
        return {
            "title": "Approval policy",
            "may_edit": self.may(self.write_ability),
            "approvers": approvers_of(self.workspace),
            "warning": shortage(self.initial()["approvers_needed"], approvers_of(self.workspace)),
        }

    def save(self, form: Any) -> str:
        update_policy(self.membership, form.cleaned_data, timezone.now())
        return reverse("settings:policy")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().post(request, *args, **kwargs)
        if answer.status_code == 302 and (warning := self.context()["warning"]):
            messages.warning(request, warning)
        return answer


def shortage(needed: int, approvers: int) -> str:
    """A warning where what one of the approvers makes could never be approved; "" where all is well."""
    if approvers > needed:
        return ""
    have = f"{approvers} member{'' if approvers == 1 else 's'} who may approve"
    if approvers < needed:
        return f"It takes {needed}, but the workspace has {have}: nothing can be approved. Ask for fewer, or add approvers."
    return (
        f"The workspace has {have}: what one of them makes or edits cannot be approved by the others alone. "
        "Add another approver, or ask for fewer."
    )


class SettingsLog(ListPage):
    """Every change of a setting: who, what, from, to, when."""

    template_name = "approvals/settings_log.html"
    order = ("-id",)

    def rows(self) -> QuerySet[Any]:
        return Activity.objects.filter(workspace=self.workspace, campaign__isnull=True)

    def decorate(self, rows: list[Any]) -> list[Any]:
        return [
            {
                "activity": row,
                "words": row.action.replace("_", " ").capitalize(),
                "changes": changes_of(row.data),
            }
            for row in rows
        ]


def changes_of(data: Any) -> list[str]:
    """“grace hours: 24 → 12” for each value of an activity row; the names alone where it keeps no values."""
    if not isinstance(data, dict):
        return []
    changed = data.get("changes", data.get("changed"))
    if isinstance(changed, dict):
        return [f"{_words(name)}: {_value(pair)}" for name, pair in changed.items()]
    if isinstance(changed, list):
        return [_words(str(name)) for name in changed]
    return []


def _value(pair: Any) -> str:
    if isinstance(pair, list | tuple) and len(pair) == 2:
        return f"{_shown(pair[0])} → {_shown(pair[1])}"
    if isinstance(pair, dict) and {"from", "to"} <= pair.keys():
        return f"{_shown(pair['from'])} → {_shown(pair['to'])}"
    return _shown(pair)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
