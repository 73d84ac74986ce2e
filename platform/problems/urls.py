"""Routes of the problem pages."""

from django.urls import path

from problems import views

urlpatterns = [
    path("problems/", views.problem_list, name="problem-list"),
    path("problems/<slug:code>", views.problem_detail, name="problem-detail"),
]
