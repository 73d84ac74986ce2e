"""Routes of consent: the tenant's, everybody's, and the speaker's own."""

from django.urls import path

from consent import views
from consent.own import views as own

_ONE = "v1/consents/<uuid:consent_id>"
_OWN = "v1/speaker-links/<str:token>"
_PAGE = "speaker/<str:token>"

urlpatterns = [
    path("v1/consent-texts", views.ConsentTextListView.as_view(), name="consent-texts"),
    path("v1/consent-texts/<slug:locale>", views.ConsentTextView.as_view(), name="consent-text"),
    path("v1/receipt-key", views.ReceiptKeyView.as_view(), name="receipt-key"),
    path("v1/consents", views.ConsentListView.as_view(), name="consent-list"),
    path(_ONE, views.ConsentView.as_view(), name="consent"),
    path(f"{_ONE}/challenge", views.ChallengeView.as_view(), name="consent-challenge"),
    path(f"{_ONE}/evidence", views.EvidenceView.as_view(), name="consent-evidence"),
    path(f"{_ONE}/evidence/audio", views.EvidenceAudioView.as_view(), name="consent-evidence-audio"),
    path(f"{_ONE}/approve", views.ApproveView.as_view(), name="consent-approve"),
    path(f"{_ONE}/refuse", views.RefuseView.as_view(), name="consent-refuse"),
    path(f"{_ONE}/withdraw", views.WithdrawView.as_view(), name="consent-withdraw"),
    path(f"{_ONE}/receipt", views.ReceiptView.as_view(), name="consent-receipt"),
    path(_OWN, own.OwnView.as_view(), name="own"),
    path(f"{_OWN}/links", own.OwnLinksView.as_view(), name="own-links"),
    path(f"{_OWN}/erasure", own.OwnErasureView.as_view(), name="own-erasure"),
    path(f"{_OWN}/consents/<uuid:consent_id>/withdraw", own.OwnWithdrawView.as_view(), name="own-withdraw"),
    path(f"{_OWN}/consents/<uuid:consent_id>/receipts", own.OwnReceiptsView.as_view(), name="own-receipts"),
    path(_PAGE, own.page, name="own-page"),
    path(f"{_PAGE}/withdraw", own.page_withdraw, name="own-page-withdraw"),
    path(f"{_PAGE}/erase", own.page_erase, name="own-page-erase"),
]
