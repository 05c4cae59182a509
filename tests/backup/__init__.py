"""Tests of backups and of putting them back."""
