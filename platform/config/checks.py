"""Start-up checks: stand-ins and weak secrets stay out of production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from watermark.errors import MarkKeyMissing
from watermark.ring import live_keys


@register()
def production_is_real(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A production deployment has real stores, a strong secret and the neural engine; elsewhere stand-ins warn."""
    kind: type[Error | Warning] = Error if settings.MODE == "production" else Warning
    found: list[CheckMessage] = []
    if settings.KEY_STORE != "kms":
        found.append(kind("keys stand in files (CONSONANT_KEY_STORE=directory)", id="consonant.001"))
    if settings.OBJECT_STORE != "s3":
        found.append(kind("objects stand in a directory (CONSONANT_OBJECT_STORE=directory)", id="consonant.002"))
    if settings.ENGINE == "humming":
        found.append(kind("the engine hums (CONSONANT_ENGINE=humming)", id="consonant.003"))
    if len(settings.SECRET_KEY) < 50:
        found.append(kind("the secret key is shorter than 50 characters", id="consonant.004"))
    if settings.MODE == "production" and not settings.PUBLIC_URL.startswith("https://"):
        found.append(Error("the public URL is not https", id="consonant.005"))
    return found if settings.MODE == "production" else [m for m in found if settings.MODE == "demo"]


@register(deploy=True)  # not at every command: one of them makes the key
def production_marks(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Whoever marks or searches needs the mark key; production never makes one silently on each host."""
    if settings.MODE != "production":
        return []
    try:
        live_keys()
    except MarkKeyMissing:
        hint = "manage.py rotate_mark_key --first makes it on one host; every other host gets the same file"
        return [Error(f"no mark key can be read at {settings.DATA_DIR / 'mark-key'}", hint=hint, id="consonant.006")]
    return []
