"""Weights get a sign only where products with it are exact, and answers are the same everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlp.names.processor import multiplies_exactly


@pytest.mark.parametrize(
    ("flags", "exact"),
    [
        ("flags\t\t: fpu sse2 avx2 avx512f avx512_vnni\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("flags\t\t: fpu avx2 avx512f avx512bw\n", False),
        ("flags\t\t: avx2 avx_vnni\n\nflags\t\t: avx2\n", False),
        ("bugs\t\t: avx512_vnni\n", False),
        ("", False),
    ],
)
def test_x86_is_exact_with_vnni_alone(tmp_path: Path, flags: str, *, exact: bool) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\n{flags}")
    assert multiplies_exactly(path, "x86_64") is exact


def test_arm_is_exact(tmp_path: Path) -> None:
    assert multiplies_exactly(tmp_path / "none", "aarch64")


def test_what_is_not_known_is_not_exact(tmp_path: Path) -> None:
    assert not multiplies_exactly(tmp_path / "none", "x86_64")
