"""The composition root: the only place that names concrete classes and puts them together.

A module for each kind of process, so that none loads what another needs: a worker knows nothing of
SSH or HTTP, and each starts the sooner for it.
"""
