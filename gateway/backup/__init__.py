"""Backups of a running site, and what is made of them.

``layout`` says what lies where and what is signed; ``make`` writes, ``check`` verifies, ``restore``
puts back. Blobs never change once they are recorded, so that a backup copies only new ones.
"""
