"""The form of a connection in the admin: its own fields and those of its provider. Secrets are write-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction

from channels.models import Connection
from channels.providers.base import Provider, SettingField
from channels.services.connections import create_connection, secrets_set, shown_settings, update_connection
from channels.services.errors import ChannelError

PREFIX, REMOVE = "setting_", "remove_"
OWN = ("name", "rate_per_second", "parallelism")


class ConnectionForm(forms.ModelForm):
    """Saves through the service, which cleans the settings, encrypts the secrets and refuses what cannot work."""

    #: Set by `form_for`.
    provider: Provider
    saved: Connection | None = None

    class Meta:
        model = Connection
        fields = ("workspace", *OWN)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        for name, value in shown_settings(self.instance).items():
            self.initial[PREFIX + name] = value
        known = secrets_set(self.instance)
        for field in self.provider.fields:
            if field.type == "secret":
                is_set = field.name in known
                words = "It is set; leave empty to keep it." if is_set else "It is not set."
                self.fields[PREFIX + field.name].help_text = words
                if not is_set:
                    self.fields.pop(REMOVE + field.name, None)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        data = {name: values.get(name) for name in OWN}
        data["settings"] = self._settings(values)
        try:
            with transaction.atomic():
                if self.instance.pk:
                    self.saved = update_connection(self.instance, data)
                else:
                    data["provider"] = self.provider.name
                    self.saved = create_connection(values["workspace"].pk, data)
        except ChannelError as refusal:
            for path, text in refusal.fields.items():
                name = PREFIX + path.removeprefix("settings.") if path.startswith("settings.") else path
                self.add_error(name if name in self.fields else None, text)
        return values

    def _settings(self, values: dict[str, Any]) -> dict[str, Any]:
        """What the service gets: an empty secret keeps the old one, a ticked *remove* takes it away."""
        settings = {}
        for field in self.provider.fields:
            value = values.get(PREFIX + field.name)
            if field.type == "secret":
                value = None if values.get(REMOVE + field.name) else (value or "")
            settings[field.name] = value
        return settings

    def _post_clean(self) -> None:
        """The service has saved already; nothing is put on the instance."""

    def save(self, commit: bool = True) -> Any:
        self.save_m2m = lambda: None
        return self.saved

    def changed_names(self) -> list[str]:
        """What was changed, by name; never a value."""
        return sorted(name.removeprefix(PREFIX) for name in self.changed_data)


def setting_names(provider: Provider, connection: Connection | None) -> list[str]:
    """The form's fields for the provider's settings, in their order; only a secret that is set can be removed."""
    known = secrets_set(connection) if connection else ()
    found = []
    for field in provider.fields:
        found.append(PREFIX + field.name)
        if field.name in known:
            found.append(REMOVE + field.name)
    return found


def form_for(provider: Provider, *, new: bool) -> type[ConnectionForm]:
    """The form class of a provider."""
    made: dict[str, Any] = {"provider": provider}
    for field in provider.fields:
        made[PREFIX + field.name] = _field(field, new=new)
        if field.type == "secret" and not new:
            made[REMOVE + field.name] = forms.BooleanField(
                label=f"Remove the {field.label.lower()}", required=False
            )
    return type("ProviderForm", (ConnectionForm,), made)


def _field(field: SettingField, *, new: bool) -> forms.Field:
    """The field for one setting; the provider itself checks the values."""
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": False}
    if new and field.type != "secret":
        common["initial"] = field.default
    if field.type == "boolean":
        return forms.BooleanField(**common)
    if field.type == "choice":
        return forms.ChoiceField(choices=field.choices, **common)
    if field.type == "secret":
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 40})
        return forms.CharField(widget=widget, strip=False, **common)
    if field.type == "number":
        widget = forms.NumberInput(attrs={"step": "any"})
        return forms.FloatField(widget=widget, **common)
    if field.type == "lines":
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 6, "cols": 80}), strip=False, **common)
    return forms.CharField(widget=forms.TextInput(attrs={"size": 60}), **common)
