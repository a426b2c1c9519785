"""Words beside a name that say whose it is, or that it is nobody's."""

from __future__ import annotations

import re

from dlp.detect.words import vocabulary

TITLES = frozenset({"mr", "mrs", "ms", "miss"})
STAFF_BEFORE = frozenset({"dr", "doctor", "drs", "doc", "nurse", "prof", "professor"})
STAFF_AFTER = frozenset({"md", "do", "np", "rn", "pa", "dds", "dmd", "dpm", "lcsw", "phd", "pac",
                         "aprn", "crna", "dc", "od", "lpn", "fnp", "psyd", "facs", "cnm", "dnp",
                         "pharmd", "dpt", "lmft", "lmhc", "bcba", "rdn", "facc",
                         "facp", "faap"})  # fmt: skip
STAFF_ROLES = STAFF_BEFORE | vocabulary(
    "provider physician attending surgeon therapist pharmacist dentist hygienist practitioner pcp "
    "anesthetist radiologist specialist rep representative agent operator supervisor adjuster "
    "examiner hospitalist resident-physician counselor psychologist optometrist chiropractor "
    "podiatrist technician tech assistant coordinator biller coder auditor scribe intern fellow "
    "manager director officer processor clerk analyst administrator"
)
"""What stands before the names of those who treat, bill or work there."""
_PATIENTS_OWN = vocabulary("patient patients pt pts personal legal authorized member members")
_STAFF_DOES = vocabulary(
    "read interpreted dictated transcribed ordered performed keyed entered administered cosigned "
    "rendered"
)
_DOTTED_DEGREE = re.compile(
    r",? ?(?:M\.D|D\.O|R\.N|N\.P|P\.A|Ph\.D|D\.D\.S|D\.M\.D|D\.P\.M|Psy\.D)\b"
)


def is_staff_before(nearest: str, further: str) -> bool:
    """Whether the two normalised words before a name say that somebody treats or works there.

    ``Nurse Practitioner Torres``, ``Read by R. Castellanos``; a patient's representative doesn't.
    """
    if nearest == "by":
        return further in _STAFF_DOES
    if nearest == "representative" and further in _PATIENTS_OWN:
        return False
    return nearest in STAFF_ROLES or nearest.endswith("ologist")


def has_dotted_degree(following: str) -> bool:
    """Whether what follows a name is a degree with full stops: ``, M.D.``."""
    return _DOTTED_DEGREE.match(following) is not None


TECHNICAL = vocabulary(
    "varchar nvarchar varchar2 nchar bigint tinyint smallint datetime timestamp boolean integer "
    "uuid lambda nginx postgres postgresql mysql oracle docker kubernetes apache tomcat kafka "
    "redis linux ubuntu windows python java javascript npm api endpoint schema json xml html http "
    "https url uri "
    "fhir hapi loinc snomed rxnorm localhost server database config install deploy"
)
"""What programs are called and made of: in a configuration everything has a name."""
CLINICAL_THINGS = vocabulary(
    "syndrome disease palsy catheter catheters fracture lymphoma sarcoma tumor tumors aneurysm "
    "thyroiditis esophagus phenomenon maneuver reflex stain lesion contracture cyst ulcer bursa "
    "dystrophy disorder anemia hernia nevus neuroma tic spots nodes triad"
)
"""What discoverers' names stand before; nobody is called so."""
# What follows makes the words before it a place, a firm or a disease.
THINGS_AFTER = vocabulary(
    "street st avenue ave road rd drive lane blvd boulevard hospital clinic center centre "
    "medical health healthcare insurance syndrome disease sign test university college county "
    "school inc llc corp company score scale palsy catheter fracture lymphoma needle tube "
    "procedure foundation institute pharmacy group associates lab labs laboratory "
    "laboratories plan plans hall park church bank memorial orthopedics surgery imaging "
    "radiology services care thyroiditis esophagus phenomenon criteria classification method "
    "maneuver reflex stain blue cross shield law act airport beach city island ltd co hospice "
    "disorder lesion nerve tendon graft bag pump monitor contracture cyst ulcer bursa node "
    "nodes gland duct canal tubes lines sling brace splint boot index rule prep solution "
    "ringer catheters aneurysm tumor tumors sarcoma dystrophy ppo hmo epo hdhp manor hospitals "
    "clinics waiver pavilion"
)
