"""Workspaces, members, users, labels, keys, connections, suppressions, people: rules, roles and the audit log."""

import pytest
from django.urls import reverse

from campaigns.models import Activity, ApiKey, Label, Membership, Person, Segment, User, Workspace
from campaigns.models.label import MOST_LABELS
from campaigns.services.api_keys import find_api_key
from channels.models import Connection, Suppression
from channels.services.connections import secrets_set
from tests import factories

pytestmark = pytest.mark.django_db


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def errors(response):
    return response.context["adminform"].form.errors


def audited(workspace, action, subject):
    """The one row that says so."""
    row = Activity.objects.get(workspace=workspace, campaign=None, action=action, subject__startswith=subject)
    assert row.via == "admin"
    return row


# --- labels


def test_labels_obey_their_rules_and_are_audited(creator, workspace, enter):
    client = enter(creator)
    assert (
        client.post(url(Label, "add"), {"workspace": workspace.pk, "name": "Onboarding"}).status_code == 302
    )
    assert audited(workspace, "create", "label: Onboarding").actor_label == creator.user.email
    for wrong in ('Quo"te', "a<b", "ONBOARDING", "x" * 61, ""):
        response = client.post(url(Label, "add"), {"workspace": workspace.pk, "name": wrong})
        assert response.status_code == 200 and errors(response), wrong
    Label.objects.bulk_create(
        Label(workspace=workspace, name=f"Label {number}") for number in range(MOST_LABELS - 1)
    )
    response = client.post(url(Label, "add"), {"workspace": workspace.pk, "name": "One too many"})
    assert f"at most {MOST_LABELS} labels" in str(errors(response))


def test_nothing_is_made_in_another_workspace(creator, stranger, enter):
    client = enter(creator)
    response = client.post(url(Label, "add"), {"workspace": stranger.workspace_id, "name": "Sneaky"})
    assert "workspace" in errors(response)
    assert not Label.objects.exists()


# --- members and users


def test_an_admin_adds_a_member_by_address_and_changes_the_role(admin_member, workspace, enter):
    client, user = enter(admin_member), factories.UserFactory(email="grace@example.test")
    data = {"workspace": workspace.pk, "email": "Grace@example.test", "role": "creator"}
    assert client.post(url(Membership, "add"), data).status_code == 302
    made = Membership.objects.get(user=user)
    assert made.role == "creator"
    assert client.post(url(Membership, "change", made.pk), {"role": "approver"}).status_code == 302
    assert Membership.objects.get(pk=made.pk).role == "approver"
    audited(workspace, "create", "member")
    assert audited(workspace, "edit", "member").data["changed"] == ["role"]
    again = client.post(url(Membership, "add"), data)
    assert "is a member of" in str(errors(again))
    nobody = client.post(url(Membership, "add"), data | {"email": "nobody@example.test"})
    assert "Nobody has an account" in str(errors(nobody))


def test_the_last_admin_stays(admin_member, workspace, enter):
    client = enter(admin_member)
    response = client.post(url(Membership, "change", admin_member.pk), {"role": "creator"})
    assert "at least one admin" in str(errors(response))
    assert client.post(url(Membership, "delete", admin_member.pk), {"post": "yes"}).status_code == 403
    factories.member("admin", workspace)
    assert client.post(url(Membership, "change", admin_member.pk), {"role": "creator"}).status_code == 302


def test_a_member_with_keys_can_be_removed(admin_member, creator, workspace, enter):
    factories.ApiKeyFactory(membership=creator)
    assert enter(admin_member).post(url(Membership, "delete", creator.pk), {"post": "yes"}).status_code == 302
    assert not ApiKey.objects.exists()
    audited(workspace, "delete", "member")


@pytest.mark.parametrize("who", ["creator", "approver"])
def test_other_roles_change_no_settings(who, admin_member, workspace, enter, request):
    client = enter(request.getfixturevalue(who))
    connection = factories.sandbox_connection(workspace)
    assert client.post(url(Membership, "change", admin_member.pk), {"role": "creator"}).status_code == 403
    assert client.post(url(Workspace, "change", workspace.pk), {"name": "Mine"}).status_code == 403
    assert client.post(url(Connection, "change", connection.pk), {"name": "Mine"}).status_code == 403
    assert client.get(url(Connection, "add")).status_code == 403
    verb = reverse("admin:channels_connection_verb", args=[connection.pk, "stop"])
    assert client.post(verb).status_code == 403
    policy = workspace.approval_policy
    assert client.post(url(type(policy), "change", policy.pk), {"grace_hours": 1}).status_code == 403
    assert Connection.objects.get(pk=connection.pk).status == "running"


def test_only_a_superuser_changes_accounts(admin_member, creator, root, enter):
    client = enter(admin_member)
    data = {"email": creator.user.email, "first_name": "Renamed", "is_superuser": "on"}
    assert client.post(url(User, "change", creator.user_id), data).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[creator.user_id])
    assert client.get(password).status_code == 403
    passwords = {"password1": factories.PASSWORD, "password2": factories.PASSWORD, "usable_password": "true"}
    new = {"email": "New.Person@Example.test", **passwords}
    response = client.post(url(User, "add"), new | {"is_superuser": "on", "is_staff": "on"})
    assert response.status_code in (302, 403)
    made = User.objects.get(email="new.person@example.test")
    assert not made.is_superuser and not made.is_staff and made.check_password(factories.PASSWORD)
    again = client.post(url(User, "add"), new)
    assert "already" in str(errors(again))
    inline = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert enter(root).post(url(User, "change", creator.user_id), data | inline).status_code == 302
    assert User.objects.get(pk=creator.user_id).first_name == "Renamed"


def test_a_superuser_makes_a_workspace_with_all_that_one_needs(root, admin_member, enter):
    data = {"name": "Acme", "slug": "acme", "timezone": "Europe/Istanbul", "default_region": "TR"}
    assert enter(root).post(url(Workspace, "add"), data).status_code == 302
    made = Workspace.objects.get(slug="acme")
    assert made.segments.get().kind == Segment.EVERYONE and made.approval_policy.grace_hours == 24
    assert "timezone" in errors(
        enter(root).post(url(Workspace, "add"), data | {"slug": "b", "timezone": "Mars"})
    )
    assert enter(admin_member).post(url(Workspace, "add"), data).status_code == 403


def test_joining_a_workspace_as_a_superuser_is_in_its_log(root, workspace, enter):
    data = {"workspace": workspace.pk, "email": root.email, "role": "approver"}
    assert enter(root).post(url(Membership, "add"), data).status_code == 302
    assert audited(workspace, "create", "member").actor_label == root.email


# --- API keys


def test_a_key_is_shown_once_and_can_be_revoked(admin_member, creator, workspace, enter, now):
    client = enter(admin_member)
    response = client.post(url(ApiKey, "add"), {"membership": creator.pk, "name": "Robot"})
    text = response.context["text"]
    assert response.status_code == 200 and text in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    key = find_api_key(text, now)
    assert key is not None and key.membership == creator
    for page in (url(ApiKey, "changelist"), url(ApiKey, "change", key.pk)):
        html = client.get(page).content.decode()
        assert key.prefix in html and text not in html and key.digest not in html
    assert text not in str(audited(workspace, "create", "API key").data)
    assert client.post(url(ApiKey, "change", key.pk), {"name": "Other"}).status_code == 403
    client.post(reverse("admin:campaigns_apikey_revoke", args=[key.pk]))
    assert find_api_key(text, now) is None
    audited(workspace, "revoke", "API key")


def test_keys_of_others_are_their_own_business(creator, approver, admin_member, stranger, enter):
    key = factories.ApiKeyFactory(membership=approver)
    client = enter(creator)
    assert client.get(url(ApiKey, "change", key.pk)).status_code == 404
    revoke = reverse("admin:campaigns_apikey_revoke", args=[key.pk])
    assert client.post(revoke).status_code == 404 and enter(stranger).post(revoke).status_code == 404
    response = client.post(url(ApiKey, "add"), {"membership": admin_member.pk, "name": "Stolen"})
    assert "membership" in errors(response)
    action = {"action": "revoke", "_selected_action": [key.pk]}
    client.post(url(ApiKey, "changelist"), action)
    assert ApiKey.objects.get().revoked_at is None
    enter(admin_member).post(url(ApiKey, "changelist"), action)
    assert ApiKey.objects.get().revoked_at is not None


# --- connections


SMTP = {
    "name": "Relay", "rate_per_second": "", "parallelism": 4, "setting_host": "mail.example.test", "setting_port": 2525,
    "setting_security": "starttls", "setting_username": "ada", "setting_password": "s3cret-password",
    "setting_from_address": "news@example.test", "setting_from_name": "News", "setting_timeout": 30,
}  # fmt: skip


def test_secrets_of_a_connection_are_written_and_never_shown(admin_member, workspace, enter):
    client = enter(admin_member)
    add = url(Connection, "add") + "?provider=smtp"
    assert "setting_host" in client.get(add).context["adminform"].form.fields
    response = client.post(add, SMTP | {"workspace": workspace.pk})
    assert response.status_code == 302, errors(response)
    made = Connection.objects.get(name="Relay")
    assert secrets_set(made) == ["password"] and "password" not in made.settings
    page = client.get(url(Connection, "change", made.pk)).content.decode()
    assert "s3cret-password" not in page and "It is set; leave empty to keep it." in page
    kept = SMTP | {"setting_password": "", "setting_host": "other.example.test"}
    assert client.post(url(Connection, "change", made.pk), kept).status_code == 302
    made = Connection.objects.get(name="Relay")
    assert made.settings["host"] == "other.example.test" and secrets_set(made) == ["password"]
    removed = SMTP | {"setting_password": "", "remove_password": "on"}
    assert client.post(url(Connection, "change", made.pk), removed).status_code == 302
    assert secrets_set(Connection.objects.get(name="Relay")) == []
    for row in Activity.objects.filter(workspace=workspace):
        assert "s3cret-password" not in str(row.data)
    audited(workspace, "create", "connection: Relay")


def test_bad_settings_are_refused_beside_their_fields(admin_member, workspace, enter):
    client, add = enter(admin_member), url(Connection, "add") + "?provider=smtp"
    bad = {"workspace": workspace.pk, "setting_port": 99999, "setting_host": "", "parallelism": 4}
    response = client.post(add, SMTP | bad)
    assert {"setting_port", "setting_host"} <= set(errors(response))
    response = client.post(add, SMTP | {"workspace": workspace.pk, "parallelism": 0})
    assert "parallelism" in errors(response)
    assert not Connection.objects.exists()


def test_connections_are_checked_started_and_stopped(admin_member, stranger, workspace, enter):
    connection, client = factories.sandbox_connection(workspace), enter(admin_member)
    for verb, status in (("stop", "stopped"), ("start", "running"), ("check", "running")):
        verb_url = reverse("admin:channels_connection_verb", args=[connection.pk, verb])
        assert enter(stranger).post(verb_url).status_code == 404
        client.get(verb_url)
        assert not Activity.objects.filter(workspace=workspace, action=verb).exists(), "a GET does nothing"
        assert client.post(verb_url).status_code == 302
        assert Connection.objects.get().status == status
        audited(workspace, verb, "connection")
    client.post(url(Connection, "changelist"), {"action": "stop_now", "_selected_action": [connection.pk]})
    assert Connection.objects.get().status == "stopped"


# --- suppressions, policies, people, lists


def test_suppressions_are_normalised_and_lifted(admin_member, workspace, enter):
    client = enter(admin_member)
    data = {"workspace": workspace.pk, "address_kind": "email", "address": "  Ada@Example.TEST "}
    assert client.post(url(Suppression, "add"), data).status_code == 302
    made = Suppression.objects.get()
    assert (made.address, made.reason) == ("ada@example.test", "manual")
    phone = {"workspace": workspace.pk, "address_kind": "phone", "address": "+44 20 7946 0000"}
    assert client.post(url(Suppression, "add"), phone).status_code == 302
    assert Suppression.objects.filter(address="+442079460000").exists()
    for wrong in ({"address": "not an address"}, {"address_kind": "phone", "address": "020 7946 0000"}):
        assert "address" in errors(client.post(url(Suppression, "add"), data | wrong))
    assert client.post(url(Suppression, "delete", made.pk), {"post": "yes"}).status_code == 302
    assert not Suppression.objects.filter(pk=made.pk).exists()
    audited(workspace, "lift", "suppression: ada@")


def test_people_are_written_by_the_service(creator, workspace, enter):
    client = enter(creator)
    data = {"workspace": workspace.pk, "external_id": "42", "email": "Ada@Example.TEST", "phone": "020 7946 0000",
            "timezone": "", "attributes": '{"plan": "gold"}'}  # fmt: skip
    response = client.post(url(Person, "add"), data)
    assert response.status_code == 302, errors(response)
    made = Person.objects.get(external_id="42")
    assert (made.email, made.phone, made.attributes) == (
        "ada@example.test",
        "+442079460000",
        {"plan": "gold"},
    )
    assert "external_id" in errors(client.post(url(Person, "add"), data))
    change = {
        "email": "grace@example.test",
        "phone": made.phone,
        "timezone": "",
        "attributes": '{"plan": "gold"}',
    }
    assert client.post(url(Person, "change", made.pk), change).status_code == 302
    assert Person.objects.get(pk=made.pk).email == "grace@example.test"
    assert "email" in errors(client.post(url(Person, "change", made.pk), change | {"email": "broken"}))
    assert client.post(url(Person, "delete", made.pk), {"post": "yes"}).status_code == 403
    for term in ("42", "Grace@example.test", "+442079460000"):
        assert client.get(url(Person, "changelist"), {"q": term}).context["cl"].result_count == 1, term
    assert client.get(url(Person, "changelist"), {"q": "4"}).context["cl"].result_count == 0


def test_lists_are_archived_and_made_active_again(creator, workspace, enter):
    client, segment = enter(creator), factories.SegmentFactory(workspace=workspace)
    chosen = {"_selected_action": [segment.pk, workspace.segments.get(kind=Segment.EVERYONE).pk]}
    client.post(url(Segment, "changelist"), {"action": "archive", **chosen})
    assert list(Segment.objects.filter(archived_at__isnull=False)) == [segment], "the list of everyone stays"
    client.post(url(Segment, "changelist"), {"action": "make_active", **chosen})
    assert not Segment.objects.filter(archived_at__isnull=False).exists()
    audited(workspace, "archive", "segment")
