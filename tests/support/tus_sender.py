"""A partner's program that sends a file with ``tuspy``: run as a process, so that it can die.

``tus_sender.py URL TOKEN FILE NAME PIECE [STOP_AT] [--checksum]``; URL is a route's address, or an
upload's to go on with. Prints the upload's address, then its offset after each piece. The
certificate to trust comes from ``REQUESTS_CA_BUNDLE``, as for any program over ``requests``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tusclient.client import TusClient


def main(url: str, token: str, file: str, name: str, size: str, *more: str) -> None:
    """Send it, or go on."""
    client = TusClient(url, headers={"Authorization": f"Bearer {token}"})
    uploader = client.uploader(
        file_path=file,
        chunk_size=int(size),
        metadata={"filename": name, "filetype": "application/EDI-X12"},
        url=None if url.endswith("/") else url,
        upload_checksum="--checksum" in more,
    )
    stops = [int(word) for word in more if word.isdecimal()]
    end = stops[0] if stops else Path(file).stat().st_size
    if not uploader.url:
        uploader.set_url(uploader.create_url())
    say(uploader.url)
    say(uploader.offset)
    while uploader.offset < end:
        uploader.upload_chunk()  # type: ignore[no-untyped-call]  # it says nothing of types
        say(uploader.offset)


def say(what: object) -> None:
    """One line for whoever started this."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
