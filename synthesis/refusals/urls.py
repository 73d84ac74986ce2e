"""Routes of the do-not-clone list."""

from django.urls import path

from synthesis.refusals import views

urlpatterns = [
    path("v1/do-not-clone", views.RefusalsView.as_view(), name="do-not-clone"),
    path("v1/do-not-clone/<uuid:refusal_id>", views.RefusalView.as_view(), name="do-not-clone-entry"),
]
