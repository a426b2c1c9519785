"""OpenPGP, the segment cipher and the envelope around data keys."""
