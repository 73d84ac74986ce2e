"""Sound as values and bytes: clips, containers, encodings, and a decoder that hostile files cannot hurt.

Nothing here knows Django, tenants or people. README-level facts: a `Clip` is what the rest of the
project passes around, `decode.decode` is the only way in from foreign bytes, `encode.encode` the only way out.
"""
