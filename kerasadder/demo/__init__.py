"""Serves the page to draw digits on.

page: `serve` runs the page until it is interrupted.
conversion: `add_route` has the page convert what browsers do not read.
answers: `answer` is what the page shows of a picture; `listen` opens its port.
"""
