"""Routes of storage."""

from django.urls import path

from storage.views import UploadView

urlpatterns = [path("v1/uploads/<str:token>", UploadView.as_view(), name="upload")]
