"""The plain pages: home, signing in, joining, try a synthesis, verify a clip. No build step, usable by keyboard."""

from __future__ import annotations

from django.contrib.auth.password_validation import password_validators_help_texts
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from problems.errors import DomainError, Invalid
from tenants.authentication import session_actor, session_open
from tenants.errors import EmailTaken, InvitationClosed, PasswordWeak, SignInFailed
from tenants.membership import PASSWORD_MOST, invitation_by_link, member_join
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


class PasswordsDiffer(Invalid):
    """The two entries of the form are not the same."""

    code = "passwords-differ"
    title = "The two passwords are not the same"
    meaning = "What was typed the second time is not what was typed the first time; type both again."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join_page(request: HttpRequest, token: str) -> HttpResponse:
    """The invited person sets a password; the link works once, and signs them in."""
    problem: DomainError | None = None
    try:
        if request.method == "POST":
            password = request.POST.get("password", "")
            if password != request.POST.get("again", ""):
                raise PasswordsDiffer
            session_open(request, member_join(token=token, password=password))
            return redirect("home")
    except (PasswordWeak, PasswordsDiffer) as error:
        problem = error
    except EmailTaken as error:
        return render(request, "join.html", {"problem": error}, status=409)
    except InvitationClosed as error:
        return render(request, "join.html", {"problem": error}, status=404)
    try:
        place, tenant = invitation_by_link(token)
    except InvitationClosed as error:
        return render(request, "join.html", {"problem": error}, status=404)
    facts = {
        "place": place,
        "tenant": tenant,
        "role": place.role.replace("_", " "),
        "rules": password_validators_help_texts(),
        "most": PASSWORD_MOST,
        "problem": problem,
    }
    return render(request, "join.html", facts, status=422 if problem else 200)


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
