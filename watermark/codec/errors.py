"""What the codec refuses. Plain exceptions: this package is used without the platform.

The watermark app turns them into its own domain errors; the commands turn them into exit codes.
"""


class TooShortToMark(ValueError):
    """The clip holds no speech that could carry a mark: silence, or less than a tenth of a second."""

    def __init__(self, markable_s: float) -> None:
        super().__init__(f"only {markable_s:.2f} s of markable speech")
        self.markable_s = markable_s


class BadKeyFile(ValueError):
    """The key file is not one of ours, is damaged, or was written by a later version."""


class BadList(ValueError):
    """The table of outputs is not one of ours, or a row of it is damaged or of another key."""
