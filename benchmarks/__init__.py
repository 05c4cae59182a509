"""Measurements of speed, each as a share of a floor measured in the same run. See README.md beside this file."""
