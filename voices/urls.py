"""Routes of recordings and voices."""

from django.urls import path

from voices import views

urlpatterns = [
    path("v1/uploads", views.UploadsView.as_view(), name="uploads"),
    path("v1/recordings", views.RecordingsView.as_view(), name="recordings"),
    path("v1/recordings/<uuid:recording_id>", views.RecordingView.as_view(), name="recording"),
    path("v1/recordings/<uuid:recording_id>/audio", views.RecordingAudioView.as_view(), name="recording-audio"),
    path("v1/prompts", views.PromptsView.as_view(), name="prompts"),
    path("v1/voices", views.VoicesView.as_view(), name="voices"),
    path("v1/voices/<uuid:voice_id>", views.VoiceView.as_view(), name="voice"),
    path("v1/voices/<uuid:voice_id>/retire", views.VoiceRetireView.as_view(), name="voice-retire"),
    path("v1/voices/<uuid:voice_id>/versions", views.VersionsView.as_view(), name="versions"),
    path("v1/voices/<uuid:voice_id>/versions/<int:number>", views.VersionView.as_view(), name="version"),
    path(
        "v1/voices/<uuid:voice_id>/versions/<int:number>/retire",
        views.VersionRetireView.as_view(),
        name="version-retire",
    ),
    path(
        "v1/voices/<uuid:voice_id>/versions/<int:number>/accept",
        views.VersionAcceptView.as_view(),
        name="version-accept",
    ),
    path(
        "v1/voices/<uuid:voice_id>/versions/<int:number>/picture",
        views.VersionPictureView.as_view(),
        name="version-picture",
    ),
]
