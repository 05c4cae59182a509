"""The end of what is kept: in use, in the intermediate archive, over (GDPR art. 5(1)(e)). Reads hide what is past its limit; here it leaves the disk."""
