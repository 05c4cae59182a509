"""Keys and sealing. Knows bytes only; the one door to ``cryptography``."""
