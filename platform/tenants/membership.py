"""Who belongs to an organisation: invited by an owner, joining by themselves, changing roles, leaving.

The owner never learns a member's password: the invited person sets it behind a link that works once. The
log names members by random ids; addresses and names stay in the tenant's rows.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.services import record
from isolation.scope import database_now, set_tenant
from tenants.actor import Actor, ActorKind, Role
from tenants.errors import (
    EmailTaken,
    InvitationClosed,
    InvitationStands,
    LastOwner,
    MemberDisabled,
    PasswordWeak,
    PersonNeeded,
    ScopeMissing,
)
from tenants.models import Invitation, InvitationDigest, Member, Tenant
from tenants.selectors import invitation_get, member_get

INVITATION_LIFE = timedelta(days=3)
TOKEN_BYTES = 32
PASSWORD_MOST = 256  # argon2 reads every character, so a stranger does not choose how many


@transaction.atomic
def member_invite(*, actor: Actor, email: str, name: str, role: Role) -> tuple[Invitation, str]:
    """Hold a place for a person.

    Returns:
        The invitation, and the token of its link, which is shown this one time.

    Raises:
        PersonNeeded: a service key invites nobody. EmailTaken: a member who may sign in has this address.
        InvitationStands: an invitation for it is open.
    """
    _person(actor)
    email = email.lower()
    if Member.objects.filter(tenant_id=actor.tenant_id, email=email, disabled_at=None).exists():
        raise EmailTaken
    invitations_sweep(tenant_id=actor.tenant_id)
    place = Invitation(tenant_id=actor.tenant_id, email=email, name=name, role=role.value)
    place.expires_at = database_now() + INVITATION_LIFE
    try:
        with transaction.atomic():
            place.save(force_insert=True)
    except IntegrityError as error:
        raise InvitationStands from error
    token = secrets.token_urlsafe(TOKEN_BYTES)
    InvitationDigest.objects.create(digest=_digest(token), tenant_id=actor.tenant_id, invitation_id=place.pk)
    _note("member.invited", actor.tenant_id, actor.label, place.pk, role=role.value)
    return place, token


@transaction.atomic
def invitation_withdraw(*, actor: Actor, invitation_id: UUID) -> None:
    """Take an invitation back; its link is dead from the commit on.

    Raises:
        PersonNeeded. NotFound: no such invitation here, or it was taken up meanwhile.
    """
    _person(actor)
    place = invitation_get(actor, invitation_id)
    _close(place)
    _note("invitation.withdrawn", actor.tenant_id, actor.label, place.pk)


def invitation_by_link(token: str) -> tuple[Invitation, Tenant]:
    """The open invitation behind a link and its organisation; sets the tenant, and holds the row's lock.

    Raises:
        InvitationClosed: used, taken back, too old, never given out, or the organisation is suspended.
    """
    link = InvitationDigest.objects.filter(digest=_digest(token)).first()
    tenant = Tenant.objects.filter(pk=link.tenant_id, suspended_at=None).first() if link else None
    if link is None or tenant is None:
        raise InvitationClosed
    set_tenant(tenant.pk)
    # The lock makes the link single-use: who comes second waits here, and then finds no row.
    place = Invitation.objects.select_for_update().filter(pk=link.invitation_id).first()
    if place is None or place.expires_at <= database_now():
        raise InvitationClosed
    return place, tenant


@transaction.atomic
def member_join(*, token: str, password: str) -> Member:
    """The invited person sets a password and is a member from now on; who was disabled comes back this way.

    Raises:
        InvitationClosed. PasswordWeak: the link stays good. EmailTaken: became a member by another way meanwhile.
    """
    place, tenant = invitation_by_link(token)
    rows = Member.objects.select_for_update()
    member = rows.filter(email=place.email).first() or Member(tenant_id=tenant.pk, email=place.email)
    if not member._state.adding and member.disabled_at is None:
        raise EmailTaken
    member.name, member.role = place.name, place.role
    member.disabled_at = member.locked_until = None
    member.failures = 0
    password_check(password, member)
    member.set_password(password)  # a new stamp too: sessions from before a disabling stay dead
    member.save()
    _close(place)
    _note("member.joined", tenant.pk, f"{ActorKind.MEMBER}:{member.pk}", member.pk, role=member.role)
    return member


@transaction.atomic
def member_change_role(*, actor: Actor, member_id: UUID, role: Role) -> Member:
    """Give a member another role; the member's next request has the other rights.

    Raises:
        PersonNeeded, ScopeMissing: not an owner (any more). NotFound. MemberDisabled.
        LastOwner: nobody would be owner.
    """
    member = _held(actor, member_id)
    if member.disabled_at is not None:
        raise MemberDisabled
    if member.role != role.value:
        before, member.role = member.role, role.value
        member.save(update_fields=["role"])
        _note("member.role_changed", actor.tenant_id, actor.label, member.pk, before=before, role=role.value)
    return member


@transaction.atomic
def member_disable(*, actor: Actor, member_id: UUID) -> Member:
    """Shut a member out at once: sessions are judged by this row at every request. Again changes nothing.

    Raises:
        PersonNeeded, ScopeMissing: not an owner (any more). NotFound. LastOwner: nobody would be owner.
    """
    member = _held(actor, member_id)
    if member.disabled_at is None:
        member.disabled_at = database_now()
        member.save(update_fields=["disabled_at"])
        _note("member.disabled", actor.tenant_id, actor.label, member.pk)
    return member


def _held(actor: Actor, member_id: UUID) -> Member:
    """The member under a lock, after it is clear that an owner stays whatever is done to them."""
    _person(actor)
    member = member_get(actor, member_id)
    # Every such act locks all owners, in one order: of two owners who end each other, the second sees the first's end.
    active = Member.objects.filter(tenant_id=actor.tenant_id, role=Role.OWNER.value, disabled_at=None)
    owners = {owner.pk for owner in active.select_for_update().order_by("pk")}
    if actor.id not in owners:
        raise ScopeMissing(needed=Role.OWNER.value)
    if owners == {member.pk}:
        raise LastOwner
    return Member.objects.select_for_update().get(pk=member.pk)


def password_check(password: str, member: Member) -> None:
    """Whether `password` may be `member`'s (settings.AUTH_PASSWORD_VALIDATORS).

    Raises:
        PasswordWeak: with the reasons.
    """
    if len(password) > PASSWORD_MOST:
        raise PasswordWeak(f"This password is longer than {PASSWORD_MOST} characters.")
    try:
        validate_password(password, member)  # type: ignore[arg-type]  # asks for name and email, which a Member has
    except ValidationError as error:
        raise PasswordWeak(" ".join(error.messages)) from error


def invitations_sweep(*, tenant_id: UUID) -> int:
    """Forget the invitations of a tenant that are too old (settings.SWEEPS).

    Returns:
        How many there were.
    """
    old = Invitation.objects.filter(tenant_id=tenant_id, expires_at__lte=database_now())
    for place in old:
        _close(place)
    return len(old)


def _close(place: Invitation) -> None:
    InvitationDigest.objects.filter(tenant_id=place.tenant_id, invitation_id=place.pk).delete()
    Invitation.objects.filter(pk=place.pk).delete()


def _digest(token: str) -> bytes:
    # 256 bits of chance need no slow hash.
    return hashlib.sha256(token.encode()).digest()


def _person(actor: Actor) -> None:
    if not actor.is_person:
        raise PersonNeeded


def _note(event: str, tenant_id: UUID, label: str, row: UUID, **detail: str) -> None:
    record(event=event, tenant_id=tenant_id, actor=label, object_id=row, detail=detail)
