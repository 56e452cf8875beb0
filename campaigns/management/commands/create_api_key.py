"""`manage.py create_api_key EMAIL`: a key of that member for the HTTP API, printed once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import Membership
from campaigns.services.api_keys import create_api_key


class Command(BaseCommand):
    """The key is alone on the last line of the output: KEY=$(uv run manage.py create_api_key EMAIL | tail -1)."""

    help = "Print a new API key of the member with this e-mail address, once, alone on the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--workspace", default="", help="Its slug; not needed where they are a member of only one."
        )
        parser.add_argument("--name", default="API key", help="What the key is for.")

    def handle(self, *args: Any, **options: Any) -> None:
        membership = _membership(options["email"].strip(), options["workspace"])
        _, text = create_api_key(membership, options["name"][:80])
        self.stderr.write(
            f"A key of {membership.user.email} ({membership.role}) for the workspace “{membership.workspace.name}”. "
            "It is not shown again."
        )
        self.stdout.write(text)


def _membership(email: str, slug: str) -> Membership:
    """The one membership that is meant. Raises `CommandError` that says what to do."""
    found = Membership.objects.select_related("user", "workspace").filter(
        user__email__iexact=email, user__is_active=True
    )
    if slug:
        found = found.filter(workspace__slug=slug)
    memberships = list(found.order_by("workspace__slug"))
    if not memberships:
        where = f"the workspace “{slug}”" if slug else "any workspace"
        raise CommandError(f"{email} is not an active member of {where}.")
    if len(memberships) > 1:
        slugs = ", ".join(membership.workspace.slug for membership in memberships)
        raise CommandError(f"{email} is a member of several workspaces; say which by --workspace: {slugs}.")
    return memberships[0]
