"""The spool: what was acknowledged while a store was away waits for it on this machine's disk, sealed.

    a group can't be stored -> sealed, a file -> synced -> acknowledged -> the stores answer again -> the ordinary way in -> the file goes

As long as anything waits there, what comes takes its place behind it. Nothing of it shows before it is in the warehouse, and Consistent-Through stays
before it. It is checked, minimised and has its ids before it waits; it is tokenised when it goes on, so that who was erased or is restricted
meanwhile is treated as if it came then.
"""
