"""The addresses of the API; whatever it does not have is answered in its own shape of errors."""

from django.urls import URLPattern, include, path, re_path

from campaigns.api.addresses import nothing_here, with_shaped_refusal
from campaigns.api.application import api
from campaigns.api.hooks import TriggerHook

_patterns, _app_name, _namespace = api.urls
for _pattern in _patterns:
    if isinstance(_pattern, URLPattern):
        _pattern.callback = with_shaped_refusal(_pattern.callback)

urlpatterns = [
    path("hooks/campaigns/<str:token>/", TriggerHook.as_view(), name="trigger-hook"),
    path("api/v1/", include((_patterns, _app_name), namespace=_namespace)),
    re_path(r"^api/", nothing_here),
]
