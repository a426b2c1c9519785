"""The policy in force: a copy of the files that passed the check, apart from those being edited.

Children load the copy, so a worker that restarts in the middle of an edit comes back with the
policy that was checked, and so does one that restarts after a reload was refused. Copies are named
by their digest and kept, so that the policy that decided on a transfer can be read years later.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from config.faults import ConfigError, Fault
from config.policy import Policy, load_policy, policy_files

CURRENT: Final = "policy"


def accept(source: Path, archive: Path, run: Path) -> Policy:
    """Copy the policy at ``source`` into ``archive``, check the copy whole, put it in force.

    The copy is checked, not the source: what is in force is what was checked, whoever writes
    meanwhile.

    Raises:
        ConfigError: With every fault; what was in force stays.
        OSError: The copy can't be written; likewise.
    """
    archive.mkdir(mode=0o700, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="draft.", dir=archive))
    try:
        _copy(source, draft)
        policy = load_policy(draft)
        _keep(draft, archive / policy.digest)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    link = run / f"{CURRENT}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(archive / policy.digest)
    link.replace(run / CURRENT)
    return policy


def in_force(run: Path) -> Policy:
    """The policy that :func:`accept` put in force last.

    Raises:
        ConfigError: There is none, or somebody changed the copy.
    """
    return archived((run / CURRENT).resolve())


def archived(copy: Path) -> Policy:
    """The policy kept under ``copy``, which is named by its digest.

    Raises:
        ConfigError: There is none, or somebody changed it.
    """
    policy = load_policy(copy)
    if policy.digest != copy.name:
        problem = "is not what was put in force: somebody changed it"
        raise ConfigError([Fault(str(copy), 0, "", problem, "restart 'lazaretto serve'")])
    return policy


def _copy(source: Path, draft: Path) -> None:
    for name in policy_files(source):
        target = draft / name
        target.parent.mkdir(exist_ok=True, mode=0o700)
        if (source / name).is_file():
            shutil.copyfile(source / name, target)


def _keep(draft: Path, target: Path) -> None:
    """Name the draft by its digest; a copy that is there already and was changed gives way."""
    if target.exists():
        shutil.rmtree(target)
    draft.rename(target)


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that readers see the old or the new one, whole (mode 0600)."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    draft.replace(path)
