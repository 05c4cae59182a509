"""What a person may ask for: to see what is kept, to have it corrected, joined or erased (GDPR art. 15 to 21)."""
