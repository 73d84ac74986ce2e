"""The demonstration: the whole main job on real speech, over HTTP, told step by step.

Holds the speech it uses (with its licence). Uses nothing but the public API, the pages and the
stand-alone verifiers: what it can do, a customer can do.
"""
