"""The two stores: the vault knows who, the warehouse what happened."""
