"""Routes of watermark."""

from django.urls import path

from watermark import views

urlpatterns = [
    path("v1/verifications", views.VerificationsView.as_view(), name="verifications"),
    path("v1/verifications/<uuid:verification_id>", views.VerificationView.as_view(), name="verification"),
    path("v1/detect", views.DetectView.as_view(), name="detect"),
]
