"""Speed of inspection on one core, and what the public X12 samples come to under their contracts.

Run: ``python bench/inspection.py [MiB]``. The samples are read from ``../shared/corpus`` if it is
there.
"""

from __future__ import annotations

import io
import sys
import time
from collections import Counter
from pathlib import Path

from config.contracts import Contract, Rules
from config.policy import shipped_policy
from dlp.budget import Budget
from dlp.detect.engine import Detectors
from dlp.inspect import inspect
from dlp.parse import x12
from dlp.verdict import decide
from gateway.demo.people import people
from gateway.demo.x12 import Claim, claims_837p, remittance_835

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus" / "x12"
CONTRACTS = {
    "837P": "claims", "837I": "claims", "837D": "claims", "835": "remittance",
    "270": "eligibility", "271": "eligibility", "276": "claim-status", "277": "claim-status",
    "277CA": "claim-status", "278": "prior-auth", "275": "prior-auth", "834": "enrollment",
    "820": "premium",
}  # fmt: skip
ROW = b"2026-01,ACME,41,9031.00,7017.50,nothing to see\n"


def contract_for(data: bytes) -> str:
    """The shipped contract for a file's transaction set."""
    named = x12.identify(data[: 64 * 1024]) or ""
    return CONTRACTS.get(named.removeprefix("x12/"), "acknowledgements")


def speed(size: int, contracts: dict[str, Contract], detectors: Detectors) -> None:
    claims = [Claim(who) for who in people(1, size // 420)]
    table = b"month,payer,claims,charged,paid,comment\n" + ROW * (size // len(ROW))
    files = {
        "837P": (claims_837p(claims), "claims"),
        "835": (remittance_835(claims), "remittance"),
        "totals CSV": (table, "totals"),
    }
    for title, (data, contract) in files.items():
        started = time.perf_counter()
        source = io.BytesIO(data)
        report = inspect(source, "a", contracts[contract], Rules(), Budget(), detectors=detectors)
        seconds = time.perf_counter() - started
        verdict = decide(report, contracts[contract]).action
        rate = len(data) / 1e6 / seconds
        print(f"{title:12} {len(data) / 2**20:6.1f} MiB {rate:6.2f} MB/s {verdict}")


def corpus(contracts: dict[str, Contract], detectors: Detectors) -> None:
    verdicts: Counter[str] = Counter()
    for path in sorted(CORPUS.glob("*/*")):
        if path.name == "LICENSE":
            continue
        data = path.read_bytes()
        contract = contracts[contract_for(data)]
        report = inspect(io.BytesIO(data), "a", contract, Rules(), Budget(), detectors=detectors)
        verdict = decide(report, contract)
        verdicts[str(verdict.action)] += 1
        if verdict.reasons:
            print(f"  {verdict.action}: {path.name}: {verdict.reasons[0]}")
    print("samples:", dict(verdicts) or "not here")


def main() -> None:
    contracts = dict(shipped_policy().contracts)
    detectors = Detectors(Rules())
    speed(int(float(sys.argv[1] if len(sys.argv) > 1 else 4) * 2**20), contracts, detectors)
    corpus(contracts, detectors)


if __name__ == "__main__":
    main()
