"""Tests of tenants: apart while they are there, given back, ended."""
