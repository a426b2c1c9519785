"""The key-encryption key in a local file."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys import key_file
from keys.envelope import FINDING_DIGEST, NAME_DIGEST, EnvelopeError, KeyWrapper, new_data_key
from keys.kek import KekError, LocalKek, reseal, retire, rotate, wrapping_key_id

CONTEXT = b"t_0123456789"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kek.key"


@pytest.fixture
def kek(path: Path) -> LocalKek:
    return LocalKek.generate(path)


def private(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)
    return path


def test_a_data_key_comes_back_after_a_restart(kek: LocalKek, path: Path) -> None:
    wrapper: KeyWrapper = kek
    data_key = new_data_key()
    assert LocalKek.load(path).unwrap(wrapper.wrap(data_key, CONTEXT), CONTEXT) == data_key


def test_the_file_is_the_owners_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        LocalKek.generate(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_is_never_overwritten(kek: LocalKek, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(KekError, match="exists already"):
        LocalKek.generate(path)
    assert path.read_bytes() == before


def test_a_key_that_could_not_be_written_leaves_no_file_in_the_way(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(KekError, match="No space left"):
            LocalKek.generate(path)
    assert LocalKek.generate(path).key_id


def test_a_key_is_not_made_in_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KekError, match="No such file"):
        LocalKek.generate(tmp_path / "absent" / "kek.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644])
def test_a_file_open_to_others_is_refused_with_the_fix(
    kek: LocalKek, path: Path, mode: int
) -> None:
    path.chmod(mode)
    with pytest.raises(KekError, match="chmod 600"):
        LocalKek.load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one `wrap`"),
        ("# nothing\n", "at least one `wrap`"),
        (f"wrap {'0' * 64}\n", "exactly one `digest`"),
        (f"wrap {'0' * 64}\ndigest {'1' * 64}\ndigest {'2' * 64}\n", "exactly one `digest`"),
        (f"digest {'1' * 64}\nwrap {'0' * 62}\n", "line 2: a key has 32 bytes .* this one 31"),
        (f"digest {'1' * 64}\nwrap {'g' * 64}\n", "line 2: .*hexadecimal"),
        (f"seal {'1' * 64}\n", "line 1: expected"),
        ("wrap\n", "line 1: expected"),
        (b"\xff" * 32, "ASCII"),
    ],
)
def test_a_file_in_another_format_is_refused_with_the_place(
    path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(KekError, match=message):
        LocalKek.load(private(path, text))


def test_a_refusal_shows_no_digit_of_the_key(path: Path) -> None:
    with pytest.raises(KekError) as caught:
        LocalKek.load(private(path, f"wrap {'ab' * 31}\n"))
    assert "abab" not in repr(caught.value)


def test_a_missing_file_or_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KekError, match="No such file"):
        LocalKek.load(tmp_path / "absent")
    with pytest.raises(KekError, match="regular file"):
        LocalKek.load(tmp_path)


def test_another_context_does_not_unwrap(kek: LocalKek) -> None:
    wrapped = kek.wrap(new_data_key(), CONTEXT)
    with pytest.raises(EnvelopeError, match="another transfer"):
        kek.unwrap(wrapped, b"t_other")


def test_another_sites_key_does_not_unwrap_and_its_id_is_named(
    kek: LocalKek, tmp_path: Path
) -> None:
    other = LocalKek.generate(tmp_path / "other.key")
    with pytest.raises(EnvelopeError, match=other.key_id):
        kek.unwrap(other.wrap(new_data_key(), CONTEXT), CONTEXT)


def test_a_shredded_data_key_says_so(kek: LocalKek) -> None:
    with pytest.raises(EnvelopeError, match="destroyed"):
        kek.unwrap(b"", CONTEXT)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_wrapped_key_is_refused(kek: LocalKek, data: st.DataObject) -> None:
    wrapped = bytearray(kek.wrap(bytes(32), CONTEXT))
    wrapped[data.draw(st.integers(0, len(wrapped) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EnvelopeError):
        kek.unwrap(bytes(wrapped), CONTEXT)


def test_a_rotated_key_wraps_anew_and_still_opens_the_old(kek: LocalKek, path: Path) -> None:
    data_key = new_data_key()
    old = kek.wrap(data_key, CONTEXT)
    rotated = LocalKek.load(private(path, f"wrap {'5a' * 32}\n{path.read_text()}"))
    assert rotated.key_id != kek.key_id
    assert rotated.key_ids == (rotated.key_id, kek.key_id)
    assert rotated.unwrap(old, CONTEXT) == data_key
    assert wrapping_key_id(rotated.wrap(data_key, CONTEXT)) == rotated.key_id
    assert wrapping_key_id(old) == kek.key_id


def test_digest_keys_outlive_rotation_and_differ_by_purpose(kek: LocalKek, path: Path) -> None:
    rotated = LocalKek.load(private(path, f"wrap {'5a' * 32}\n{path.read_text()}"))
    assert rotated.derive(NAME_DIGEST) == kek.derive(NAME_DIGEST)
    assert kek.derive(NAME_DIGEST) != kek.derive(FINDING_DIGEST)


def test_its_repr_shows_the_id_alone(kek: LocalKek) -> None:
    assert repr(kek) == f"<LocalKek {kek.key_id}>"


class SimulatedModule:
    """Seals with a key of its own, and says no once it is away."""

    def __init__(self, name: str = "module") -> None:
        self.name = name
        self.away = False
        self._key = AESGCM(os.urandom(32))

    def seal(self, key: bytes, purpose: bytes) -> bytes:
        if self.away:
            raise KekError("it is away")
        nonce = os.urandom(12)
        return nonce + self._key.encrypt(nonce, key, purpose)

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        if self.away:
            raise KekError("it is away")
        try:
            return self._key.decrypt(sealed[:12], sealed[12:], purpose)
        except InvalidTag:
            raise KekError("damaged") from None


def test_rotate_puts_a_new_key_first_and_retire_takes_the_old_one_out(
    kek: LocalKek, path: Path
) -> None:
    wrapped = kek.wrap(bytes(32), CONTEXT)
    new = rotate(path)
    loaded = LocalKek.load(path)
    assert loaded.key_ids == (new, kek.key_id)
    assert loaded.unwrap(wrapped, CONTEXT) == bytes(32)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    retire(path, kek.key_id)
    assert LocalKek.load(path).key_ids == (new,)
    with pytest.raises(EnvelopeError, match="not in the key file"):
        LocalKek.load(path).unwrap(wrapped, CONTEXT)


def test_neither_the_key_in_use_nor_a_stranger_is_retired(kek: LocalKek, path: Path) -> None:
    before = path.read_bytes()
    for key, said in ((kek.key_id, "in use"), ("00" * 8, "no key")):
        with pytest.raises(KekError, match=said):
            retire(path, key)
    assert path.read_bytes() == before


def test_a_rotation_on_a_full_disk_leaves_the_file_as_it_was(
    kek: LocalKek, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(KekError, match="No space left"):
            rotate(path)
    assert LocalKek.load(path).key_ids == (kek.key_id,)
    assert list(path.parent.iterdir()) == [path]


def test_resealed_the_file_holds_no_key_and_the_keys_stay_the_same(
    kek: LocalKek, path: Path
) -> None:
    plain = [line.split()[1] for line in path.read_text().splitlines() if line[0] != "#"]
    module = SimulatedModule()
    reseal(path, lambda _name: module, module)
    assert not any(key in path.read_text() for key in plain)
    sealed = LocalKek.load(path, lambda _name: module, "module")
    assert sealed.key_id == kek.key_id
    assert sealed.derive(NAME_DIGEST) == kek.derive(NAME_DIGEST)
    new = rotate(path, lambda _name: module, module)
    assert LocalKek.load(path, lambda _name: module, "module").key_ids == (new, kek.key_id)
    reseal(path, lambda _name: module, None)
    assert LocalKek.load(path).key_ids == (new, kek.key_id)


def test_a_sealed_digest_root_does_not_pass_for_a_wrapping_key(path: Path, kek: LocalKek) -> None:
    module = SimulatedModule()
    reseal(path, lambda _name: module, module)
    swapped = path.read_text().replace("digest ", "x ").replace("wrap ", "digest ")
    path.write_text(swapped.replace("x ", "wrap "))
    with pytest.raises(KekError, match="damaged"):
        LocalKek.load(path, lambda _name: module, "module")
    assert kek.key_id


@pytest.mark.parametrize("expected", ["module", ""])
def test_a_file_guarded_otherwise_than_the_settings_say_is_refused(
    kek: LocalKek, path: Path, expected: str
) -> None:
    module = SimulatedModule()
    if not expected:
        reseal(path, lambda _name: module, module)
    with pytest.raises(KekError, match="key kek reseal"):
        LocalKek.load(path, lambda _name: module, expected)
    assert kek.key_id


def test_while_its_module_is_away_a_file_is_neither_read_nor_changed(
    kek: LocalKek, path: Path
) -> None:
    module = SimulatedModule()
    reseal(path, lambda _name: module, module)
    before = path.read_bytes()
    module.away = True
    for action in (
        lambda: LocalKek.load(path, lambda _name: module, "module"),
        lambda: rotate(path, lambda _name: module, module),
        lambda: reseal(path, lambda _name: module, None),
    ):
        with pytest.raises(KekError, match="away"):
            action()
    assert path.read_bytes() == before
    assert kek.key_id


def test_a_line_shows_no_key_in_its_repr(kek: LocalKek, path: Path) -> None:
    lines = key_file.read(path)
    assert not any(line.key.hex() in repr(lines) for line in lines)
    assert kek.key_id


def test_rotations_at_the_same_time_lose_no_key(kek: LocalKek, path: Path) -> None:
    """What one's fresh key wrapped at once must stay open after the other's."""
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: rotate(path), range(24)))
    assert set(LocalKek.load(path).key_ids) == {*made, kek.key_id}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_change_waits_for_another(kek: LocalKek, path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with key_file.changing(path):
            waiting = pool.submit(rotate, path)
            assert wait([waiting], 0.05).not_done
            assert LocalKek.load(path).key_ids == (kek.key_id,)
        assert LocalKek.load(path).key_id in (waiting.result(10), kek.key_id)


def test_without_its_directory_no_key_file_is_changed(tmp_path: Path) -> None:
    with pytest.raises(KekError, match="can't open"):
        rotate(tmp_path / "nowhere" / "kek.key")
