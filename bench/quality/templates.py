"""Sentences that carry what is planted; ``{}`` is where.

``TUNE`` is what rules and thresholds may be looked at on (``--tune``); ``TEST`` is what the tables
in ``docs/inspection.md`` come from, and nothing was fitted to it. Nobody's eyes are wholly blind:
both are by the makers of this product, which is why the public corpora are counted beside them.
"""

from __future__ import annotations

from dlp.model import Category

TUNE: dict[Category | None, tuple[str, ...]] = {
    Category.NAME: (
        "Spoke with {} about the balance due.",
        "{} called to ask why the claim was denied.",
        "Please mail the form to {} again.",
        "PT {} NO SHOW, RESCHEDULED",
        "Per {}, coverage ended last month.",
    ),
    Category.ADDRESS: ("New address is {} since May.", "Statement sent to {} came back."),
    None: ("Please note {} for our records.", "Verified {} by phone today.", "{} is on file."),
}
TEST: dict[Category | None, tuple[str, ...]] = {
    Category.NAME: (
        "Left a message for {} regarding the appeal.",
        "Received the signed consent from {} yesterday.",
        "{} states the copay was already paid.",
        "Resubmitted after talking to {} at length.",
        "The authorization was requested by {} on intake.",
        "CALLED {} RE BALANCE, NO ANSWER",
        "Daughter of {} will bring the card.",
        "Refund is owed to {} for the overpayment.",
    ),
    Category.ADDRESS: (
        "Moved to {} in the spring.",
        "Please send the corrected bill to {} instead.",
        "Mail was returned from {} twice.",
        "Lives at {} with family.",
    ),
    None: (
        "Caller confirmed {} before we went on.",
        "The chart still shows {} from the old system.",
        "Correction: {} replaces what was sent.",
        "See attached, {} was verified.",
        "Update {} and rebill.",
    ),
}
CLEAN: tuple[str, ...] = (
    "Claim adjusted after review of the remittance; balance moved to the secondary payer.",
    "Blood pressure 128/76, follow up in 2 weeks, Foley catheter removed without trouble.",
    "Denied with CARC 45 and RARC N130; resubmit with modifier 59 and the operative report.",
    "Parkinson disease, stable on carbidopa 25 mg three times a day; Babinski negative.",
    "Blue Cross wants records by the end of the month, ref 4471-22, invoice 100482291.",
    "Batch 20260103 has 41 claims, total 9031.00, check 104477 posted in full.",
    "Patient is a 64 year old with type 2 diabetes, A1c 7.2, seen for routine care.",
    "Left shoulder MRI shows a partial tear; Bell palsy resolved; Rose spots absent.",
    "Sent to Mercy General, attention claims department, per Dr. Whitfield at the clinic.",
    "NPI 1245319599 corrected on the second line; taxonomy 207Q00000X; POS 11.",
)
"""Hard negatives: eponyms, payers, drugs, doses, staff, invoice numbers, codes."""
