"""Everything that is kept about one person, in a file for that person (GDPR art. 15 and 20)."""
