"""The mark in every sound: the codec, the marks issued, and the verification of suspect clips."""
