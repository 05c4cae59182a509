"""The HTTP side: parse, call the store, render. Nothing is decided here.

- ``application``: one request; find the resource, guard it, answer, log
- ``request``, ``reply``: what was asked, what is answered
- ``alternate``: the request that a form stands for
- ``failures``: an error -> its status and its JSON
- ``versions``, ``authentication``, ``cors``: the headers that every resource heeds
- ``statements``, ``documents``, ``lookup``, ``about``, ``health``, ``metrics``: the resources
- ``serving``: a process of its own, with sockets, TLS, signals; ``connection``: its HTTP, bounded
"""
