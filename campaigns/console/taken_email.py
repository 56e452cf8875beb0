"""The email that a form starts from, as its address names it."""

from __future__ import annotations

from django.http import Http404

from campaigns.console.pages import OfCampaign
from campaigns.services.errors import NotFound
from campaigns.services.existing_emails import ExistingEmail, existing_email
from config.console.numbers import whole


def asked_email(page: OfCampaign) -> ExistingEmail | None:
    """The email that the address names with ``from`` and ``text``, None where it names none; a strange one is 404."""
    asked = page.request.GET
    if "from" not in asked:
        return None
    try:
        return existing_email(page.membership, whole(asked["from"]) or 0, asked.get("text", ""))
    except NotFound as error:
        raise Http404(str(error)) from error
