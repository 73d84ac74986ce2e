"""Routes of the tenancy API."""

from django.urls import path

from tenants import views

urlpatterns = [
    path("v1/me", views.WhoAmIView.as_view(), name="me"),
    path("v1/api-keys", views.ApiKeyListView.as_view(), name="api-key-list"),
    path("v1/api-keys/<uuid:key_id>", views.ApiKeyView.as_view(), name="api-key"),
    path("v1/members", views.MemberListView.as_view(), name="member-list"),
    path("v1/members/<uuid:member_id>", views.MemberView.as_view(), name="member"),
    path("v1/invitations", views.InvitationListView.as_view(), name="invitation-list"),
    path("v1/invitations/<uuid:invitation_id>", views.InvitationView.as_view(), name="invitation"),
]
