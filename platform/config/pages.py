"""The plain pages: home, signing in, try a synthesis, verify a clip. No build step, usable by keyboard."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.authentication import session_actor, session_open
from tenants.errors import SignInFailed
from tenants.services import sign_in


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where to go."""
    return render(request, "home.html", {"actor": session_actor(request)})


@transaction.non_atomic_requests  # a failed attempt is counted although the page says no
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Sign a member in."""
    if request.method != "POST":
        return render(request, "signin.html")
    try:
        member = sign_in(
            slug=request.POST.get("organisation", ""),
            email=request.POST.get("email", ""),
            password=request.POST.get("password", ""),
        )
    except SignInFailed as error:
        return render(request, "signin.html", {"problem": error}, status=401)
    session_open(request, member)
    return redirect("home")


@require_POST
def sign_out_page(request: HttpRequest) -> HttpResponse:
    """Forget the session."""
    request.session.flush()
    return redirect("home")


@require_safe
def try_page(request: HttpRequest) -> HttpResponse:
    """Type a sentence, choose a voice, listen. Talks to the same API as everybody (static/try.js)."""
    actor = session_actor(request)
    if actor is None:
        return redirect("sign-in")
    return render(request, "try.html", {"actor": actor})


@require_safe
def verify_page(request: HttpRequest) -> HttpResponse:
    """Drop a clip, get a verdict; open to anyone (static/verify.js)."""
    return render(request, "verify.html", {"actor": session_actor(request)})
