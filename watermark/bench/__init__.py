"""Measures the watermark: real codecs, real speech, quality, false alarms, speed, attacks.

`python -m watermark.bench --help`. Nothing here is needed to mark or to detect.
"""
