"""The HTTP side: parse, call the store, render. Nothing is decided here.

- ``application``: one request; find the resource, guard it, answer, log
- ``request``, ``reply``: what was asked, what is answered
- ``alternate``: the request that a form stands for
- ``failures``: an error -> its status and its JSON
- ``versions``, ``authentication``, ``cors``: the headers that every resource heeds
- ``statements``, ``documents``, ``lookup``, ``about``, ``health``, ``metrics``: the resources
- ``serving``: a server of its own, with its socket and signals
- ``frontend``: its process that speaks HTTP; ``connection``: HTTP, bounded
- ``link``: what both processes say to each other; ``backend``: the side of the application
"""
