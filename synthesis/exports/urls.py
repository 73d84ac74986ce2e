"""Routes of exports."""

from django.urls import path

from synthesis.exports import views

urlpatterns = [
    path("v1/exports", views.ExportsView.as_view(), name="exports"),
    path("v1/exports/<uuid:export_id>", views.ExportView.as_view(), name="export"),
    path("v1/exports/<uuid:export_id>/cancel", views.ExportCancelView.as_view(), name="export-cancel"),
    path("v1/exports/<uuid:export_id>/file", views.ExportFileView.as_view(), name="export-file"),
]
