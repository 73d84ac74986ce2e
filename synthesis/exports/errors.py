"""What can go wrong with exports, beyond what consent, voices and the engine refuse."""

from __future__ import annotations

from problems.errors import Conflict, Gone


class ExportNotReady(Conflict):
    """The file is asked for before it is there, or its job came to nothing."""

    code = "export-not-ready"
    title = "There is no file yet"
    meaning = "The export is queued or running, or it failed or was cancelled. Its `state` says which."


class ExportErased(Gone):
    """The speaker of this voice has been erased."""

    code = "export-erased"
    title = "This export was erased with its speaker"
    meaning = (
        "The speaker has been erased and the file here was destroyed. A copy that its owner holds is the owner's: "
        "what it says is still found by the detector."
    )
