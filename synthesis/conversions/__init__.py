"""Conversions: speech in, the same words in a consented voice out, with the timing and the melody of whoever spoke.

A conversion is a synthesis whose script is the transcript of a recording: it is admitted, marked, released, withdrawn,
listed and erased like any other. What is new is the recording, which is a person's voice too: it is decoded in the
sandbox, judged, and looked through for our own mark before anything is made of it; it lies sealed under the key of the
speaker whose voice it asks for, and goes when the job has ended, whatever came of it.
"""
