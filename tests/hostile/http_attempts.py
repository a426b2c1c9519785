"""What is tried over HTTP: one line each, with the statuses that must come, and what follows them.

``400 closed``: refused, and the connection ended, so that nothing behind the message is taken for
another one (RFC 9112 section 11.2). An attempt that smuggles carries ``PUT /v1/outbox/claims/evil``
behind it: if that is ever submitted, the attempt has succeeded.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from tests.hostile.http_client import AUTH, HOST, request

TE: Final = b"Transfer-Encoding: chunked\r\n"
_BEHIND: Final = (
    b"PUT /v1/outbox/claims/evil HTTP/1.1\r\n" + HOST + AUTH + b"Content-Length: 4\r\n\r\nevil"
)
_CHUNKED_END: Final = b"0\r\n\r\n"


def length(size: object) -> bytes:
    return b"Content-Length: " + str(size).encode() + b"\r\n"


def put(headers: bytes = b"", body: bytes = b"", name: bytes = b"a") -> bytes:
    return request(b"PUT", b"/v1/outbox/claims/" + name, headers, body)


def smuggled(headers: bytes, body: bytes = b"") -> bytes:
    return put(headers, body + _BEHIND)


def chunks(body: bytes) -> bytes:
    return put(TE, body)


def digest(data: bytes) -> bytes:
    return b"Repr-Digest: sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()) + b":\r\n"


def tus(method: bytes, target: bytes, headers: bytes, body: bytes = b"") -> bytes:
    return request(method, target, b"Tus-Resumable: 1.0.0\r\n" + headers, body)


def _content(headers: bytes) -> bytes:
    payer = b"Authorization: Bearer payer-token\r\n"
    return request(b"HEAD", b"/v1/inbox/PARCEL/content", headers, auth=payer)


_OFFSET: Final = b"Content-Type: application/offset+octet-stream\r\n"

ATTEMPTS: Final[list[tuple[str, bytes, str]]] = [
    # Where a message ends.
    ("both lengths, the chunks first", smuggled(length(4) + TE, _CHUNKED_END), "400 closed"),
    ("both lengths, the other way round", smuggled(TE + length(4), _CHUNKED_END), "400 closed"),
    ("two lengths that differ", smuggled(length(0) + length(4)), "400 closed"),
    ("two lengths that agree", smuggled(length(0) + length(0)), "400 closed"),
    ("a list of lengths", smuggled(b"Content-Length: 0, 0\r\n"), "400 closed"),
    ("a negative length", smuggled(length(-1)), "400 closed"),
    ("a length with a sign", smuggled(length("+0")), "400 closed"),
    ("a length in hexadecimal", smuggled(length("0x0")), "400 closed"),
    ("a length with an underscore", smuggled(length("0_0")), "400 closed"),
    ("a length of no digits", smuggled(length("")), "400 closed"),
    ("a length with a fraction", smuggled(length("0.0")), "400 closed"),
    ("a length beyond 64 bits", put(length(1 << 64), b"x"), "400 closed"),
    ("a length of 40 digits", put(length("9" * 40), b"x"), "400 closed"),
    ("a length in other digits", smuggled("Content-Length: \u0660\r\n".encode()), "400 closed"),
    ("chunks, in two headers", smuggled(TE + TE, _CHUNKED_END), "400 closed"),
    ("chunks, then identity", smuggled(b"Transfer-Encoding: chunked, identity\r\n", _CHUNKED_END), "400 closed"),
    ("identity, then chunks", smuggled(b"Transfer-Encoding: identity, chunked\r\n", _CHUNKED_END), "400 closed"),
    ("chunks twice", smuggled(b"Transfer-Encoding: chunked, chunked\r\n", _CHUNKED_END), "400 closed"),
    ("gzip, then chunks", smuggled(b"Transfer-Encoding: gzip, chunked\r\n", _CHUNKED_END), "400 closed"),
    ("an unknown coding", smuggled(b"Transfer-Encoding: xchunked\r\n", _CHUNKED_END), "400 closed"),
    ("identity", smuggled(b"Transfer-Encoding: identity\r\n", _CHUNKED_END), "400 closed"),
    ("no coding", smuggled(b"Transfer-Encoding: \r\n", _CHUNKED_END), "400 closed"),
    ("chunks with a vertical tab", smuggled(b"Transfer-Encoding: \x0bchunked\r\n", _CHUNKED_END), "400 closed"),
    ("chunks with NUL", smuggled(b"Transfer-Encoding: chunked\0\r\n", _CHUNKED_END), "400 closed"),
    ("chunks in quotes", smuggled(b'Transfer-Encoding: "chunked"\r\n', _CHUNKED_END), "400 closed"),
    ("a space before the colon", smuggled(b"Transfer-Encoding : chunked\r\n", _CHUNKED_END), "400 closed"),
    ("a tab before the colon", smuggled(b"Content-Length\t: 4\r\n"), "400 closed"),
    ("a space before the name", smuggled(b" Transfer-Encoding: chunked\r\n", _CHUNKED_END), "400 closed"),
    ("a folded header", smuggled(b"X: y\r\n Transfer-Encoding: chunked\r\n", _CHUNKED_END), "400 closed"),
    ("a folded coding", smuggled(b"Transfer-Encoding:\r\n chunked\r\n", _CHUNKED_END), "400 closed"),
    ("a bare LF between headers", smuggled(b"X: y\nTransfer-Encoding: chunked\r\n", _CHUNKED_END), "400 closed"),
    ("a bare CR between headers", smuggled(b"X: y\rTransfer-Encoding: chunked\r\n", _CHUNKED_END), "400 closed"),
    ("a bare LF after the request line", put(length(0)).replace(b"\r\n", b"\n", 1) + _BEHIND, "400 closed"),
    ("bare LFs throughout", put(length(0)).replace(b"\r\n", b"\n") + _BEHIND, "400 closed"),
    ("a header without a colon", smuggled(b"Transfer-Encoding chunked\r\n", _CHUNKED_END), "400 closed"),
    ("a header without a name", smuggled(b": chunked\r\n", _CHUNKED_END), "400 closed"),
    ("a name in brackets", smuggled(b"[Content-Length]: 4\r\n"), "400 closed"),
    ("a name that isn't ASCII", smuggled(b"Content-L\xc3\xa9ngth: 4\r\n"), "400 closed"),
    ("NUL in a value", smuggled(b"X: a\0b\r\n"), "400 closed"),
    ("a control character in a value", smuggled(b"X: a\x01b\r\n" + length(0)), "400 closed"),
    ("an underscore for a hyphen", smuggled(b"Content_Length: 4\r\n"), "400 closed"),
    ("chunks in HTTP/1.0", put(TE, _CHUNKED_END + _BEHIND).replace(b"HTTP/1.1", b"HTTP/1.0", 1), "400 closed"),
    ("a body of a GET that asks again", request(headers=length(len(_BEHIND)), body=_BEHIND), "200 open"),
    # Chunks.
    ("a chunk of 2**64", chunks(b"10000000000000000\r\nx"), "400 closed"),
    ("a chunk of 2**63", chunks(b"8000000000000000\r\nx"), "408 closed"),
    ("a negative chunk", chunks(b"-1\r\nx\r\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("a chunk with 0x", chunks(b"0x1\r\nx\r\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("a chunk with a space before", chunks(b" 1\r\nx\r\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("a chunk with an underscore", chunks(b"1_0\r\nx\r\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("a chunk of no digits", chunks(b"\r\nx\r\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("a chunk longer than said", chunks(b"1\r\nxyz\r\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("a chunk line ended by LF", chunks(b"1\nx\r\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("a chunk ended by LF", chunks(b"1\r\nx\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("a chunk line with LF in its extension", chunks(b"1;a\nb\r\nx\r\n" + _CHUNKED_END + _BEHIND), "400 closed"),
    ("an extension of 100 KB", chunks(b"1;" + b"a" * 100_000 + b"\r\nx\r\n" + _CHUNKED_END), "201 open"),
    ("trailers that would be headers", chunks(b"0\r\nAuthorization: Bearer payer-token\r\nContent-Length: 9\r\n\r\n"), "400 closed"),
    ("a trailer with a bare LF", chunks(b"0\r\nX: a\nY: b\r\n\r\n" + _BEHIND), "400 closed"),
    ("trailers without end", chunks(b"0\r\n" + b"X: y\r\n" * 20_000), "400 closed"),
    # Floods in a head.
    ("a target of 100 KB", request(target=b"/v1/" + b"a" * 100_000), "431 closed"),
    ("a target of 8 KB", request(target=b"/v1/" + b"a" * 8_000), "404 open"),
    ("a header of 100 KB", request(headers=b"X: " + b"a" * 100_000 + b"\r\n"), "431 closed"),
    ("a name of 100 KB", request(headers=b"X" * 100_000 + b": y\r\n"), "431 closed"),
    ("200 headers", request(headers=b"X: y\r\n" * 200), "400 closed"),
    ("100,000 headers", request(headers=b"X: y\r\n" * 100_000), "400 closed"),
    ("60 headers of 8 KB", request(headers=(b"X: " + b"a" * 8_000 + b"\r\n") * 60), "closed"),
    ("10 headers of 7 KB", request(headers=(b"X: " + b"a" * 7_000 + b"\r\n") * 10), "431 closed"),
    ("a method of 100 KB", request(method=b"A" * 100_000), "400 closed"),
    ("empty lines without end", b"\r\n" * 100_000 + request(), "200 open"),
    # Who is asked.
    ("no Host", request(host=b""), "400 closed"),
    ("two Hosts", request(host=HOST + HOST), "400 closed"),
    ("two Hosts that differ", request(host=HOST + b"Host: evil.example\r\n"), "400 closed"),
    ("another Host", request(host=b"Host: evil.example\r\n"), "421 closed"),
    ("an address as Host", request(host=b"Host: 169.254.169.254\r\n"), "421 closed"),
    ("a Host with a dot behind", request(host=b"Host: edge.example.\r\n"), "421 closed"),
    ("a Host with a port", request(host=b"Host: edge.example:8443\r\n"), "200 open"),
    ("a Host in capitals", request(host=b"Host: EDGE.Example\r\n"), "200 open"),
    ("a Host with a user", request(host=b"Host: edge.example@evil.example\r\n"), "400 closed"),
    ("a Host with a path", request(host=b"Host: edge.example/evil\r\n"), "400 closed"),
    ("a Host with a space", request(host=b"Host: edge.example evil.example\r\n"), "400 closed"),
    ("a list of Hosts", request(host=b"Host: edge.example,evil.example\r\n"), "400 closed"),
    ("a Host of no characters", request(host=b"Host: \r\n"), "400 closed"),
    ("a Host with a port of letters", request(host=b"Host: edge.example:https\r\n"), "400 closed"),
    ("a forwarded Host", request(headers=b"X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"), "200 open"),
    ("an absolute target elsewhere", request(target=b"http://evil.example/v1/routes"), "400 closed"),
    ("an absolute target here", request(target=b"http://edge.example/v1/routes"), "400 closed"),
    ("an absolute target of another scheme", request(target=b"file:///etc/passwd"), "400 closed"),
    ("an authority as target", request(b"CONNECT", b"evil.example:443"), "400 closed"),
    ("an asterisk", request(b"OPTIONS", b"*"), "400 closed"),
    ("a target without a slash", request(target=b"v1/routes"), "400 closed"),
    ("two slashes", request(target=b"//evil.example/v1/routes"), "404 open"),
    ("a fragment in the target", request(target=b"/v1/routes#fragment"), "400 closed"),
    ("a target that isn't ASCII", request(target="/v1/r\u00f6utes".encode()), "400 closed"),
    ("a target with NUL", request(target=b"/v1/routes\0"), "400 closed"),
    ("up from the root", request(target=b"/v1/../../../etc/passwd"), "404 open"),
    ("up from the root, encoded", request(target=b"/v1/outbox/%2e%2e/%2e%2e/%2fetc%2fpasswd"), "404 open"),
    # What is spoken.
    ("HTTP/2 as known beforehand", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), "400 closed"),
    ("an upgrade to HTTP/2", request(headers=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), "200 open"),
    ("an upgrade to a socket", request(headers=b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n"), "200 open"),
    ("HTTP/0.9", b"GET /v1/routes\r\n", "closed"),
    ("HTTP/1.0", request(version=b"HTTP/1.0"), "505 closed"),
    ("HTTP/3.7", request(version=b"HTTP/3.7"), "400 closed"),
    ("a version of letters", request(version=b"HTTP/x.y"), "400 closed"),
    ("TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), "400 closed"),
    ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", "400 closed"),
    ("a method in small letters", request(b"get"), "400 closed"),
    ("TRACE", request(b"TRACE", b"/v1/routes"), "405 open"),
    ("a method nobody knows", request(b"BREW", b"/v1/routes"), "400 closed"),
    ("a method by header", request(b"POST", b"/v1/inbox/t/ack", b"X-HTTP-Method-Override: DELETE\r\n" + length(0)), "404 open"),
    ("three in a row", request() * 3, "200 200 200 open"),
    ("a wrong one in a row", request() + request(host=b"") + request(), "400 closed"),
    # Bodies.
    ("an expectation nobody knows", put(b"Expect: 200-ok\r\n" + length(1), b"x"), "417 closed"),
    ("a wait for nobody's go-ahead", put(b"Expect: 100-continue\r\n" + length(1), b""), "100 408 closed"),
    ("a go-ahead on a route there isn't", request(b"PUT", b"/v1/outbox/nowhere/a", b"Expect: 100-continue\r\n" + length(9)), "404 closed"),
    ("a body with a coding", put(b"Content-Encoding: gzip\r\n" + length(1), b"x"), "415 open"),
    ("a digest that lies", put(digest(b"y") + length(1), b"x"), "422 open"),
    ("a digest that is none", put(b"Repr-Digest: sha-256=:eA==:\r\n" + length(1), b"x"), "400 open"),
    ("a digest of 8 KB", put(b"Repr-Digest: sha-256=:" + b"A" * 8_000 + b":\r\n" + length(1), b"x"), "400 open"),
    ("a digest twice", put(digest(b"x") + digest(b"y") + length(1), b"x"), "400 closed"),
    ("a part of a file", put(b"Content-Range: bytes 0-0/9\r\n" + length(1), b"x"), "400 open"),
    ("a name with a slash, encoded", put(length(1), b"x", b"..%2f..%2fetc%2fpasswd"), "400 open"),
    ("a name with NUL", put(length(1), b"x", b"a%00b"), "400 open"),
    ("a name that isn't UTF-8", put(length(1), b"x", b"%ff%fe"), "400 closed"),
    ("a name of 300 bytes", put(length(1), b"x", b"a" * 300), "400 open"),
    ("a body that ends early", put(length(9), b"x"), "408 closed"),
    ("a chunked body that ends early", chunks(b"9\r\nx"), "408 closed"),
    # Ranges.
    ("a range beyond the end", _content(b"Range: bytes=99999999-\r\n"), "416 open"),
    ("a thousand ranges", _content(b"Range: bytes=" + b"0-," * 1000 + b"0-\r\n"), "200 open"),
    ("a range of 40 digits", _content(b"Range: bytes=0-" + b"9" * 40 + b"\r\n"), "200 open"),
    ("a range from minus", _content(b"Range: bytes=--1\r\n"), "200 open"),
    ("another's mailbox", request(target=b"/v1/inbox/t_00000000000000000000000099/content"), "404 open"),
    # Uploads in pieces.
    ("a version of tus nobody speaks", request(b"POST", b"/v1/tus/claims/", b"Tus-Resumable: 0.2.2\r\nUpload-Length: 1\r\n" + length(0)), "412 open"),
    ("an upload of a negative length", tus(b"POST", b"/v1/tus/claims/", b"Upload-Length: -1\r\n" + length(0)), "400 open"),
    ("an upload of 5,000 digits", tus(b"POST", b"/v1/tus/claims/", b"Upload-Length: " + b"9" * 5000 + b"\r\n" + length(0)), "400 open"),
    ("an upload of a length to come", tus(b"POST", b"/v1/tus/claims/", b"Upload-Defer-Length: 1\r\n" + length(0)), "400 open"),
    ("an upload that is 10**18 long", tus(b"POST", b"/v1/tus/claims/", b"Upload-Metadata: filename YQ==\r\nUpload-Length: " + b"9" * 18 + b"\r\n" + length(0)), "413 open"),
    ("an upload with metadata of nonsense", tus(b"POST", b"/v1/tus/claims/", b"Upload-Length: 1\r\nUpload-Metadata: filename !!!\r\n" + length(0)), "400 open"),
    ("an upload with a name up the tree", tus(b"POST", b"/v1/tus/claims/", b"Upload-Length: 1\r\nUpload-Metadata: filename " + base64.b64encode(b"../../etc/passwd") + b"\r\n" + length(0)), "400 open"),
    ("a piece of an upload there isn't", tus(b"PATCH", b"/v1/tus/claims/t_1", b"Upload-Offset: 0\r\n" + _OFFSET + length(1), b"x"), "404 open"),
    ("a piece without a length", tus(b"PATCH", b"/v1/tus/claims/t_1", b"Upload-Offset: 0\r\n" + _OFFSET + TE, b"1\r\nx\r\n0\r\n\r\n"), "411 open"),
    ("a piece at a negative offset", tus(b"PATCH", b"/v1/tus/claims/t_1", b"Upload-Offset: -1\r\n" + _OFFSET + length(1), b"x"), "400 open"),
    ("another's upload withdrawn", tus(b"DELETE", b"/v1/tus/answers/t_1", length(0)), "404 open"),
]  # fmt: skip
