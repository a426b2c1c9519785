"""The quality of detection, measured on files of our own making."""
