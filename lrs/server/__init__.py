"""The HTTP side: parse, call the store, render. Nothing is decided here.

    application   one request: find the resource, guard it, answer, log
    request       what was asked: headers, parameters, body
    reply         what is answered
    failures      an error -> its status and its JSON
    versions      X-Experience-API-Version
    authentication  HTTP Basic -> principal
    cors          what a browser on another origin may do
    statements, about, health   the resources
    serving       a process of its own: sockets, TLS, signals
"""
