"""People on their way in and out, and what policy says of them."""
