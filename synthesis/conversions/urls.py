"""Routes of conversions."""

from django.urls import path

from synthesis.conversions import views

urlpatterns = [path("v1/conversions", views.ConversionsView.as_view(), name="conversions")]
