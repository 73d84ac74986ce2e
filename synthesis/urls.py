"""Routes of synthesis."""

from django.urls import include, path

from synthesis import views

urlpatterns = [
    path("v1/syntheses", views.SynthesesView.as_view(), name="syntheses"),
    path("v1/syntheses/<uuid:synthesis_id>", views.SynthesisView.as_view(), name="synthesis"),
    path("v1/syntheses/<uuid:synthesis_id>/cancel", views.SynthesisCancelView.as_view(), name="synthesis-cancel"),
    path("v1/syntheses/<uuid:synthesis_id>/audio", views.SynthesisAudioView.as_view(), name="synthesis-audio"),
    path("v1/syntheses/<uuid:synthesis_id>/events", views.SynthesisEventsView.as_view(), name="synthesis-events"),
    path("v1/finetunes", views.FineTunesView.as_view(), name="finetunes"),
    path("v1/finetunes/<uuid:finetune_id>", views.FineTuneView.as_view(), name="finetune"),
    path("v1/finetunes/<uuid:finetune_id>/cancel", views.FineTuneCancelView.as_view(), name="finetune-cancel"),
    path("", include("synthesis.conversions.urls")),
    path("", include("synthesis.exports.urls")),
    path("", include("synthesis.refusals.urls")),
    path("", include("synthesis.streams.urls")),
]
