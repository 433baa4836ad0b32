"""ADAPTER, and a program of its own: a witness (见证方) in another office.

It keeps every checkpoint of the centre that it has seen, cosigns those that continue the ones
before, and speaks up when one does not. It needs no database and knows nothing of the centre but
the key of its log.
"""
