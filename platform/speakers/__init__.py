"""The person whose voice it is: who they are (sealed), the handle of their key, and their own link.

It knows nothing of consents or voices; higher packages ask it who a speaker is and whether the
person is still there. The pages behind the link stand in ``consent.own``, because they speak of consents.
"""
