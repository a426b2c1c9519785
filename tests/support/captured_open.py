"""An opener that its message captures: what it tried comes out in place of the plaintext."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from unittest.mock import patch

from gateway import open_process
from keys import openpgp_open
from tests.support.attempts import everything


def captured(source: str, output: str, *given: object, **named: object) -> None:
    Path(source).read_bytes()
    tried = everything(Path(sys.argv[6]), os.getppid())
    Path(output).write_text(json.dumps(tried))


if __name__ == "__main__":
    with patch.object(openpgp_open, "decrypt_file", captured):
        sys.exit(open_process.main(sys.argv[1:]))
