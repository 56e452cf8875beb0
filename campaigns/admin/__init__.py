"""Django admin: the admins' own console. Every action of a campaign goes through the gateway, via *admin*."""

from django.contrib import admin
from django.contrib.auth.models import Group

from campaigns.admin import (
    activity,
    audience,
    auditing,
    beat,
    campaigns,
    deliveries,
    keys,
    labels,
    members,
    policies,
)

__all__ = [
    "activity",
    "audience",
    "auditing",
    "beat",
    "campaigns",
    "deliveries",
    "keys",
    "labels",
    "members",
    "policies",
]

admin.site.site_header = "Campaign console administration"
admin.site.site_title = "Campaign console administration"
admin.site.index_title = "Campaign console administration"
# The header links to the console by its name; "View site" would be a second link to it.
admin.site.site_url = None
admin.site.enable_nav_sidebar = True

# What somebody may do is the role of their membership; groups of permissions would be a second, silent system.
admin.site.unregister(Group)
