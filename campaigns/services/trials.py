"""Looking at a campaign as the edit that waits for approval would make it, without making it so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from campaigns.models import Campaign
from campaigns.services import approving, updating
from campaigns.services.errors import Invalid


@contextmanager
def as_proposed(campaign: Campaign) -> Iterator[bool]:
    """Inside it the campaign and its channels are what the edit that waits asks for; afterwards nothing has changed.

    Yields whether there is such an edit. One that cannot be applied any more (its list is gone) is passed over.
    """
    proposal = approving.waiting_proposal(campaign)
    if not proposal:
        yield False
        return
    with transaction.atomic():
        try:
            with transaction.atomic():
                updating.apply(campaign, proposal)
            applied = True
        except Invalid:
            applied = False
        try:
            yield applied
        finally:
            transaction.set_rollback(True)
