"""Doors of the tenancy API."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.actor import Role, Scope
from tenants.membership import invitation_withdraw, member_change_role, member_disable, member_invite
from tenants.models import ApiKey, Invitation, Member
from tenants.permissions import IsKnown
from tenants.scoped import ScopedView
from tenants.selectors import invitation_get, invitation_list, key_get, key_list, member_get, member_list
from tenants.serializers import (
    ApiKeyIn,
    ApiKeyMade,
    ApiKeyOut,
    InvitationIn,
    InvitationMade,
    InvitationOut,
    MemberChange,
    MemberOut,
    WhoAmI,
    join_url,
)
from tenants.services import key_issue, key_revoke


class WhoAmIView(ScopedView):
    """Who the caller is."""

    permission_classes = (IsKnown,)

    @extend_schema(responses=WhoAmI)
    def get(self, request: Request) -> Response:
        """The caller's organisation, kind and rights."""
        actor = self.actor
        shape = {
            "tenant": actor.tenant_id,
            "kind": actor.kind.value,
            "id": actor.id,
            "role": actor.role.value if actor.role else None,
            "scopes": sorted(actor.scopes),
        }
        return Response(WhoAmI(shape).data)


class ApiKeyListView(ScopedView, generics.GenericAPIView[ApiKey]):
    """The organisation's API keys."""

    scopes: ClassVar = {"GET": Scope.KEYS_READ, "POST": Scope.KEYS_WRITE}
    serializer_class = ApiKeyOut
    queryset = ApiKey.objects.none()  # for the OpenAPI document: which model the list is of

    @extend_schema(responses=ApiKeyOut(many=True))
    def get(self, request: Request) -> Response:
        """List the keys, newest first."""
        page = self.paginate_queryset(key_list(self.actor))
        return self.get_paginated_response(ApiKeyOut(page, many=True).data)

    @extend_schema(request=ApiKeyIn, responses={201: ApiKeyMade})
    def post(self, request: Request) -> Response:
        """Make a key; a signed-in member only."""
        shape = ApiKeyIn(data=request.data)
        shape.is_valid(raise_exception=True)
        given = shape.validated_data
        key, text = key_issue(
            actor=self.actor,
            label=given["label"],
            scopes=frozenset(Scope(scope) for scope in given["scopes"]),
            live=given["live"],
            expires_at=given["expires_at"],
        )
        return Response({**ApiKeyOut(key).data, "key": text}, status=201)


class ApiKeyView(ScopedView):
    """One API key."""

    scopes: ClassVar = {"GET": Scope.KEYS_READ, "DELETE": Scope.KEYS_WRITE}

    @extend_schema(responses=ApiKeyOut)
    def get(self, request: Request, key_id: UUID) -> Response:
        """Read it."""
        return Response(ApiKeyOut(key_get(self.actor, key_id)).data)

    @extend_schema(request=None, responses=ApiKeyOut)
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revoke it; the next request with it is refused."""
        return Response(ApiKeyOut(key_revoke(actor=self.actor, key_id=key_id)).data)


class MemberListView(ScopedView, generics.GenericAPIView[Member]):
    """The organisation's members."""

    scopes: ClassVar = {"GET": Scope.MEMBERS_READ}
    serializer_class = MemberOut
    queryset = Member.objects.none()

    @extend_schema(responses=MemberOut(many=True))
    def get(self, request: Request) -> Response:
        """List the members."""
        page = self.paginate_queryset(member_list(self.actor))
        return self.get_paginated_response(MemberOut(page, many=True).data)


class MemberView(ScopedView):
    """One member. Changing one needs an owner's own session; an API key never does it."""

    scopes: ClassVar = {"GET": Scope.MEMBERS_READ, "PATCH": Scope.MEMBERS_WRITE, "DELETE": Scope.MEMBERS_WRITE}

    @extend_schema(responses=MemberOut)
    def get(self, request: Request, member_id: UUID) -> Response:
        """Read it."""
        return Response(MemberOut(member_get(self.actor, member_id)).data)

    @extend_schema(request=MemberChange, responses=MemberOut)
    def patch(self, request: Request, member_id: UUID) -> Response:
        """Give the member another role; effective at their next request. The last owner stays owner."""
        member_get(self.actor, member_id)  # a member of somebody else is not there, whatever the body says
        shape = MemberChange(data=request.data)
        shape.is_valid(raise_exception=True)
        role = Role(shape.validated_data["role"])
        return Response(MemberOut(member_change_role(actor=self.actor, member_id=member_id, role=role)).data)

    @extend_schema(request=None, responses=MemberOut)
    def delete(self, request: Request, member_id: UUID) -> Response:
        """Disable the member; their sessions end with this answer. The last owner stays."""
        return Response(MemberOut(member_disable(actor=self.actor, member_id=member_id)).data)


class InvitationListView(ScopedView, generics.GenericAPIView[Invitation]):
    """Who is invited and has not joined."""

    scopes: ClassVar = {"GET": Scope.MEMBERS_READ, "POST": Scope.MEMBERS_WRITE}
    serializer_class = InvitationOut
    queryset = Invitation.objects.none()

    @extend_schema(responses=InvitationOut(many=True))
    def get(self, request: Request) -> Response:
        """List the invitations that nobody has taken up, newest first."""
        page = self.paginate_queryset(invitation_list(self.actor))
        return self.get_paginated_response(InvitationOut(page, many=True).data)

    @extend_schema(request=InvitationIn, responses={201: InvitationMade})
    def post(self, request: Request) -> Response:
        """Invite a person. The answer holds the link on which they set their own password, this one time."""
        shape = InvitationIn(data=request.data)
        shape.is_valid(raise_exception=True)
        given = shape.validated_data
        place, token = member_invite(
            actor=self.actor, email=given["email"], name=given["name"], role=Role(given["role"])
        )
        return Response({**InvitationOut(place).data, "link": join_url(token)}, status=201)


class InvitationView(ScopedView):
    """One invitation."""

    scopes: ClassVar = {"GET": Scope.MEMBERS_READ, "DELETE": Scope.MEMBERS_WRITE}

    @extend_schema(responses=InvitationOut)
    def get(self, request: Request, invitation_id: UUID) -> Response:
        """Read it."""
        return Response(InvitationOut(invitation_get(self.actor, invitation_id)).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, invitation_id: UUID) -> Response:
        """Take it back; its link is dead."""
        invitation_withdraw(actor=self.actor, invitation_id=invitation_id)
        return Response(status=204)
