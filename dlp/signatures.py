"""Formats we can name and don't read: each is refused by name instead of taken for plain text.

A structured format read as plain text would be a bypass, since its escapes, encodings and
compressed parts hide what they carry.
"""

from __future__ import annotations

import functools
import importlib
import re
from typing import Final, NamedTuple, Protocol

from dlp.model import Obstacle


class Sign(NamedTuple):
    """How a format shows itself.

    Attributes:
        format: Its name.
        title: Its name for people.
        pattern: Matched at the start of the file.
        obstacle: The verdict.
    """

    format: str
    title: str
    pattern: re.Pattern[bytes]
    obstacle: Obstacle = Obstacle.UNSUPPORTED_TYPE


def _sign(
    fmt: str, title: str, pattern: bytes, obstacle: Obstacle = Obstacle.UNSUPPORTED_TYPE
) -> Sign:
    return Sign(fmt, title, re.compile(pattern, re.DOTALL), obstacle)


_BLANK: Final = rb"(?:\xef\xbb\xbf)?\s*"

# ContentInfo's first bytes: a sequence and the object identifier of its type (RFC 5652, section 3).
_CMS: Final = rb"\x30(?:[\x01-\x80]|\x81.|\x82..|\x83.{3}|\x84.{4})"
_PKCS7: Final = _CMS + rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_CMS_MORE: Final = _CMS + rb"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"

BINARY: Final = (
    _sign("application/pdf", "PDF", rb".{0,1020}%PDF-"),
    _sign("office/ole", "a legacy Office file", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    _sign("dicom", "DICOM", rb".{128}DICM"),
    _sign("image/png", "an image", rb"\x89PNG\r\n\x1a\n"),
    _sign("image/jpeg", "an image", rb"\xff\xd8\xff"),
    _sign("image/gif", "an image", rb"GIF8[79]a"),
    _sign("image/tiff", "an image", rb"II\*\x00|MM\x00\*|II\+\x00|MM\x00\+"),
    _sign("image/bmp", "an image", rb"BM.{4}\x00{4}"),
    _sign("image/webp", "an image", rb"RIFF.{4}WEBP"),
    _sign("archive/7z", "a 7-Zip archive", rb"7z\xbc\xaf\x27\x1c"),
    _sign("archive/rar", "a RAR archive", rb"Rar!\x1a\x07"),
    _sign("archive/bzip2", "a bzip2 file", rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"),
    _sign("archive/xz", "an xz file", rb"\xfd7zXZ\x00"),
    _sign("archive/zstd", "a Zstandard file", rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
    _sign("archive/lz4", "an LZ4 file", rb"\x04\x22\x4d\x18"),
    _sign("archive/compress", "a compress file", rb"\x1f[\x9d\xa0]"),
    _sign("archive/cab", "a cabinet archive", rb"MSCF\x00{4}"),
    _sign("archive/ar", "an ar archive or Debian package", rb"!<arch>\n"),
    _sign("archive/cpio", "a cpio archive", rb"07070[127][0-9A-Fa-f]{6}|[\xc7\x71][\x71\xc7].{24}"),
    _sign("archive/arj", "an ARJ archive", rb"\x60\xea.{2}[\x1e-\x22]"),
    _sign("archive/lzma", "an LZMA file", rb"\x5d\x00\x00.{2}(?:\xff{8}|.{5}\x00{3})"),
    _sign("archive/iso", "an ISO 9660 image", rb".{32769}CD001"),
    _sign("archive/tar", "a tar archive", rb".{257}ustar[\x00 ]"),
    _sign("smime/signed", "signed S/MIME data", _PKCS7 + rb"\x02"),
    _sign(
        "smime/encrypted", "encrypted S/MIME data", _PKCS7 + rb"[\x03\x04\x06]", Obstacle.ENCRYPTED
    ),
    _sign("smime/encrypted", "encrypted S/MIME data", _CMS_MORE + rb"\x17", Obstacle.ENCRYPTED),
    _sign("smime/compressed", "compressed S/MIME data", _CMS_MORE + rb"\x09"),
    _sign("application/parquet", "Parquet", rb"PAR1"),
    _sign("application/sqlite", "an SQLite database", rb"SQLite format 3\x00"),
    _sign("executable", "a program", rb"\x7fELF|MZ.{56}|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe"),
    _sign(
        "ncpdp/telecom",
        "NCPDP Telecommunication",
        # Its batch (1.2) begins with sender, number, time and receiver, between STX and ETX.
        rb".{56}\x1e\x1cAM|.{0,80}[\x1d\x1e]\x1cAM|\x0200[TRE].{24}[0-9]{19}[PT].{26}\x03",
    ),
)
"""Told by their first bytes, whatever follows."""

_PGP: Final = _BLANK + rb"-----BEGIN PGP "

TEXTUAL: Final = (
    _sign("openpgp", "an OpenPGP message", _PGP + rb"MESSAGE", Obstacle.ENCRYPTED),
    _sign("openpgp/signed-text", "a cleartext-signed OpenPGP text", _PGP + rb"SIGNED MESSAGE-"),
    _sign("openpgp/signature", "a detached OpenPGP signature", _PGP + rb"SIGNATURE-"),
    _sign("openpgp/certificate", "an OpenPGP public key", _PGP + rb"PUBLIC KEY"),
    _sign("openpgp/secret-key", "an OpenPGP secret key", _PGP + rb"PRIVATE KEY"),
    _sign(
        "encrypted/age", "an age file", rb"age-encryption\.org/|-----BEGIN AGE", Obstacle.ENCRYPTED
    ),
    _sign("encrypted/pem", "a PEM block", _BLANK + rb"-----BEGIN [A-Z0-9 ]{2,40}-----"),
    _sign("hl7v2", "HL7 v2", _BLANK + rb"\x0b?(?:MSH|FHS|BHS)[^\w\s]..?.?.?[^\w\s]"),
    _sign("edifact", "EDIFACT", _BLANK + rb"UN[AB][:+].{1,6}"),
    _sign("rtf", "RTF", _BLANK + rb"\{\\rtf"),
    _sign(
        "html",
        "HTML",
        _BLANK + rb"(?:(?:<\?xml[^>]{0,200}\?>|<!--(?:(?!-->).){0,2000}-->)\s{0,200}){0,8}"
        rb"(?i:<!doctype\s+html|<html)",
    ),
    _sign("html", "HTML", _BLANK + rb"(?i:<head|<body|<table|<div|<p>)"),
    _sign("ccda", "C-CDA", _BLANK + rb"<.{0,2000}<(?:\w{1,20}:)?ClinicalDocument[\s>]"),
    _sign("ccda", "C-CDA", _BLANK + rb"<(?:\w{1,20}:)?ClinicalDocument[\s>]"),
    _sign(
        "ncpdp/script",
        "NCPDP SCRIPT",
        _BLANK + rb"<.{0,2000}(?:ncpdp\.org/schema/SCRIPT|<Message [^>]{0,400}DatatypesVersion)",
    ),
    _sign("fhir/xml", "FHIR XML", _BLANK + rb"<.{0,2000}=[\"']http://hl7\.org/fhir[\"']"),
    _sign("xml", "XML", _BLANK + rb"<(?:\?xml|!--|!DOCTYPE|[A-Za-z_][\w.:-]*[\s/>])"),
    _sign(
        "fhir/ndjson",
        "FHIR NDJSON",
        _BLANK + rb"\{[^\r\n]{0,4000}\"resourceType\"\s*:[^\r\n]*\}[ \t]*\r?\n\s*\{",
    ),
    _sign("fhir/json", "FHIR JSON", _BLANK + rb"[\[{].{0,4000}\"resourceType\"\s*:"),
    _sign("ndjson", "NDJSON", _BLANK + rb"\{\s*\"[^\r\n]*\}[ \t]*\r?\n\s*\{\s*[\"}]"),
    _sign("json", "JSON", _BLANK + rb"(?:\{\s*(?:\"|\})|\[\s*(?:[\[{\"\]\d-]|true|false|null))"),
    _sign("vcard", "a vCard or iCalendar", _BLANK + rb"(?i:BEGIN:V(?:CARD|CALENDAR))"),
    _sign(
        "message/rfc822",
        "an e-mail",
        _BLANK + rb"(?i:(?:(?:received|return-path|from|to|subject|date|message-id|mime-version|"
        rb"content-[\w-]+|delivered-to|x-[\w-]+|reply-to|cc|bcc|sender|dkim-signature|arc-[\w-]+|"
        rb"authentication-results|received-spf|in-reply-to|references|list-[\w-]+|thread-[\w-]+|"
        rb"resent-[\w-]+|user-agent|importance):[^\n]*\n(?:[ \t][^\n]*\n)*){3})",
    ),
    _sign(
        "message/rfc822",
        "an e-mail or a page saved as one (MHTML)",
        _BLANK + rb"(?:[!-9;-~]{1,60}:[^\n]*\n(?:[ \t][^\n]*\n)*){0,20}?"
        rb"(?i:content-type:[ \t]*(?:\r?\n[ \t]+)?multipart/[a-z]{3,20};)",
    ),
    _sign(
        "message/rfc822",
        "a mailbox",
        _BLANK + rb"From [^\r\n]{3,400}\r?\n(?:[!-9;-~]{1,60}:[^\n]*\n)",
    ),
    _sign("encoded/uu", "uuencoded data", _BLANK + rb"begin(?:-base64)? [0-7]{3} "),
    _sign("encoded/yenc", "yEnc data", _BLANK + rb"=ybegin "),
    _sign("postscript", "PostScript", rb"\x04?%!PS"),
    _sign(
        "x12/fragment",
        "X12 without its interchange envelope (ISA)",
        _BLANK + rb"(?:GS([^\w\s])[A-Z]{2}\1|ST([^\w\s])\d{3}\2)",
        Obstacle.MALFORMED,
    ),
)
"""Told by how their text starts."""


class _Magic(Protocol):
    def from_buffer(self, data: bytes, /) -> str: ...


@functools.cache
def _libmagic() -> _Magic | None:
    """Find libmagic: the system's own, else the one in the pylibmagic wheel."""
    try:
        magic = importlib.import_module("magic")
    except ImportError:
        try:
            # It puts its library where python-magic looks, so it has to come first.
            importlib.import_module("pylibmagic")
            magic = importlib.import_module("magic")
        except ImportError:
            return None
    found: _Magic = magic.Magic(mime=True)
    return found


def named_by_libmagic(head: bytes) -> str:
    """A media type for content that is none of ours, "" when libmagic has no idea.

    The answer only names a file that is held anyway; it never lets one through.
    """
    library = _libmagic()
    if library is None:
        return ""
    try:
        named = library.from_buffer(head)
    except Exception:  # noqa: BLE001 - python-magic wraps every failure of the C library in its own
        return ""
    return "" if named in ("application/octet-stream", "text/plain") else named
