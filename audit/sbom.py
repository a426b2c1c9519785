"""``make sbom``: what a gateway is made of, as CycloneDX 1.6 JSON, from the lock files.

Licences are those that the installed packages state of themselves; a package that isn't installed
here (it is for another Python) has none in the list. The same lock files give the same bytes.
"""

from __future__ import annotations

import json
import sys
import tomllib
import uuid
from importlib import metadata
from typing import Any, Final

from audit.locks import ROOT, RUNTIME, Pin, pins

_LONGEST: Final = 100
_CLASSIFIER: Final = "License :: OSI Approved :: "


def bill() -> dict[str, Any]:
    """The whole bill."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = {pin.name: pin for lock in RUNTIME for pin in pins(ROOT / lock)}
    components = [_component(pin) for _, pin in sorted(found.items())]
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    said = json.dumps(components)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own + said)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "purl": own,
            }
        },
        "components": components,
    }


def _component(pin: Pin) -> dict[str, Any]:
    purl = f"pkg:pypi/{pin.name}@{pin.version}"
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": pin.name,
        "version": pin.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in pin.hashes],
    }
    if licence := licence_of(pin.name):
        made["licenses"] = [licence]
    return made


def licence_of(name: str) -> dict[str, Any] | None:
    """What the installed package says, as CycloneDX has it: an SPDX expression, or a name."""
    try:
        stated = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if "License-Expression" in stated:
        return {"expression": stated["License-Expression"]}
    classified = [
        line.removeprefix(_CLASSIFIER)
        for line in stated.get_all("Classifier") or []
        if line.startswith(_CLASSIFIER)
    ]
    own = (stated.get_all("License") or [""])[0]
    first = own.strip().partition("\n")[0][:_LONGEST]
    words = first or " and ".join(classified)
    return {"license": {"name": words}} if words else None


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=2)
    sys.stdout.write("\n")
