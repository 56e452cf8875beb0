"""All addresses of the console; each app brings its own."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config.console.health import healthz


def pages_of(*modules: str) -> list[URLPattern | URLResolver]:
    """Return the include of every named URL module that is there."""
    return [path("", include(module)) for module in modules if find_spec(module)]


urlpatterns = [
    path("healthz", healthz),
    path("admin/", admin.site.urls),
    *pages_of(
        "campaigns.api.urls",
        "config.console.urls",
        "campaigns.console.urls",
        "channels.api.urls",
        "channels.console.urls",
        "approvals.console.urls",
    ),
]

handler400 = "config.console.bodies.bad_request"
