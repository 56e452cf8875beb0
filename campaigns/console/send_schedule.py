"""/campaigns/<id>/edit/schedule/: when each message of an SMS campaign goes out (seed 001, *Adjust send schedule*)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django import forms
from django.http import Http404
from django.utils.text import Truncator

from campaigns.console.editing import EditPage
from campaigns.console.forms import VersionForm
from campaigns.services.send_schedule import KEY, messages_of
from channels.domain.variants import texts_of
from channels.models import Channel
from config.console.local_time import LocalTimeField, local_text, to_moment


class ScheduleForm(VersionForm):
    """A time for each message, on the clocks of the campaign's zone; empty: with the campaign's start."""

    def __init__(self, data: Any, files: Any, *, messages: list[Channel], zone: str, **more: Any) -> None:
        super().__init__(data, files, **more)
        self.messages, self.zone = messages, zone
        for number, channel in enumerate(messages, 1):
            self.fields[_name(channel)] = LocalTimeField(
                label=f"Message {number} goes out at", required=False, help_text=excerpt(channel)
            )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for channel in self.messages:
            local = values.get(_name(channel))
            try:
                values[_name(channel)] = to_moment(local, self.zone) if local else None
            except ValueError as error:
                self.add_error(_name(channel), str(error))
        return values

    def payload(self) -> dict[str, Any]:
        """The update in the API's shape."""
        listed = []
        for channel in self.messages:
            moment = self.cleaned_data.get(_name(channel))
            listed.append(
                {"id": channel.pk, "sends_at": moment.astimezone(UTC).isoformat() if moment else None}
            )
        return {KEY: listed}

    @property
    def times(self) -> list[forms.BoundField]:
        """The fields, in the order of the messages."""
        return [self[_name(channel)] for channel in self.messages]


def _name(channel: Channel) -> str:
    return f"sends_{channel.pk}"


def excerpt(channel: Channel) -> str:
    """The beginning of what the message says."""
    texts = texts_of(channel.content) if channel.content else []
    return Truncator(str(texts[0].content.get("body", ""))).chars(80) if texts else "It has no text yet."


class EditSchedule(EditPage):
    """All that can be changed of an SMS campaign while it is scheduled."""

    section, heading = "when", "Send schedule"
    template_name = "campaigns/edit_schedule.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        if self.campaign.kind != "sms":
            raise Http404("Only the messages of an SMS campaign have send times of their own.")
        messages, zone = messages_of(self.campaign), self.campaign.timezone
        initial = {_name(one): local_text(one.sends_at, zone) for one in messages}
        return ScheduleForm(data, files, messages=messages, zone=zone, initial={**self.initial(), **initial})

    def following_url(self) -> str:
        return self.campaign_url

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        """Beside the message that it is about: channels.1.sends_at."""
        assert isinstance(form, ScheduleForm)
        for path, text in getattr(refusal, "fields", {}).items():
            _, _, rest = path.partition("channels.")
            place = rest.partition(".")[0]
            known = place.isdecimal() and int(place) < len(form.messages)
            form.add_error(_name(form.messages[int(place)]) if known else None, text)
        return form
