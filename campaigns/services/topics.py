"""Topics of a workspace, which people may unsubscribe from one by one."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from campaigns.models import Membership, Topic
from campaigns.services.errors import Invalid

#: What a person can still choose from on one page.
MOST_TOPICS = 50


def create_topic(membership: Membership, name: str, description: str = "") -> Topic:
    """A new topic. Raises `Invalid` by field."""
    if Topic.objects.filter(workspace=membership.workspace).count() >= MOST_TOPICS:
        raise Invalid.field("name", f"A workspace has at most {MOST_TOPICS} topics; delete one first.")
    return save_topic(Topic(workspace=membership.workspace), name, description)


def save_topic(topic: Topic, name: str, description: str) -> Topic:
    """Name a topic (again). Raises `Invalid` by field."""
    topic.name, topic.description = " ".join(name.split()), " ".join(description.split())
    if not topic.name:
        raise Invalid.field("name", "A topic needs a name.")
    try:
        topic.full_clean(validate_constraints=False)
        with transaction.atomic():
            topic.save()
    except ValidationError as error:
        problems = {field: " ".join(texts) for field, texts in error.message_dict.items()}
        raise Invalid(next(iter(problems.values())), problems) from None
    except IntegrityError:
        raise Invalid.field("name", f"There is already a topic “{topic.name}”.") from None
    return topic
