from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def policy_dir(tmp_path: Path) -> Path:
    """A small sound policy to break."""
    root = tmp_path / "policy"
    (root / "contracts").mkdir(parents=True)
    (root / "routes.yaml").write_text(
        "routes:\n  claims-to-acme:\n    from: [clinic]\n    to: acme\n    contract: claims\n"
    )
    (root / "rules.yaml").write_text("patterns: []\n")
    (root / "contracts" / "claims.yaml").write_text("contract: claims\nformats: [x12/837P]\n")
    return root


@pytest.fixture
def site_dir(tmp_path: Path) -> Path:
    """A directory with the files that settings name."""
    (tmp_path / "keys" / "edge").mkdir(parents=True)
    for name in ("tls.crt", "tls.key"):
        (tmp_path / "keys" / "edge" / name).write_text("")
    return tmp_path
