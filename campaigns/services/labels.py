"""Labels of a workspace as programs make them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from campaigns.models import Label, Membership
from campaigns.services.errors import Invalid


def create_label(membership: Membership, name: str) -> Label:
    """A new label. Raises `Invalid` (field ``name``) for a bad or taken name and for one label too many (seed 004)."""
    label = Label(workspace=membership.workspace, name=" ".join(name.split()), created_by=membership.user)
    if not label.name:
        raise Invalid.field("name", "A label needs a name.")
    try:
        label.full_clean(validate_constraints=False)
        with transaction.atomic():
            label.save()
    except ValidationError as error:
        raise Invalid.field("name", " ".join(error.messages)) from None
    except IntegrityError:
        raise Invalid.field("name", f"There is already a label “{label.name}”.") from None
    return label
