"""The policy in force: a copy of the files that passed the check, apart from those being edited.

Children load the copy, so a worker that restarts in the middle of an edit comes back with the
policy that was checked, and so does one that restarts after a reload was refused.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from config.policy import Policy, load_policy, policy_files

CURRENT: Final = "policy"
_KEEP: Final = 3


def accept(source: Path, run: Path) -> Policy:
    """Copy the policy at ``source``, check the copy whole, and put it in force.

    The copy is checked, not the source: what is in force is what was checked, whoever writes
    meanwhile.

    Raises:
        ConfigError: With every fault; what was in force stays.
        OSError: The copy can't be written; likewise.
    """
    draft = run / "policy.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    for name in policy_files(source):
        target = draft / name
        target.parent.mkdir(exist_ok=True, mode=0o700)
        if (source / name).is_file():
            shutil.copyfile(source / name, target)
    try:
        policy = load_policy(draft)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _switch(draft, run, policy.digest)
    return policy


def in_force(run: Path) -> Policy:
    """The policy that :func:`accept` put in force last.

    Raises:
        ConfigError: There is none, or somebody changed the copy.
    """
    return load_policy((run / CURRENT).resolve())


def _switch(draft: Path, run: Path, digest: str) -> None:
    """Name the draft by its digest and turn the link to it, in one step each."""
    target = run / f"policy.{digest}"
    if target.exists():
        shutil.rmtree(target)
    draft.rename(target)
    link = run / f"{CURRENT}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(run / CURRENT)
    _forget_old(run, target)


def _forget_old(run: Path, present: Path) -> None:
    copies = [path for path in run.glob("policy.*") if path.is_dir() and not path.is_symlink()]
    copies.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in copies[_KEEP:]:
        if old != present:
            shutil.rmtree(old, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that readers see the old or the new one, whole (mode 0600)."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    draft.replace(path)
