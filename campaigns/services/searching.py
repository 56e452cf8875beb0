"""What searching for people means: how they are known. (Campaigns: ``CampaignQuerySet.named``.)"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from campaigns.models import Person, Workspace


def people_known_as(workspace: Workspace, text: str) -> QuerySet[Person]:
    """People of the workspace whose external id, address, number or name begins with the text; all for an empty one."""
    people = Person.objects.filter(workspace=workspace)
    text = text.strip()
    if not text:
        return people
    return people.filter(
        Q(external_id__startswith=text)
        | Q(email__startswith=text.lower())
        | Q(phone__startswith=text)
        | Q(attributes__first_name__istartswith=text)
        | Q(attributes__last_name__istartswith=text)
    )
