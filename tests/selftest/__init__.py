"""The drills on made-up people."""
