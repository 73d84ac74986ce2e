"""The quality card of a trained voice: how near it is to its person, whether it is understood, what would help.

`measure` makes it, `bars` decides what is kept back as a draft, `words` and `shape` measure, `draw` makes the picture.
A card decides nothing on consent and is no proof of identity.
"""
