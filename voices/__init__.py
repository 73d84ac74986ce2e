"""Recordings and voices: what a speaker says into a microphone, judged, sealed and kept, and the voice made of it."""
