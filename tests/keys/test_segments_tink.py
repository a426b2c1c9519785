"""The format is Tink's: each side opens what the other wrote."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO, Protocol

import pytest

from keys.segments import SegmentReader, ciphertext_size

pytest.importorskip("tink", reason="tink has no build for this Python")

from tink import cleartext_keyset_handle, streaming_aead
from tink.proto import (
    aes_gcm_hkdf_streaming_pb2,
    common_pb2,
    tink_pb2,
)

FIRST = 2**20 - 40 - 16
REST = 2**20 - 16
SIZES = [
    0,
    1,
    2**20 - 1,
    2**20,
    2**20 + 1,
    FIRST - 1,
    FIRST,
    FIRST + 1,
    FIRST + REST - 1,
    FIRST + REST,
    FIRST + REST + 1,
    FIRST + 3 * REST + 12_345,
]


class StreamingAead(Protocol):
    """Tink's own interface, which ships without types."""

    def new_encrypting_stream(self, destination: BinaryIO, aad: bytes) -> BinaryIO: ...

    def new_decrypting_stream(self, source: BinaryIO, aad: bytes) -> BinaryIO: ...


@pytest.fixture
def primitive(key: bytes) -> StreamingAead:
    streaming_aead.register()
    template = streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB
    params = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=2**20, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    proto = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        version=0, params=params, key_value=key
    )
    format_ = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKeyFormat.FromString(template.value)
    assert format_.params == params, "the template is the one that this test writes out"
    data = tink_pb2.KeyData(
        type_url=template.type_url,
        value=proto.SerializeToString(),
        key_material_type=tink_pb2.KeyData.SYMMETRIC,
    )
    entry = tink_pb2.Keyset.Key(
        key_data=data, status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW
    )
    keyset = tink_pb2.Keyset(primary_key_id=1, key=[entry])
    handle = cleartext_keyset_handle.from_keyset(keyset)
    made: StreamingAead = handle.primitive(streaming_aead.StreamingAead)
    return made


class _Kept(io.BytesIO):
    """Tink closes what it wrote to; this keeps the bytes."""

    kept = b""

    def close(self) -> None:
        if not self.closed:
            self.kept = self.getvalue()
        super().close()


@pytest.mark.parametrize("size", SIZES)
def test_tink_opens_what_we_write(
    primitive: StreamingAead,
    encrypted: Callable[[bytes], bytes],
    noise: Callable[[int], bytes],
    aad: bytes,
    size: int,
) -> None:
    ciphertext = encrypted(noise(size))
    assert len(ciphertext) == ciphertext_size(size)
    with primitive.new_decrypting_stream(io.BytesIO(ciphertext), aad) as stream:
        assert stream.read() == noise(size)


@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_tink_writes(
    primitive: StreamingAead, noise: Callable[[int], bytes], key: bytes, aad: bytes, size: int
) -> None:
    out = _Kept()
    with primitive.new_encrypting_stream(out, aad) as stream:
        stream.write(noise(size))
    assert SegmentReader(io.BytesIO(out.kept), key, aad, size=size).read() == noise(size)
