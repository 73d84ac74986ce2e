"""``./run bench stream``: how soon a stream is heard over HTTP, and how many are heard at once without a gap.

Starts the platform in a profile of its own and lets ``manage.py measure_streams`` listen; see there.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from config.embedded import Profile, free_port
from config.local import ROOT, LocalPlatform


def main(arguments: Sequence[str]) -> int:
    """Measure, and leave nothing behind."""
    folder = ROOT / "var" / "bench" / "streams"
    shutil.rmtree(folder, ignore_errors=True)
    profile = Profile(folder)
    with profile.held():
        platform = LocalPlatform(profile, port=free_port())
        try:
            platform.start()
            children = [*platform.servers.children, *platform.children.values()]
            named = ",".join(f"{child.name}={child.process.pid}" for child in children if child.process)
            return platform.manage(["measure_streams", "--at", platform.stream_url, "--pids", named, *arguments])
        finally:
            platform.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
