"""Every segment of the 4010 and 5010 health care guides, and the type of each of its elements.

The union of the versions: an element is listed if any guide uses it. The notation is that of
:mod:`dlp.parse.x12.types`. Composites that come again and again have names.
"""

from __future__ import annotations

from typing import Final

from dlp.parse.x12.types import Spec, parse_specs

_COMPOSITES: Final = {
    "<procedure>": "(I2,P,X2,X2,X2,X2,A80,P)",  # C003
    "<unit>": "(I2,R15,R10,I2,R15,R10,I2,R15,R10,I2,R15,R10,I2,R15,R10)",  # C001
    "<pointer>": "(N2,N2,N2,N2)",  # C004
    "<facility>": "(X2,I2,I1)",  # C023
    "<cause>": "(I3,I3,I3,I2,I3)",  # C024
    "<reference>": "(I3,A50,I3,A50,I3,A50)",  # C040
    "<status>": "(X30,X30,I3,I3)",  # C043
    "<code>": "(I3,P,I3,P,R18,R15,X30,P,I1)",  # C022
    "<position>": "(N6,N2,N2)",  # C030
    "<surface>": "(I2,I2,I2,I2,I2)",  # C005
    "<cavity>": "(I3,I3,I3,I3,I3)",  # C006
    "<adjustment>": "I5 R18 R15",  # one reason of CAS
}

_TEXT: Final = """
ISA  I2 P I2 P I2 P I2 P D6 T P N5 N9 I1 I1 P
GS   I2 P P D T N9 I2 X12
GE   N6 N9
IEA  N5 N9
TA1  N9 D6 T I1 I3
ST   I3 X9 X35
SE   N10 X9
BHT  I4 I2 P D T I2
BGN  I2 P D T I2 X50 I2 I2 I2
BPR  I2 R18 I1 I3 I10 I2 X12 I3 P X10 X9 I2 X12 I3 P D I3 I2 X12 I3 P
TRN  I2 P X10 X50
CUR  I3 I3 R10 I3 I3 I3 D T I3 D T I3 D T
NM1  I3 I1 P P P A10 P I2 P I2 I3 P
N1   I3 P I2 P I2 I3
N2   P P
N3   P P
N4   P P P I3 I2 P I3
PER  I2 P I2 P I2 P I2 P A20
DMG  I3 P I1 I1 (I1,I3,X30)+ I2 I3 I2 R15 I3 X30
REF  I3 P A80 <reference>
DTP  I3 I3 P
DTM  I3 P T I2 I3 P
HL   X12 X12 I2 I1
PRV  I3 I3 X50 I2 (I3,A80,I3) I3
SBR  I1 I2 P P I3 I1 I1 I2 I2
PAT  I2 I1 I2 I1 I3 P I2 R10 I1
CLM  P R18 I2 I2 <facility> I1 I1 I1 I1 I1 <cause> I3 I1 I3 I1 I1 I2 I1 I2 I2
CL1  I1 I1 I2 I1
DN1  R15 R15 I1 A80
DN2  X50 I2 R15 I3 G I3
PWK  I2 I2 N2 I3 I2 A80 A80 (I2,I2,I2,I2,I2) I2
CN1  I2 R18 R6 A50 R6 A30
AMT  I3 R18 I1
QTY  I2 R15 <unit> A30
K3   A80 I2 <unit>
NTE  I3 A80
CR1  I2 R10 I1 I1 I2 R15 A55 A55 A80 A80
CR2  N9 N9 I2 I2 I2 R15 R15 I1 I1 A80 A80 I1
CR3  I1 I2 R15 I1 A80
CR4  I1 I2 R15 R15 A30 R15 I2 R15 I2 R15 I2 R15 I2 R15 I2 R15 I1 I1 A80 I1 I1 I1 I1 I1 I1 I1 I1
CR5  I1 R15 I1 I1 A80 R15 R15 R15 A80 R15 R15 I1 I1 I1 I1 R15 I1 I1
CR6  I1 D I3 G D I1 I1 I1 D X15 D D D I1 G G I1 D D D D
CR7  I2 N9 N9
CR8  I1 I1 D D A25 A25 A30 I1 I1
CRC  I2 I1 I3 I3 I3 I3 I3
HCP  I2 R18 R18 A50 R9 A50 R18 A48 I2 A48 I2 R15 I2 I2 I2
HI   <code> <code> <code> <code> <code> <code> <code> <code> <code> <code> <code> <code>
HSD  I2 R15 I2 R6 I2 N3 I2 I1
HCR  I2 P I3 I1
UM   I2 I1 I2 <facility> <cause> I3 I1 I1 I2 I1
LX   N6
SV1  <procedure> R18 I2 R15 X2 I2 <pointer> R18 I1 I1 I1 I1 I1 X2 I1 I1 I2 X30 R18 I1 R18
SV2  P <procedure> R18 I2 R15 R10 R18 I1 I1 I1
SV3  <procedure> R18 X2 <cavity> I1 R15 A80 I1 I1 X2 <pointer>
SV4  P <procedure> X80 I1 I1 X50 X80 I1 I1 I1 I1 R15 I1 I1 R15 I1 R15 X2
SV5  <procedure> I2 R15 R18 R18 I1 I1
SV6  <procedure> X2 R18 I2 R15 X2 I2
SV7  P X80 I1 I1 I1 R15
SVD  X80 R18 <procedure> P R15 N6
SVC  <procedure> R18 R18 P R15 <procedure> R15
CAS  I2 <adjustment> <adjustment> <adjustment> <adjustment> <adjustment> <adjustment>
LQ   I3 A30
FRM  X20 I1 A50 D R6
MEA  I2 I3 R20 <unit> R20 R20 I2 I2 I2 I4 I2
PS1  X50 R18 I2
LIN  X20 I2 P I2 P I2 P I2 P
CTP  I2 I3 R17 R15 <unit> I3 R10 R18
TOO  I3 X30 <surface>
OI   I3 I2 I1 I1 I1 I1
MIA  R15 R15 R15 R18 X50 R18 R18 R18 R18 R18 R18 R18 R18 R18 R15 R18 R18 R18 R18 X50 X50 X50 X50 R18
MOA  R10 R18 X50 X50 X50 X50 X50 R18 R18
DSB  I1 R15 I2 I1 I2 R18 I2 P
CLP  P I2 R18 R18 R18 I2 P X2 I1 I2 P R15 R10 I1
PLB  X50 D (I2,P) R18 (I2,P) R18 (I2,P) R18 (I2,P) R18 (I2,P) R18 (I2,P) R18
RDM  I2 A60 A256 <reference> <reference>
TS2  R18 R18 R18 R18 R18 R15 R18 R18 R15 R15 R15 R15 R15 R18 R18 R18 R18 R18 R18
TS3  X50 X2 D R15 R18 R18 R18 R18 R18 R18 R18 R18 R18 R18 R18 R18 R18 R18 R18 R18 R15 R15 R18 R18
INS  I1 I2 I3 I3 I1 (I1,I1) I2 I2 I1 I1 I3 P I1 A30 I2 I3 N9
HD   I3 I3 I3 A50 I3 N9 N9 I1 I1 I2 I1
HLH  I1 R8 R10 R10 A80 I1 A80
EC   I3 I3 I3 R10 I2 I2 A30
ICM  I1 R18 R15 A30 X30 I2
LUI  I2 A80 A80 I2 R6
IDC  A80 I1 R15 I1
COB  I1 P I1 I2+
PLA  I2 I3 D T I3
ACT  P A60 I1 X80 X30 A80 X30 A80
LS   X6
LE   X6
ENT  N6 I3 I2 P I3 I2 P I3 X50
RMR  I3 P I2 R18 R18 R18 I3 R18
ADX  R18 I2 I3 P
IT1  X20 R15 I2 R17 I2 I3 P I3 P I3 P
SLN  X20 X20 I1 R15 <unit> R17 I2 I1 I3 P I3 P I3 P
EQ   P+ <procedure> I3 I3 <pointer>
EB   I3 I3 P+ I3 A50 I2 R18 R10 I2 R15 I1 I1 <procedure> <pointer>
III  I3 P I2 A264 R15 <unit> I2 I2 I2
MSG  A264 I2 N9
AAA  I1 I2 I2 I1
MPI  I1 I2 I1 A80 I2 I3 G
STC  <status> D I2 R18 R18 D I3 D X16 <status> <status> A264
SVA  I3 A80
OOI  X30 X30 A80
CAT  I3 I2 X30 X30 A80
BIN  N15 A80
BDS  I3 N15 A80
EFI  X3 A264 A80 X80 A30 A30 N9 X80 A30 I3 A30
AK1  I2 N9 X12
AK2  I3 X9 X35
AK3  I3 N6 X6 I3
AK4  <position> N4 I3 P
AK5  I1 I3 I3 I3 I3 I3
AK9  I1 N6 N6 N6 I3 I3 I3 I3 I3
IK3  I3 N10 X6 I3
IK4  <position> N4 I3 P
IK5  I1 I3 I3 I3 I3 I3
CTX  (P,P)+ I3 N10 X6 (N2,N2,N4) (N4,N4)
"""


def _read(text: str) -> dict[bytes, tuple[Spec, ...]]:
    table = {}
    for line in text.strip().splitlines():
        name, _, specs = line.partition(" ")
        for short, full in _COMPOSITES.items():
            specs = specs.replace(short, full)
        table[name.encode("ascii")] = parse_specs(specs)
    return table


SEGMENTS: Final = _read(_TEXT)
"""Segment name to the specifications of its elements, from the first on."""

_HEADER: Final = "BHT NM1 N3 N4 PER REF HL PRV DMG DTP TRN"
_CLAIM: Final = (
    f"{_HEADER} CUR N2 SBR PAT CLM CL1 DN1 DN2 PWK CN1 AMT QTY K3 NTE CR1 CR2 CR3 CR4 CR5 CR6 CR7 "
    "CR8 CRC HCP HI HSD LX SV1 SV2 SV3 SV4 SV5 SV6 SV7 SVD CAS LQ FRM MEA PS1 LIN CTP TOO OI MIA "
    "MOA DSB UM"
)
_GUIDES: Final = {
    "837": _CLAIM,
    "835": "BPR TRN CUR REF DTM N1 N2 N3 N4 PER RDM LX TS3 TS2 CLP CAS NM1 MIA MOA AMT QTY "
    "SVC LQ PLB",
    "270": f"{_HEADER} N2 INS HI EQ AMT III MPI",
    "271": f"{_HEADER} N2 INS HI EB HSD AAA MSG III LS LE MPI AMT QTY",
    "276": f"{_HEADER} N2 AMT SVC LX",
    "277": f"{_HEADER} N2 AMT SVC STC QTY PWK LX HI",
    "278": f"{_HEADER} N2 AAA INS UM HCR HI HSD CRC CL1 CR1 CR2 CR4 CR5 CR6 PWK MSG SV1 SV2 SV3 "
    "TOO MEA",
    "834": "BGN REF DTP QTY N1 N2 N3 N4 PER ACT INS NM1 DMG EC ICM AMT HLH LUI DSB HD IDC LX "
    "COB PLA LS LE LQ",
    "820": "BPR TRN CUR REF DTM N1 N2 N3 N4 PER RDM ENT NM1 RMR IT1 SLN ADX DTP LX",
    "275": "BGN BHT NM1 N1 N2 N3 N4 PER REF DTP TRN STC SVC LX CAT EFI OOI DMG HL",
    "999": "AK1 AK2 IK3 IK4 IK5 AK9 CTX",
    "997": "AK1 AK2 AK3 AK4 AK5 AK9",
}  # fmt: skip
GUIDES: Final = {
    number: frozenset(name.encode("ascii") for name in names.split())
    for number, names in _GUIDES.items()
}
"""Transaction set to the segments that any of its guides (4010, 5010) has."""

ENVELOPE: Final = frozenset({b"ISA", b"GS", b"ST", b"SE", b"GE", b"IEA", b"TA1", b"BIN", b"BDS"})
"""Segments that open, close or acknowledge; their order is checked wherever they come."""
