"""What the platform's processes have used: processor seconds and memory, by part. Linux's /proc alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from config.local import LocalPlatform

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """Processor seconds so far of each part, and memory of each web process in MB (proportional set)."""

    cpu_s: dict[str, float]
    web_mb: list[float]

    def since(self, before: Used) -> dict[str, float]:
        """Processor seconds of each part since `before`."""
        return {name: value - before.cpu_s.get(name, 0.0) for name, value in self.cpu_s.items()}


def used(platform: LocalPlatform) -> Used:
    """Look now."""
    children = [*platform.children.values(), *platform.servers.children]
    trees = {child.name: _tree(child.process.pid) for child in children if child.process and child.running}
    cpu = {name: sum(map(cpu_s, pids)) for name, pids in trees.items()}
    return Used(cpu, [_memory_mb(pid) for pid in trees.get("web", [])[1:]])


def _tree(pid: int) -> list[int]:
    """The process and everything below it, the process itself first."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(grandchild for child in below for grandchild in _tree(int(child)))]


def cpu_s(pid: int) -> float:
    """Its own time and that of children it has waited for (PostgreSQL's sessions come and go)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(fields[at]) for at in (11, 12, 13, 14)) * _TICK_S


def _memory_mb(pid: int) -> float:
    """Resident memory, pages shared with others counted in part."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
