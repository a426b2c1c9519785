"""Claims (837P) of made-up people: varied like a clearing house's file, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

HEAD = (
    "ISA*00*          *00*          *ZZ*SENDERID       *ZZ*RECEIVERID     *250314*1253*^*00501*"
    "000000905*0*T*:~{nl}GS*HC*SENDER*RECEIVER*20250314*1253*1*X*005010X222A1~{nl}"
)
_SYLLABLES = [
    "ba",
    "ko",
    "ri",
    "mel",
    "tan",
    "dor",
    "vis",
    "el",
    "ar",
    "shu",
    "quin",
    "lo",
    "per",
    "nat",
    "fo",
    "gri",
    "mar",
    "len",
    "to",
    "wes",
    "bur",
    "cas",
    "dun",
    "fen",
    "gal",
    "hol",
    "jes",
    "kin",
    "lam",
    "mor",
    "nel",
    "os",
    "pra",
    "rud",
    "sel",
    "tor",
    "ull",
    "van",
    "wim",
    "yar",
    "zan",
    "bri",
    "chu",
    "dra",
    "fle",
    "gwen",
    "hax",
    "ilo",
]
_WORDS = (
    (
        "patient called about bill asked for copy of record office will follow up with plan prior "
        "authorization on file see attached report left right knee shoulder pain therapy visit "
        "weekly resubmitted claim corrected modifier added per payer request duplicate denied"
    )
    .upper()
    .split()
)


class Claims:
    """Writes segments; the same seed writes the same."""

    def __init__(self, seed: int, notes: float = 0.02) -> None:
        self._dice = random.Random(seed)
        self._notes = notes
        self._levels = 0
        # A site bills a few thousand different codes.
        self._diagnoses = [self._icd() for _ in range(3_000)]
        plans = [f"{self._word()} HEALTH PLAN" for _ in range(60)]
        self._payers = [f"{plan}*****PI*{self._digits(5)}" for plan in plans]
        self._physicians = [
            f"{self._word()}*{self._word()}****XX*1{self._digits(9)}" for _ in range(400)
        ]
        self._procedures = [self._digits(5) for _ in range(1_000)]
        self._procedures += [f"G{self._digits(4)}" for _ in range(200)] + ["H0015", "90834"]

    def _word(self) -> str:
        return "".join(self._dice.choices(_SYLLABLES, k=self._dice.randint(2, 4))).upper()

    def _surname(self) -> str:
        """One in sixteen is of several words, as people's are."""
        word, dice = self._word(), self._dice
        if dice.random() < 15 / 16:
            return word
        other = self._word()
        return dice.choice(
            [f"{word}-{other}", f"O'{word}", f"DE LA {word}", f"{word} {other}", f"MC {word}"]
        )

    def _digits(self, count: int) -> str:
        return str(self._dice.randrange(10 ** (count - 1), 10**count))

    def _day(self, first: int = 2023, last: int = 2025) -> str:
        dice = self._dice
        return f"{dice.randint(first, last)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}"

    def _place(self) -> Iterator[str]:
        dice = self._dice
        kind = dice.choice(["ST", "AVE", "RD", "LN", "BLVD"])
        unit = f"*APT {dice.randint(1, 99)}" if dice.random() < 0.1 else ""
        yield f"N3*{dice.randint(1, 9999)} {self._word()} {kind}{unit}"
        yield f"N4*{self._word()}*{dice.choice(['TX', 'CA', 'NY', 'OH'])}*{self._digits(5)}"

    def provider(self) -> Iterator[str]:
        """A billing provider's loop."""
        self._levels += 1
        yield f"HL*{self._levels}**20*1"
        yield f"PRV*BI*PXC*{self._digits(9)}X"
        yield f"NM1*85*2*{self._word()} MEDICAL GROUP*****XX*1{self._digits(9)}"
        yield from self._place()
        yield f"REF*EI*{self._digits(9)}"

    def _icd(self) -> str:
        return f"{self._dice.choice('ABCEFGIJKMNRSTZ')}{self._digits(3)}{self._dice.choice('019')}"

    def patient(self) -> Iterator[str]:
        """A subscriber's loop with one claim or two."""
        dice = self._dice
        self._levels += 1
        yield f"HL*{self._levels}*1*22*0"
        group = dice.choice(["", "GRP" + self._digits(5)])
        yield f"SBR*P*18*{group}******{dice.choice(['CI', 'MB', '12'])}"
        middle = dice.choice(["", dice.choice("ABCDEFGHIJKLMNOPRSTW")])
        yield f"NM1*IL*1*{self._surname()}*{self._word()}*{middle}***MI*W{self._digits(9)}"
        yield from self._place()
        yield f"DMG*D8*{self._day(1930, 2010)}*{dice.choice('MFU')}"
        yield f"NM1*PR*2*{dice.choice(self._payers)}"
        for _ in range(dice.choice([1, 1, 1, 2])):
            yield from self._claim()

    def _claim(self) -> Iterator[str]:
        dice = self._dice
        charge = f"{dice.randint(20, 9000)}.{dice.randint(10, 99)}"
        yield f"CLM*{self._word()[:4]}{self._digits(8)}*{charge}***11:B:1*Y*A*Y*Y"
        if dice.random() < 0.3:
            yield f"REF*G1*{self._digits(10)}"
        if dice.random() < 0.2:
            yield f"REF*EA*M{self._digits(7)}"
        others = "".join(f"*ABF:{dice.choice(self._diagnoses)}" for _ in range(dice.randint(0, 4)))
        yield f"HI*ABK:{dice.choice(self._diagnoses)}{others}"
        if dice.random() < 0.5:
            yield f"NM1*82*1*{dice.choice(self._physicians)}"
            yield f"PRV*PE*PXC*{self._digits(9)}X"
        if dice.random() < 0.1:
            yield from self._other_payer()
        for line in range(1, dice.randint(2, 5)):
            yield f"LX*{line}"
            modifier = dice.choice(["", ":25", ":59:LT"])
            code, units = dice.choice(self._procedures), dice.randint(1, 9)
            yield f"SV1*HC:{code}{modifier}*{dice.randint(20, 900)}*UN*{units}***1"
            yield f"DTP*472*D8*{self._day()}"
            yield f"REF*6R*{self._digits(7)}"
            if dice.random() < self._notes:
                yield f"NTE*ADD*{self._note()}"

    def _note(self) -> str:
        """Office prose; one in ten names somebody."""
        words = self._dice.choices(_WORDS, k=self._dice.randint(4, 9))
        named = [self._word()] if self._dice.random() < 0.1 else []
        return " ".join([*words, *named])

    def _other_payer(self) -> Iterator[str]:
        yield "SBR*S*01*******CI"
        yield f"AMT*D*{self._digits(3)}.50"
        yield "OI***Y***Y"
        yield f"NM1*IL*1*{self._surname()}*{self._word()}****MI*W{self._digits(9)}"
        yield from self._place()
        yield f"NM1*PR*2*{self._dice.choice(self._payers)}"
        yield f"DTP*573*D8*{self._day()}"
        yield f"REF*F8*{self._digits(12)}"


def claim_file(patients: int, seed: int, *, notes: float = 0.02, newline: str = "\n") -> bytes:
    """One interchange, one set."""
    return b"".join(claim_blocks(patients, seed, notes=notes, newline=newline))


def claim_blocks(
    patients: int, seed: int, *, notes: float = 0.02, newline: str = "\n", size: int = 0
) -> Iterator[bytes]:
    """The same in pieces: until there are so many patients and, if given, so many bytes."""
    claims = Claims(seed, notes)
    count, total, ending = 2, 0, "~" + newline
    opening = ["ST*837*0001*005010X222A1", "BHT*0019*00*0123*20250314*1253*CH"]
    opening += ["NM1*41*2*SENDER LLC*****46*12345", "PER*IC*ANN LARK*TE*2125550100"]
    opening += ["NM1*40*2*RECEIVER*****46*54321", *claims.provider()]
    count = len(opening)
    yield (HEAD.replace("{nl}", newline) + "".join(one + ending for one in opening)).encode()
    made = 0
    while made < patients or total < size:
        segments: list[str] = []
        for _ in range(min(500, patients - made) if not size else 500):
            segments += claims.patient()
        made += 500 if size else min(500, patients - made)
        count += len(segments)
        data = "".join(one + ending for one in segments).encode()
        total += len(data)
        yield data
    yield f"SE*{count + 1}*0001~{newline}GE*1*1~{newline}IEA*1*000000905~{newline}".encode()
