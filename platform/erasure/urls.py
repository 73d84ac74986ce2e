"""Routes of erasure."""

from django.urls import path

from erasure import views

urlpatterns = [
    path("v1/speakers/<uuid:speaker>/erasure", views.ErasureRequestView.as_view(), name="erasure-request"),
    path("v1/erasures", views.ErasureListView.as_view(), name="erasures"),
    path("v1/erasures/<uuid:erasure>", views.ErasureView.as_view(), name="erasure"),
    path("v1/erasures/<uuid:erasure>/certificate", views.CertificateView.as_view(), name="erasure-certificate"),
    path("log/certificate-key", views.CertificateKeyView.as_view(), name="certificate-key"),
]
