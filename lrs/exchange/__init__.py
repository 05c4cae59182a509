"""Statements that leave for other places and come from them: exports, pulling from and forwarding to other record stores."""
