"""OpenID Connect: bearer tokens of an issuer that the operator trusts, beside passwords.

- ``issuer``: what the issuer publishes, fetched, kept and rotated
- ``claims``: what a checked token says -> tenant, scopes, view, authority. Pure
- ``bearer``: a token -> who is asking
"""
