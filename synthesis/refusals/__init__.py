"""People who asked never to be cloned: sealed references, and the look at them before a voice is made.

The operator's entries hold for the whole deployment. An entry that a tenant's compliance officer makes holds for that
tenant at once and for everybody when the operator has confirmed it: no tenant can close another's voices alone.
"""
