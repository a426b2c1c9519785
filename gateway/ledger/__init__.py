"""The one place where a transfer changes state, and the log that proves it did.

``vocabulary`` says what an event may hold and ``chain`` how events are hashed; ``record`` writes,
``work`` leases, ``queries`` reads. ``verify`` checks, and shares no code with the writers.
"""
