"""Routes of the log: public files under `log/`, the tenant's own view of it under `v1/log/`."""

from django.urls import path

from audit import views

urlpatterns = [
    path("log/checkpoint", views.CheckpointView.as_view(), name="log-checkpoint"),
    path("log/key", views.VerifierView.as_view(), name="log-key"),
    path("log/tile/<path:path>", views.TileView.as_view(), name="log-tile"),
    path("v1/log/entries", views.EntryListView.as_view(), name="log-entries"),
    path("v1/log/entries/<uuid:entry>", views.EntryView.as_view(), name="log-entry"),
    path("v1/log/proofs/<uuid:entry>", views.ProofView.as_view(), name="log-proof"),
]
