"""What the platform's processes have used: processor seconds and memory, by part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psutil

from config.local import LocalPlatform


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
    trees = {child.name: [child.process.pid] for child in children if child.process and child.running}
    trees = {name: pids + below(pids[0], deep=True) for name, pids in trees.items()}
    cpu = {name: sum(map(cpu_s, pids)) for name, pids in trees.items()}
    return Used(cpu, [_asked(pid, _memory_mb) for pid in trees.get("web", [])[1:]])


def below(pid: int, *, deep: bool = False) -> list[int]:
    """The processes it has started, with `deep` theirs too; none when it is gone."""
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=deep)]
    except psutil.NoSuchProcess:
        return []


def cpu_s(pid: int) -> float:
    """Its own time and that of children it has waited for (PostgreSQL's sessions come and go)."""
    return _asked(pid, lambda process: sum(process.cpu_times()[:4]))


def _memory_mb(process: psutil.Process) -> float:
    """Resident memory, pages shared with others counted in part."""
    return float(process.memory_full_info().pss) / 2**20


def _asked(pid: int, question: Callable[[psutil.Process], float]) -> float:
    """The answer, or 0 for a process that is gone."""
    try:
        return question(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return 0.0
