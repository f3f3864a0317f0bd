"""The service: the answers of the command line over HTTP, and a page to draw, drop or photograph digits.

Data flows one way: `app` takes a request, `guard` says who may, `intake` makes images of its body, `pool`
hands them to processes that read (`worker`), and `problems` tells what went wrong.
"""
