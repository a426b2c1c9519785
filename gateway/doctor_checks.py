"""What the doctor looks at, in the order of the report."""

from __future__ import annotations

from typing import Final

from gateway import (
    doctor_certificates,
    doctor_console,
    doctor_fences,
    doctor_keys,
    doctor_payloads,
    doctor_people,
    doctor_world,
)
from gateway.doctor import Check

CHECKS: Final[tuple[Check, ...]] = (
    doctor_keys.permissions,
    doctor_keys.key_encryption_key,
    doctor_keys.openpgp,
    doctor_keys.log_keys,
    doctor_keys.ssh_host_keys,
    doctor_keys.tls,
    doctor_keys.client_ca,
    doctor_world.database,
    doctor_people.accounts,
    doctor_world.payload_store,
    doctor_payloads.ends,
    doctor_certificates.certificates,
    doctor_world.ports,
    doctor_fences.confinement,
    doctor_fences.running,
    doctor_console.console,
    doctor_world.libraries,
    doctor_world.names_model,
    doctor_world.text_in_images,
    doctor_world.clock,
)
