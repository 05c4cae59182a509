"""Backups of a store in three places, and putting them back (GDPR art. 32(1)(c)): statements, vault, and keys with all that explains them."""
