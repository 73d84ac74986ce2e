"""Routes of the tenancy API."""

from django.urls import path

from tenants import views

urlpatterns = [
    path("v1/me", views.WhoAmIView.as_view(), name="me"),
    path("v1/api-keys", views.ApiKeyListView.as_view(), name="api-key-list"),
    path("v1/api-keys/<uuid:key_id>", views.ApiKeyView.as_view(), name="api-key"),
    path("v1/members", views.MemberListView.as_view(), name="member-list"),
]
