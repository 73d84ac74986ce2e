"""All routes. Each app keeps its own under ``urls.py``."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from config import health, pages

# Django tries them in this order, an eighth of a read when the route stands last: so the busiest come first.
urlpatterns = [
    path("", include("synthesis.urls")),
    path("", include("tenants.urls")),
    path("", include("voices.urls")),
    path("", include("speakers.urls")),
    path("", include("watermark.urls")),
    path("", include("consent.urls")),
    path("", include("storage.urls")),
    path("", include("audit.urls")),
    path("", include("erasure.urls")),
    path("", include("problems.urls")),
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    path("v1/schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularRedocView.as_view(url_name="schema"), name="docs"),
    path("docs/try", SpectacularSwaggerView.as_view(url_name="schema"), name="docs-try"),
    path("", pages.home, name="home"),
    path("signin", pages.sign_in_page, name="sign-in"),
    path("signout", pages.sign_out_page, name="sign-out"),
    path("join/<str:token>", pages.join_page, name="join"),
    path("try", pages.try_page, name="try"),
    path("verify", pages.verify_page, name="verify"),
]

handler400 = "problems.handler.bad_request"
handler403 = "problems.handler.forbidden"
handler404 = "problems.handler.not_found"
handler500 = "problems.handler.server_error"
