"""Workspaces, users, members and labels."""

from __future__ import annotations

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from campaigns.domain import permissions
from campaigns.models import ApiKey, Label, Membership, User, Workspace
from campaigns.services import workspaces

#: The time of every test that does not bring its own: a Monday morning, far from midnight and month's end.
NOW = datetime(2030, 3, 4, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


class WorkspaceFactory(DjangoModelFactory):
    """A workspace with its list of everyone and its policy, as every new one has."""

    class Meta:
        model = Workspace

    name = factory.Sequence(lambda number: f"Workspace {number}")
    slug = factory.Sequence(lambda number: f"workspace-{number}")
    default_region = "GB"

    @classmethod
    def _create(cls, model_class: type[Workspace], *args: object, **values: object) -> Workspace:
        workspace = super()._create(model_class, *args, **values)
        workspaces.prepare(workspace)
        return workspace


class UserFactory(DjangoModelFactory):
    """Somebody who logs in with `PASSWORD`; ``is_staff=True`` may enter Django admin."""

    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"user-{number}@example.test")
    first_name = "Ada"
    last_name = factory.Sequence(lambda number: f"Example-{number}")

    @classmethod
    def _create(cls, model_class: type[User], *args: object, **values: object) -> User:
        return model_class.objects.create_user(password=values.pop("password", PASSWORD), **values)


class MembershipFactory(DjangoModelFactory):
    """A member; ``role`` is creator, approver or admin."""

    class Meta:
        model = Membership

    workspace = factory.SubFactory(WorkspaceFactory)
    user = factory.SubFactory(UserFactory)
    role = permissions.CREATOR


def member(role: str, workspace: Workspace | None = None, **user: object) -> Membership:
    """A new member with this role, in a new workspace where none is given; the other values are the user's."""
    given = {"workspace": workspace} if workspace else {}
    return MembershipFactory(role=role, user=UserFactory(**user), **given)


class LabelFactory(DjangoModelFactory):
    """A label of a workspace."""

    class Meta:
        model = Label

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda number: f"Label {number}")


class ApiKeyFactory(DjangoModelFactory):
    """A key of a member, as the service makes it; its text (what a program sends) is ``key.text``."""

    class Meta:
        model = ApiKey

    membership = factory.SubFactory(MembershipFactory)
    name = "API key"

    @classmethod
    def _create(cls, model_class: type[ApiKey], *args: object, **values: object) -> ApiKey:
        from campaigns.services.api_keys import create_api_key

        key, text = create_api_key(**values)
        key.text = text
        return key
