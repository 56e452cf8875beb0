"""The page with the key and the secret of an app or site, and the demo page."""

from __future__ import annotations

from campaigns.models import Membership
from channels.services.sites import secret_of, site_of
from tests.console.conftest import Browse


def test_the_secret_is_shown_once_and_to_admins_only(
    browse: Browse, admin_member: Membership, creator: Membership
) -> None:
    assert browse(creator).post("/channels/site/").status_code == 403
    shown = browse(admin_member).post("/channels/site/").content.decode()
    secret = secret_of(site_of(admin_member.workspace_id))
    assert secret in shown
    again = browse(admin_member).get("/channels/site/").content.decode()
    assert secret not in again and site_of(admin_member.workspace_id).key in again


def test_the_demo_page_is_for_members(browse: Browse, creator: Membership) -> None:
    assert browse(None).get("/demo/displayed/").status_code == 302
    page = browse(creator).get("/demo/displayed/?person=p1").content.decode()
    assert 'data-person="p1"' in page and secret_of(site_of(creator.workspace_id)) not in page
