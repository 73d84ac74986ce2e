"""Make tenants, members and keys; sign in; take from a quota."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.utils.crypto import salted_hmac

from audit.services import record
from isolation.scope import database_now, set_tenant, tenant_scope
from tenants import apikeys
from tenants.actor import PERSON_ONLY, SCOPES_OF, Actor, ActorKind, Role, Scope
from tenants.errors import (
    EmailTaken,
    PersonNeeded,
    QuotaExhausted,
    ScopeMissing,
    SignInFailed,
    SlugTaken,
    TenantSuspended,
)
from tenants.models import ApiKey, ApiKeyDigest, Member, Tenant
from tenants.selectors import key_get, tenant_by_slug

LOCK_AFTER = 5
LOCK_FOR = timedelta(minutes=15)


@transaction.atomic
def tenant_create(*, slug: str, is_demo: bool = False) -> Tenant:
    """Make an organisation. Called by the operator's command, not over HTTP.

    Raises:
        SlugTaken: the address belongs to another organisation.
    """
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(slug=slug, is_demo=is_demo)
    except IntegrityError as error:
        raise SlugTaken(slug=slug) from error
    set_tenant(tenant.pk)
    record(event="tenant.created", tenant_id=tenant.pk, actor="operator", object_id=tenant.pk, detail={"slug": slug})
    return tenant


@transaction.atomic
def member_create(*, actor: Actor, email: str, name: str, role: Role, password: str) -> Member:
    """Add a member.

    Raises:
        EmailTaken: the organisation has a member with this address.
    """
    set_tenant(actor.tenant_id)
    member = Member(tenant_id=actor.tenant_id, email=email.lower(), name=name, role=role.value)
    member.set_password(password)
    try:
        with transaction.atomic():
            member.save(force_insert=True)
    except IntegrityError as error:
        raise EmailTaken from error
    record(
        event="member.created",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=member.pk,
        detail={"role": role.value},
    )
    return member


def sign_in(*, slug: str, email: str, password: str) -> Member:
    """Check a member's password; five failures lock the account for a quarter of an hour.

    The failure is counted in a transaction of its own, so that the refusal does not roll it back.

    Raises:
        SignInFailed: whatever was wrong; the time taken does not tell what.
    """
    tenant = tenant_by_slug(slug)
    if tenant is None or tenant.suspended_at is not None:
        make_password(password)  # the same work as for a known organisation
        raise SignInFailed
    with tenant_scope(tenant.pk):
        member = Member.objects.select_for_update().filter(email=email.lower(), disabled_at=None).first()
        good = _try_password(member, password)
    if member is None or not good:
        raise SignInFailed
    return member


def _try_password(member: Member | None, password: str) -> bool:
    if member is None:
        make_password(password)  # the same work as for a known member
        return False
    now = database_now()
    if member.locked_until is not None and member.locked_until > now:
        make_password(password)
        return False
    good = member.has_password(password)
    member.failures = 0 if good else member.failures + 1
    member.locked_until = now + LOCK_FOR if member.failures >= LOCK_AFTER else None
    member.save(update_fields=["failures", "locked_until"])
    return good


@transaction.atomic
def key_issue(
    *, actor: Actor, label: str, scopes: frozenset[Scope], live: bool = True, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make an API key and show its text for the only time.

    Returns:
        The row and the key's text.

    Raises:
        PersonNeeded: a service key tried to make a key, or asked for a right only persons hold.
        ScopeMissing: the member asked for more than the member's role holds.
    """
    if actor.kind is not ActorKind.SYSTEM:
        if not actor.is_person or scopes & PERSON_ONLY:
            raise PersonNeeded
        if not scopes <= actor.scopes:
            raise ScopeMissing(scopes=sorted(scopes - actor.scopes))
    set_tenant(actor.tenant_id)
    text = apikeys.generate(live=live)
    key = ApiKey.objects.create(
        tenant_id=actor.tenant_id,
        label=label,
        hint=f"{text[:9]}...{text[-4:]}",
        scopes=sorted(scopes),
        expires_at=expires_at,
    )
    ApiKeyDigest.objects.create(digest=apikeys.digest(text), tenant_id=actor.tenant_id, key_id=key.pk)
    record(
        event="key.issued",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=key.pk,
        detail={"scopes": sorted(scopes)},
    )
    return key, text


@transaction.atomic
def key_revoke(*, actor: Actor, key_id: UUID) -> ApiKey:
    """Put a key out of force at once; nothing caches keys, so the next request already fails."""
    set_tenant(actor.tenant_id)
    key = key_get(actor, key_id)
    if key.revoked_at is None:
        key.revoked_at = database_now()
        key.save(update_fields=["revoked_at"])
        record(event="key.revoked", tenant_id=actor.tenant_id, actor=actor.label, object_id=key.pk, detail={})
    return key


def actor_of_key(text: str) -> Actor | None:
    """The actor behind an API key, with the tenant set on the open transaction; None when not in force.

    Nothing of it is kept: whether the key is in force is asked at every request.

    Raises:
        TenantSuspended: the organisation may not do anything at the moment.
    """
    if not apikeys.well_formed(text):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, key_id, suspended, scopes FROM tenants_key_entered(%s)", [apikeys.digest(text)]
        )
        row = cursor.fetchone()
    if row is None:
        return None
    tenant_id, key_id, suspended, scopes = row
    if suspended:
        raise TenantSuspended
    if scopes is None:
        return None
    return Actor(tenant_id, ActorKind.KEY, key_id, frozenset(map(Scope, scopes)) - PERSON_ONLY)


def actor_of_member(tenant_id: UUID, member_id: UUID, stamp: str) -> Actor | None:
    """The actor behind a session, with the tenant set; None when disabled or the password has changed."""
    if Tenant.objects.filter(pk=tenant_id, suspended_at__isnull=False).exists():
        raise TenantSuspended
    set_tenant(tenant_id)
    member = Member.objects.filter(pk=member_id, disabled_at=None).first()
    if member is None or session_stamp(member) != stamp:
        return None
    role = Role(member.role)
    return Actor(tenant_id, ActorKind.MEMBER, member.pk, SCOPES_OF[role], role)


def session_stamp(member: Member) -> str:
    """Ties a session to the password it was opened with."""
    return salted_hmac("consonant.session", member.password, algorithm="sha256").hexdigest()


def quota_take(*, actor: Actor, what: str, amount: int, allowed: int) -> None:
    """Take `amount` from the month's quota in the caller's transaction; a rolled-back act takes nothing.

    One statement decides and writes, so concurrent takers cannot both have the last piece.

    Raises:
        QuotaExhausted: less is left.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO tenants_quota (id, tenant_id, created_at, what, month, allowed, used)
            SELECT gen_random_uuid(), %(tenant)s, now(), %(what)s, date_trunc('month', now())::date, %(allowed)s, %(n)s
            WHERE %(n)s <= %(allowed)s
            ON CONFLICT (tenant_id, what, month) DO UPDATE SET used = tenants_quota.used + %(n)s
            WHERE tenants_quota.used + %(n)s <= tenants_quota.allowed
            RETURNING used
            """,
            {"tenant": str(actor.tenant_id), "what": what, "allowed": allowed, "n": amount},
        )
        if cursor.fetchone() is None:
            raise QuotaExhausted(what=what)
