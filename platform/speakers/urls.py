"""Routes of speakers."""

from django.urls import path

from speakers import views

urlpatterns = [
    path("v1/speakers", views.SpeakerListView.as_view(), name="speaker-list"),
    path("v1/speakers/<uuid:speaker_id>", views.SpeakerView.as_view(), name="speaker"),
    path("v1/speakers/<uuid:speaker_id>/links", views.SpeakerLinkView.as_view(), name="speaker-links"),
]
