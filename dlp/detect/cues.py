"""Words beside a name that say whose it is, or that it is nobody's."""

from __future__ import annotations

from dlp.detect.words import vocabulary

TITLES = frozenset({"mr", "mrs", "ms", "miss"})
STAFF_BEFORE = frozenset({"dr", "doctor", "drs", "doc", "nurse", "prof", "professor"})
STAFF_AFTER = frozenset({"md", "do", "np", "rn", "pa", "dds", "dmd", "dpm", "lcsw", "phd", "pac",
                         "aprn", "crna", "dc", "od", "lpn", "fnp", "psyd", "facs"})  # fmt: skip
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
    "ringer catheters aneurysm tumor tumors sarcoma dystrophy ppo hmo epo hdhp"
)
