"""Tenants: who they are, what they get back, and their end (GDPR art. 28(3)(g))."""
