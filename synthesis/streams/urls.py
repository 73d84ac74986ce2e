"""Routes of streams."""

from django.urls import path

from synthesis.streams import views

urlpatterns = [path("v1/streams", views.StreamsView.as_view(), name="streams")]
