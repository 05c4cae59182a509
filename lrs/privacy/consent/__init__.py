"""What people said about purposes (GDPR art. 6(1)(a), 7, 18 and 21): consents, restrictions, objections, and the texts that they were shown.

The vault has the ledger; the warehouse has a copy of what follows from it, which reads look at. A read brings the copy up to date first, so that what was
recorded counts in the next query, whichever process recorded it and however it ended.
"""
