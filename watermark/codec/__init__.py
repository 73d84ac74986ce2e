"""The watermark itself: numbers in, numbers out. No Django, no database, no torch.

Mark with `embed` (or multiply a spectrum with `gain_field`), find with `detect`, read back with `check`,
compare content with `fingerprint` and `match`. Keys come from `keys`; promises and limits stand in
`watermark/README.md`.
"""
