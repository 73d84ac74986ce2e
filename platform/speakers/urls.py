"""Routes of speakers. The speaker's own page, which shows consents, is consent's."""

from django.urls import path

from speakers import views

urlpatterns = [
    path("v1/speakers", views.SpeakersView.as_view(), name="speakers"),
    path("v1/speakers/<uuid:speaker_id>", views.SpeakerView.as_view(), name="speaker"),
    path("v1/speakers/<uuid:speaker_id>/links", views.SpeakerLinksView.as_view(), name="speaker-links"),
]
