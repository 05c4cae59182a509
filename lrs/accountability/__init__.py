"""What an institution has to keep count of: requests of persons, breaches, and what is stored where."""
