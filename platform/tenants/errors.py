"""What can go wrong with tenants, members, keys and quotas."""

from problems.errors import Conflict, Invalid, NotFound, Refused, TooMany, Unauthenticated


class KeyUnknown(Unauthenticated):
    """The key is malformed, unknown, expired or revoked: one answer for all four."""

    code = "key-unknown"
    title = "The API key is not in force"
    meaning = "The key is malformed, unknown, expired or revoked. Which of these it is, is not told to strangers."


class SignInFailed(Unauthenticated):
    """Wrong organisation, address or password: one answer for all three."""

    code = "sign-in-failed"
    title = "Signing in failed"
    meaning = "The organisation, the address or the password is not right, or the account is locked for a while."


class ScopeMissing(Refused):
    """The actor does not hold the right this act needs."""

    code = "scope-missing"
    title = "This credential may not do that"
    meaning = "The API key or the member's role does not hold the scope named in the answer."


class PersonNeeded(Refused):
    """The act needs a named person; a service key is not one."""

    code = "person-needed"
    title = "A named person has to do this"
    meaning = "Approvals, exports and key management are done by a signed-in member, never by an API key."


class TenantSuspended(Refused):
    """The organisation is suspended."""

    code = "tenant-suspended"
    title = "The organisation is suspended"
    meaning = "The operator has suspended the organisation; its keys and members are refused."


class QuotaExhausted(TooMany):
    """The month's quota is used up."""

    code = "quota-exhausted"
    title = "The month's quota is used up"
    meaning = "The organisation has used what it may use this month; the facts say of what."
    retry_after_s = 3600


class SlugTaken(Conflict):
    """Another organisation has this address."""

    code = "slug-taken"
    title = "This organisation address is taken"
    meaning = "Organisation addresses are unique; choose another."


class EmailTaken(Conflict):
    """The organisation has a member with this e-mail address."""

    code = "email-taken"
    title = "A member with this e-mail address exists"
    meaning = "E-mail addresses are unique within an organisation."


class InvitationStands(Conflict):
    """Somebody is already invited at this e-mail address."""

    code = "invitation-stands"
    title = "An invitation for this e-mail address is open"
    meaning = "One invitation for an address at a time: take the open one back first, then its link is dead."


class InvitationClosed(NotFound):
    """The link was used, taken back, is too old, or never was: one answer for all four."""

    code = "invitation-closed"
    title = "This invitation is not open"
    meaning = "The link was used before, was taken back, is too old, or was never given out. Ask for another one."


class PasswordWeak(Invalid):
    """The password does not keep anybody out; the facts say why."""

    code = "password-weak"
    title = "Choose another password"
    meaning = "The password is too short, too common, only digits, or too much like the name or the address."


class LastOwner(Conflict):
    """The act would leave the organisation without an owner."""

    code = "last-owner"
    title = "An organisation keeps at least one owner"
    meaning = "The last owner cannot be disabled or given another role. Make somebody else an owner first."


class MemberDisabled(Conflict):
    """The member cannot sign in any more."""

    code = "member-disabled"
    title = "The member is disabled"
    meaning = "A disabled member has no role to change. Invite the same address again to bring the person back."
