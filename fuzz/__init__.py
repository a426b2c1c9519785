"""Fuzzing of every reader, guided by coverage."""
