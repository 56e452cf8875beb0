"""The provider of what is displayed. The engine writes the message in the transaction that records it as sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.domain.kinds import displayed_kinds
from channels.providers.base import CheckResult, Message, Outcome, Sender, SettingField
from channels.providers.immediate import ImmediateSender
from channels.providers.settings_fields import clean_fields


class InAppProvider:
    """Keeps messages in this installation until the person comes by: inbox, pop-ups, places in a page."""

    name = "in_app"
    label = "Apps and sites of your own"
    kinds = displayed_kinds()
    fields: tuple[SettingField, ...] = ()
    store = "in_app"

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """Yes: message and record are one transaction, so a lost send has left nothing behind."""
        return True

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """There is nothing to set; anything given is an error."""
        return clean_fields(self.fields, settings)

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Always works: it is our own database."""
        return CheckResult(True, "Ready: in-app messages are kept in this installation's own database.")

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender that takes everything."""
        return ImmediateSender(_accept)


def _accept(message: Message) -> Outcome:
    return Outcome.sent(provider_id=message.idempotency_key)
