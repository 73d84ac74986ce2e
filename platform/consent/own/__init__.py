"""The speaker's own doors: what a person can see and do by their link, without the tenant's help.

They stand above ``speakers`` because they speak of consents. The link is the whole authority: 256 random
bits, stored as a digest; it shows and ends what is this person's and nothing else.
"""
