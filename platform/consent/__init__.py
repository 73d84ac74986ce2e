"""Who may use a voice for what, until when: terms, challenge, evidence, approval, withdrawal, receipt.

README.md says what is guaranteed and what a withdrawal does to everything that hangs on a consent.
"""
