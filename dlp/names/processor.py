"""What this machine's processor can do with 8-bit numbers."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

_CPUINFO: Final = Path("/proc/cpuinfo")
_VNNI: Final = frozenset({"avx512_vnni", "avx_vnni"})


def multiplies_exactly(cpuinfo: Path = _CPUINFO, machine: str = "") -> bool:
    """Whether products of unsigned and signed 8-bit numbers are added up without overflow.

    ARM's dot products are; x86 needs VNNI. What can't be found out is taken for a "no", with which
    the model only is a little slower.

    Args:
        cpuinfo: The kernel's description of the processors.
        machine: As ``uname -m`` says it; by default this one's.
    """
    if (machine or platform.machine()) in {"aarch64", "arm64"}:
        return True
    try:
        lines = cpuinfo.read_text("ascii", "replace").splitlines()
    except OSError:
        return False
    flags = [set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")]
    return bool(flags) and all(_VNNI & each for each in flags)
