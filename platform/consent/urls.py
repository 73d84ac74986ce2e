"""Routes of consents, and of the speaker's own door."""

from django.urls import path

from consent import views
from consent.own import views as own

urlpatterns = [
    path("v1/consent-texts", views.TextsView.as_view(), name="consent-texts"),
    path("v1/consents", views.ConsentsView.as_view(), name="consents"),
    path("v1/consents/<uuid:consent_id>", views.ConsentView.as_view(), name="consent"),
    path("v1/consents/<uuid:consent_id>/challenge", views.ChallengeView.as_view(), name="consent-challenge"),
    path("v1/consents/<uuid:consent_id>/evidence", views.EvidenceView.as_view(), name="consent-evidence"),
    path(
        "v1/consents/<uuid:consent_id>/evidence/audio", views.EvidenceAudioView.as_view(), name="consent-evidence-audio"
    ),
    path("v1/consents/<uuid:consent_id>/approve", views.ApproveView.as_view(), name="consent-approve"),
    path("v1/consents/<uuid:consent_id>/refuse", views.RefuseView.as_view(), name="consent-refuse"),
    path("v1/consents/<uuid:consent_id>/withdraw", views.WithdrawView.as_view(), name="consent-withdraw"),
    path("v1/consents/<uuid:consent_id>/receipt", views.ReceiptView.as_view(), name="consent-receipt"),
    path("v1/speaker-links/<str:token>", own.OwnPageView.as_view(), name="own"),
    path(
        "v1/speaker-links/<str:token>/consents/<uuid:consent_id>/withdraw",
        own.OwnWithdrawView.as_view(),
        name="own-withdraw",
    ),
    path(
        "v1/speaker-links/<str:token>/consents/<uuid:consent_id>/receipt",
        own.OwnReceiptView.as_view(),
        name="own-receipt",
    ),
    path("speaker/<str:token>", own.own_page, name="own-page"),
    path("speaker/<str:token>/consents/<uuid:consent_id>/withdraw", own.own_withdraw, name="own-page-withdraw"),
]
