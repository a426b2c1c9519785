"""Sentences that tuned the rules. ``{N}`` is a person, ``{A}`` an address."""

from __future__ import annotations

NAMES = {
    "soap": (
        "S: {N} is a 54 year old with chest pain for two days.",
        "{N} presents today for follow up of hypertension and diabetes.",
        "Patient {N} denies fever, chills or shortness of breath.",
        "HPI: {N} reports worsening low back pain after lifting a box.",
        "Accompanied by spouse {N}, who provides the history.",
        "Discussed the plan with {N} and family, who agree.",
        "Pt {N} tolerated the procedure well and was discharged home.",
        "Lives with daughter {N} and two grandchildren.",
        "Refill of lisinopril sent for {N} to the pharmacy.",
        "A: 1. Asthma, stable. 2. Will see {N} again in three months.",
    ),
    "phone": (
        "{N} called about the bill from March, wants a call back.",
        "LM for {N} to return our call regarding the copay.",
        "Spoke with {N} re: balance due, will pay Friday.",
        "Caller {N} asked to update the insurance on file.",
        "per {N}, the claim should go to the secondary insurance",
        "msg from {N}: needs to reschedule the appointment",
        "{N} mom states the referral was never received",
        "Returned call to {N}, no answer, voicemail full.",
    ),
    "claim": (
        "SERVICES RENDERED TO {N} AFTER HOURS",
        "PT {N} SEEN IN ER AND ADMITTED",
        "CORRECTED CLAIM FOR {N} PLEASE REPROCESS",
        "MOTHER OF INFANT IS {N}",
        "COVERAGE THROUGH SPOUSE {N} IS PRIMARY",
        "ACCIDENT REPORT FILED BY {N} ON SITE",
    ),
    "mail": (
        "Hi team,\n\nCan you check why the claim for {N} was denied?\n\nThanks",
        "Dear {N},\n\nYour payment plan has been approved.",
        "Please see the attached statement for {N} and advise.",
        "I am writing on behalf of my father, {N}, about his account.",
    ),
}
ADDRESSES = (
    "Moved to {A} last month, please update.",
    "Statement returned, new address is {A}",
    "Lives at {A} with her sister.",
    "MAIL CHECK TO {A}",
    "Home health visits at {A} twice weekly.",
    "please send the records to {A}, thanks",
    "Patient address: {A}",
)
NEGATIVES = (
    "Hx of Parkinson's disease, on Sinemet.", "Foley catheter placed without difficulty.",
    "Hashimoto's thyroiditis, stable on Synthroid.", "Babinski negative bilaterally.",
    "Aetna denied the claim, appeal sent to Blue Cross.", "Seen by Dr. Smith in the ER.",
    "Referred to Jane Miller, MD for evaluation.", "Kirschner wire removed.",
    "SEEN BY DR GARCIA IN CLINIC", "Glasgow coma scale 15.", "McBurney point tenderness.",
    "Started on Lipitor and Plavix.", "Claim sent to Molina Healthcare.",
    "Kaiser Permanente member services closed.", "Will follow up in May or June.",
    "Charcot foot, wound care ordered.", "Trendelenburg gait noted.", "Bell's palsy resolving.",
    "Patient was admitted to Mercy Hospital.", "PATIENT WILL RETURN IN APRIL",
    "No murmurs, rubs or gallops.", "Marfan syndrome in family.", "Apgar scores 8 and 9.",
)  # fmt: skip
